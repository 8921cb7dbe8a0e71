//! An id for each request: in the answer's header, in problems and in every line of the log.

use std::time::{Duration, Instant};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{cached, metrics};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Characters an id of the client may have.
const MAX_LENGTH: usize = 128;

tokio::task_local! {
    static CURRENT: HeaderValue;
}

/// The id of the request this task answers.
pub(crate) fn current() -> Option<String> {
    CURRENT.try_with(|id| id.to_str().map(ToOwned::to_owned).ok()).ok().flatten()
}

/// Gives a request its id, the client's own when that is printable, logs how it was answered and counts it.
///
/// Fresh answers of the cache are logged at debug level, others at info, failures of this server as warnings.
///
/// # Errors
///
/// The handler's.
pub async fn assign<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let id = request.headers().get(&HEADER).filter(|id| is_usable(id)).cloned().unwrap_or_else(new_id);
    let span = tracing::info_span!(
        "request",
        request_id = id.to_str().unwrap_or_default(),
        method = request.method().as_str(),
        path = request.path(),
    );
    let answer = CURRENT.scope(id.clone(), next.call(request));
    // The span is entered once for the answer and its line: entering costs as much as the rest of this.
    let answered = async {
        let answered = answer.await;
        told(&answered, started.elapsed());
        answered
    };
    let mut response = answered.instrument(span).await?;
    response.headers_mut().insert(HEADER, id);
    Ok(response)
}

fn told<B>(answered: &Result<ServiceResponse<B>, Error>, duration: Duration) {
    let duration_ms = duration.as_micros() as f64 / 1e3;
    match answered {
        Ok(response) => {
            metrics::count(response.request(), response.status(), duration);
            let status = response.status().as_u16();
            if status >= 500 {
                tracing::warn!(status, duration_ms, "answered");
            } else if cached::is_hit(response.headers()) {
                // Most requests there are, and a line adds a third or more to what such an answer costs.
                tracing::debug!(status, duration_ms, "answered");
            } else {
                tracing::info!(status, duration_ms, "answered");
            }
        }
        Err(error) => tracing::warn!(%error, duration_ms, "not answered"),
    }
}

fn is_usable(id: &HeaderValue) -> bool {
    (1..=MAX_LENGTH).contains(&id.len())
        && id.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
}

fn new_id() -> HeaderValue {
    HeaderValue::from_str(Uuid::now_v7().simple().encode_lower(&mut Uuid::encode_buffer()))
        .unwrap_or_else(|_| HeaderValue::from_static("none"))
}
