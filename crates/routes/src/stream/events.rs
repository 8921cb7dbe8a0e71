//! Quotes as server-sent events.

use std::{convert::Infallible, fmt::Write as _};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
};
use bytes::Bytes;
use futures_util::stream;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};

use super::board::{Subscription, Value};
use crate::state::AppState;

/// Events are written together up to about this length, bytes.
const CHUNK: usize = 16 * 1024;
/// A comment, which clients pass over.
const HEARTBEAT: &str = ": heartbeat\n\n";

struct Feed {
    subscription: Subscription,
    heartbeat: Interval,
    _permit: OwnedSemaphorePermit,
}

pub(super) fn respond(
    request: &HttpRequest,
    state: &AppState,
    subscription: Subscription,
    permit: OwnedSemaphorePermit,
) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    super::not_to_be_kept(&mut response);
    response.insert_header((header::CONTENT_TYPE, "text/event-stream"));
    if request.method() == Method::HEAD {
        return response.finish();
    }
    let every = state.streams.options.heartbeat;
    let mut heartbeat = interval_at(Instant::now() + every, every);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let feed = Feed { subscription, heartbeat, _permit: permit };
    // Its end is the end of the connection; a client begins anew.
    response.force_close();
    // Asked for a chunk only when the connection has room for one: a slow client makes no queue.
    response.streaming(stream::unfold(feed, |mut feed| async move {
        let chunk = feed.next().await?;
        Some((Ok::<_, Infallible>(chunk), feed))
    }))
}

impl Feed {
    async fn next(&mut self) -> Option<Bytes> {
        let first = tokio::select! {
            value = self.subscription.changed() => value?,
            _ = self.heartbeat.tick() => return Some(Bytes::from_static(HEARTBEAT.as_bytes())),
        };
        let mut chunk = String::new();
        write(&mut chunk, &first);
        while chunk.len() < CHUNK
            && let Some(value) = self.subscription.ready()
        {
            write(&mut chunk, &value);
        }
        Some(chunk.into())
    }
}

fn write(chunk: &mut String, value: &Value) {
    // JSON as we write it has no line breaks, so it fits into one line of data. A String takes whatever is written.
    let _ = write!(chunk, "id: {}\nevent: quote\ndata: {}\n\n", value.id, value.json);
}
