//! The answer to one request, made of what is kept.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{request::Asked, stored::Whole};
use crate::{Answer as From, LoadError, Outcome};

const X_CACHE: &str = "x-cache";

/// What a `304` repeats of the response it stands for (RFC 9110, section 15.4.5).
const REPEATED: [header::HeaderName; 6] = [
    header::CACHE_CONTROL,
    header::CONTENT_LOCATION,
    header::DATE,
    header::ETAG,
    header::EXPIRES,
    header::VARY,
];

/// An answer, of no framework yet. Its body is there for a `HEAD` too; who sends it leaves it out.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// The kept response, or that the client has it already.
    pub(super) fn of(whole: &Whole, outcome: &Outcome, asked: &Asked) -> Self {
        let is_known = whole.status == StatusCode::OK && is_known(asked, &whole.headers);
        let mut headers = HeaderMap::with_capacity(whole.headers.len() + 4);
        if is_known {
            for name in REPEATED {
                for value in whole.headers.get_all(&name) {
                    headers.append(&name, value.clone());
                }
            }
        } else {
            headers.clone_from(&whole.headers);
        }
        if !headers.contains_key(header::CACHE_CONTROL) && !headers.contains_key(header::EXPIRES) {
            let lifetime = outcome.lifetime().as_secs();
            if let Ok(value) = HeaderValue::from_str(&format!("max-age={lifetime}")) {
                headers.insert(header::CACHE_CONTROL, value);
            }
        }
        let is_kept = matches!(outcome.answer, From::Fresh { .. } | From::Stale { .. });
        if is_kept || !outcome.age.is_zero() {
            headers.insert(header::AGE, outcome.age.as_secs().into());
        }
        headers.insert(X_CACHE, HeaderValue::from_static(outcome.label()));
        if is_known {
            return Self { status: StatusCode::NOT_MODIFIED, headers, body: Bytes::new() };
        }
        Self::whole(whole, headers)
    }

    /// A response that is not kept, and shared by those who waited for it.
    pub(super) fn shared(whole: &Whole) -> Self {
        let mut headers = whole.headers.clone();
        headers.insert(X_CACHE, HeaderValue::from_static("miss"));
        Self::whole(whole, headers)
    }

    fn whole(whole: &Whole, mut headers: HeaderMap) -> Self {
        headers.insert(header::CONTENT_LENGTH, whole.body.len().into());
        Self { status: whole.status, headers, body: whole.body.clone() }
    }

    /// Why there is no response, when no handler of this request can tell.
    pub(super) fn without<E>(error: &LoadError<E>) -> Self {
        let status = match error {
            LoadError::Timeout(_) => StatusCode::GATEWAY_TIMEOUT,
            LoadError::Overloaded | LoadError::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CACHE, HeaderValue::from_static("miss"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        Self { status, headers, body: Bytes::new() }
    }
}

/// Compares weakly, as `If-None-Match` asks for (RFC 9110, section 13.1.2).
fn is_known(asked: &Asked, headers: &HeaderMap) -> bool {
    let Some(etag) = headers.get(header::ETAG).map(HeaderValue::as_bytes) else { return false };
    let opaque = |tag: &[u8]| tag.strip_prefix(b"W/").unwrap_or(tag).to_vec();
    let etag = opaque(etag);
    asked.if_none_match.iter().any(|value| {
        let mut quoted = false;
        let tags = value.split(move |byte| {
            quoted ^= *byte == b'"';
            *byte == b',' && !quoted
        });
        tags.map(<[u8]>::trim_ascii).any(|tag| tag == b"*" || opaque(tag) == etag)
    })
}
