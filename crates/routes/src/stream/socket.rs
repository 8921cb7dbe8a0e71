//! Quotes over a WebSocket.

use std::{collections::HashSet, sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use actix_ws::{
    AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, Closed, ProtocolError, Session,
};
use serde::Deserialize;
use stockpile_market::{CodeQuery, TsCode};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};

use super::{MAX_CODES, board::Subscription};
use crate::{problem::Problem, request_id, state::AppState};

/// Longest message a client may send, bytes: 200 codes take a sixth of it.
const MAX_MESSAGE: usize = 16 * 1024;
/// Heartbeats that may pass without a sign of the client, or with a message it does not take.
const PATIENCE: u32 = 3;

/// What a client sends.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wish {
    Subscribe(Vec<String>),
    Unsubscribe(Vec<String>),
}

pub(super) fn is_asked_for(request: &HttpRequest) -> bool {
    let upgrade = request.headers().get(header::UPGRADE);
    upgrade.is_some_and(|protocol| protocol.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Refuses pages of other origins. Browsers leave that to the server, other than with events.
pub(super) fn check_origin(request: &HttpRequest, allowed: &[String]) -> Result<(), Problem> {
    let Some(origin) = request.headers().get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let is_own = authority.zip(host).is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host));
    if is_own || allowed.iter().any(|allowed| allowed == origin) {
        return Ok(());
    }
    Err(Problem::Forbidden(
        "pages of this origin may not open a stream; CORS_ORIGINS names those that may".into(),
    ))
}

pub(super) fn respond(
    request: &HttpRequest,
    payload: web::Payload,
    state: Arc<AppState>,
    subscription: Subscription,
    permit: OwnedSemaphorePermit,
) -> Result<HttpResponse, Problem> {
    let (response, session, messages) = actix_ws::handle(request, payload)
        .map_err(|error| Problem::parameter("upgrade", error.to_string().to_lowercase()))?;
    let messages =
        messages.max_frame_size(MAX_MESSAGE).aggregate_continuations().max_continuation_size(MAX_MESSAGE);
    let patience = state.streams.options.heartbeat * PATIENCE;
    let client = Client { state, subscription, session, patience, request_id: request_id::current() };
    actix_web::rt::spawn(async move {
        let reason = client.serve(messages).await;
        tracing::debug!(?reason, "a WebSocket ended");
        drop(permit);
    });
    Ok(response)
}

struct Client {
    state: Arc<AppState>,
    subscription: Subscription,
    session: Session,
    patience: Duration,
    request_id: Option<String>,
}

/// Why a connection ends.
#[derive(Debug)]
enum End {
    /// The client has gone, or no longer reads.
    Gone,
    /// We close it.
    Close(CloseCode),
}

impl From<Closed> for End {
    fn from(_: Closed) -> Self {
        Self::Gone
    }
}

impl Client {
    /// Serves until either side ends it.
    async fn serve(mut self, mut messages: AggregatedMessageStream) -> End {
        let board = self.subscription.board().clone();
        let end = tokio::select! {
            end = self.talk(&mut messages) => end,
            // Also while a message waits for a client that does not read.
            () = board.ended() => End::Close(CloseCode::Away),
        };
        if let End::Close(code) = &end {
            let reason = CloseReason { code: *code, description: None };
            // There is nothing more to be done for a client that does not read.
            let _ = timeout(self.patience, self.session.close(Some(reason))).await;
        }
        end
    }

    async fn talk(&mut self, messages: &mut AggregatedMessageStream) -> End {
        let every = self.state.streams.options.heartbeat;
        let mut heartbeat = interval_at(Instant::now() + every, every);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            let done = tokio::select! {
                message = messages.recv() => {
                    heard = Instant::now();
                    self.hear(message).await
                }
                value = self.subscription.changed() => match value {
                    Some(value) => self.send(format!("{{\"quote\":{}}}", value.json)).await,
                    None => Err(End::Close(CloseCode::Away)),
                },
                _ = heartbeat.tick() => {
                    if heard.elapsed() >= self.patience {
                        Err(End::Gone)
                    } else {
                        self.session.ping(b"").await.map_err(End::from)
                    }
                }
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn hear(&mut self, message: Option<Result<AggregatedMessage, ProtocolError>>) -> Result<(), End> {
        let text = match message {
            None | Some(Err(ProtocolError::Io(_))) => return Err(End::Gone),
            Some(Err(ProtocolError::Overflow)) => return Err(End::Close(CloseCode::Size)),
            Some(Err(_)) => return Err(End::Close(CloseCode::Protocol)),
            Some(Ok(AggregatedMessage::Close(_))) => return Err(End::Close(CloseCode::Normal)),
            Some(Ok(AggregatedMessage::Binary(_))) => return Err(End::Close(CloseCode::Unsupported)),
            Some(Ok(AggregatedMessage::Ping(bytes))) => return Ok(self.session.pong(&bytes).await?),
            Some(Ok(AggregatedMessage::Pong(_))) => return Ok(()),
            Some(Ok(AggregatedMessage::Text(text))) => text,
        };
        let Err(problem) = self.grant(&text).await else { return Ok(()) };
        let problem = crate::json(&problem.written(self.request_id.clone())).unwrap_or_default();
        self.send(format!("{{\"error\":{}}}", String::from_utf8_lossy(&problem))).await
    }

    async fn grant(&mut self, text: &str) -> Result<(), Problem> {
        let wish = serde_json::from_str(text).map_err(|_| {
            Problem::parameter("message", "write {\"subscribe\": [codes]} or {\"unsubscribe\": [codes]}")
        })?;
        match wish {
            Wish::Subscribe(codes) => {
                let queries = read("subscribe", &codes)?;
                super::subscribe(&self.state, &mut self.subscription, &queries).await
            }
            Wish::Unsubscribe(codes) => {
                let queries = read("unsubscribe", &codes)?;
                let meant: HashSet<TsCode> = queries.iter().flat_map(|query| query.candidates()).collect();
                self.subscription.remove(|code| meant.contains(&code));
                Ok(())
            }
        }
    }

    async fn send(&mut self, text: String) -> Result<(), End> {
        // Waits for room. What changes meanwhile is sent as it is then.
        match timeout(self.patience, self.session.text(text)).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(End::Gone),
        }
    }
}

fn read(wish: &str, codes: &[String]) -> Result<Vec<CodeQuery>, Problem> {
    let read: Option<Vec<CodeQuery>> = codes.iter().map(|code| code.parse().ok()).collect();
    read.filter(|codes| (1..=MAX_CODES).contains(&codes.len())).ok_or_else(|| {
        let message = format!("not a list of 1 to {MAX_CODES} codes such as 600519.SH, SH600519 or 600519");
        Problem::parameter(wish, message)
    })
}
