//! `/api/stream/quotes`: the latest prices as they change, as server-sent events or over a WebSocket.
//!
//! One sampler for the whole process looks at every price that somebody watches and puts those that changed on a board;
//! each connection takes from the board what is new to it. So a client costs the store nothing, and one that reads
//! slowly skips prices rather than piling them up.

mod board;
mod events;
mod sampler;
mod socket;

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use stockpile_market::CodeQuery;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::board::{Board, Subscription};
use crate::{
    openapi::{query, route::Route},
    parameters::Parameters,
    problem::Problem,
    state::AppState,
    stock::lookup,
};

/// Securities that one connection may watch.
const MAX_CODES: usize = 200;
/// The form of `codes` as the document tells it.
const CODES: &str = "^([0-9]{6}(\\.(SH|SZ|BJ|sh|sz|bj))?|(SH|SZ|BJ|sh|sz|bj)[0-9]{6})(,([0-9]{6}(\\.(SH|SZ|BJ|sh|sz|bj))?|(SH|SZ|BJ|sh|sz|bj)[0-9]{6})){0,199}$";

/// How quotes are streamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamOptions {
    /// Connections at a time; one more is refused.
    pub max_connections: usize,
    /// How often prices are looked at.
    pub sample_every: Duration,
    /// How often a connection shows that it lives. A WebSocket client that is silent for three of them is let go.
    pub heartbeat: Duration,
    /// Origins beside the server's own whose pages may open a WebSocket, such as `https://example.org`.
    pub allowed_origins: Vec<String>,
}

impl Default for StreamOptions {
    /// 500 connections, a look every second, a heartbeat every 15 s, no other origins.
    fn default() -> Self {
        Self {
            max_connections: 500,
            sample_every: Duration::from_secs(1),
            heartbeat: Duration::from_secs(15),
            allowed_origins: Vec::new(),
        }
    }
}

/// The streams of a process.
#[derive(Debug)]
pub(crate) struct Streams {
    board: Arc<Board>,
    free: Arc<Semaphore>,
    options: StreamOptions,
}

impl Streams {
    pub(crate) fn new(options: StreamOptions) -> Self {
        let free = options.max_connections.min(Semaphore::MAX_PERMITS);
        Self { board: Arc::new(Board::new()), free: Arc::new(Semaphore::new(free)), options }
    }

    /// Connections that are open.
    pub(crate) fn open(&self) -> usize {
        self.options.max_connections.saturating_sub(self.free.available_permits())
    }

    fn admit(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.free.clone().try_acquire_owned().map_err(|_| {
            Problem::RateLimited(format!("all {} streams are in use", self.options.max_connections))
        })
    }
}

impl AppState {
    /// Looks at the prices that streams watch, until [`AppState::end_streams`]. One task a process runs this.
    pub async fn sample_quotes(self) {
        sampler::run(self).await;
    }

    /// Ends every stream, and each that begins later.
    pub fn end_streams(&self) {
        self.streams.board.end();
    }
}

pub(crate) fn route() -> Route {
    Route::get("/api/stream/quotes", "stock", "Quotes as they change", quotes)
        .about(
            "Server-sent events: first the present quote of each code, then each that changes, looked at once a second. `data` is \
             what `/api/stock/{code}/quote` answers. Between events a comment shows every 15 s that the connection lives. After a \
             break, with or without `Last-Event-ID`, the present quotes come again. A client that reads slowly gets the \
             latest quote of each code.\n\n\
             The same path upgrades to a WebSocket (101), where `codes` may be left out. It takes `{\"subscribe\": [codes]}` and \
             `{\"unsubscribe\": [codes]}`, each whole or not at all, and sends `{\"quote\": {…}}` and `{\"error\": {problem}}`, with \
             a ping every 15 s; a client that is silent for 45 s is let go. 200 codes and 16 KiB a message at most. Pages \
             of other origins are refused unless the server was told of them.",
        )
        .text_as("200", "text/event-stream", "Events.", include_str!("../openapi/examples/stream-quotes.txt"))
        .refuses("400", "A parameter that cannot be right, or an upgrade that cannot.")
        .refuses("403", "A WebSocket for a page of another origin.")
        .refuses("404", "One of the codes is nobody's, or two stocks have its digits.")
        .refuses("429", "Too many streams are open.")
        .header("429", "Retry-After", "Seconds.")
        .refuses("503", "The store cannot be asked.")
        .header("503", "Retry-After", "Seconds.")
        .parameter(query::required(query::codes("codes", "Up to 200 codes with commas between them.", CODES)))
}

async fn quotes(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let upgrade = socket::is_asked_for(&request);
    let mut parameters = Parameters::new(request.query_string(), &["codes"]);
    if !upgrade {
        parameters.require("codes");
    }
    let queries = parameters.list("codes", MAX_CODES, "codes such as 600519.SH, SH600519 or 600519");
    let queries: Vec<CodeQuery> = queries.unwrap_or_default();
    parameters.finish()?;
    if upgrade {
        socket::check_origin(&request, &state.streams.options.allowed_origins)?;
    }
    let permit = state.streams.admit()?;
    let mut subscription = state.streams.board.subscription();
    subscribe(&state, &mut subscription, &queries).await?;
    if upgrade {
        socket::respond(&request, payload, state.into_inner(), subscription, permit)
    } else {
        Ok(events::respond(&request, &state, subscription, permit))
    }
}

/// Watches more securities: all that are named, or none when one of them is nobody's or they are too many.
async fn subscribe(
    state: &AppState,
    subscription: &mut Subscription,
    queries: &[CodeQuery],
) -> Result<(), Problem> {
    if queries.is_empty() {
        return Ok(());
    }
    let reference = state.reference().await?;
    let mut codes: Vec<_> =
        lookup::find_all(state, &reference, queries).await?.into_iter().map(|found| found.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes.retain(|code| !subscription.watches(*code));
    if subscription.len() + codes.len() > MAX_CODES {
        let message = format!("more than {MAX_CODES} codes on one connection");
        return Err(Problem::parameter("subscribe", message));
    }
    subscription.add(&codes);
    Ok(())
}

/// Headers that keep what stands in between from holding events back.
fn not_to_be_kept(response: &mut actix_web::HttpResponseBuilder) {
    response.insert_header((header::CACHE_CONTROL, "no-store")).insert_header(("x-accel-buffering", "no"));
}
