//! Whether a response may be kept, and how long.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use xxhash_rust::xxh3::Xxh3;

use super::{
    StoredResponse,
    control::Control,
    rules::Rules,
    stored::{Content, Whole},
};
use crate::LoadCx;

/// Headers of one connection, or of one answer.
const OWN: [&str; 12] = [
    "age",
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-cache",
];

/// What the head of a response says.
pub(super) enum Verdict {
    /// It may be kept once its body is read.
    Keep(Life),
    /// It is for whoever asked, alone.
    NotShared,
    /// The handler failed: an older response is better. Those who waited may share the answer.
    Failed { is_shared: bool },
}

/// How long a response lives, as far as it says so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    ttl: Option<Duration>,
    stale: Option<Duration>,
    age: Duration,
}

/// A response to keep.
#[derive(Debug)]
pub(super) struct Fresh {
    pub(super) whole: Whole,
    pub(super) life: Life,
}

/// What came of asking the handler, for all who wait.
#[derive(Debug)]
pub(super) enum Found {
    Fresh(Fresh),
    NotShared,
    Failed(Failed),
}

/// The handler failed, and with what, unless that is for one caller alone.
#[derive(Debug)]
pub(super) struct Failed(pub(super) Option<Box<Whole>>);

impl Rules {
    /// `length` is that of the body, if it is known before it is read: a stream is never kept.
    pub(super) fn judge(&self, status: StatusCode, headers: &HeaderMap, length: Option<u64>) -> Verdict {
        let control = Control::read(headers.get_all(header::CACHE_CONTROL).iter().map(HeaderValue::as_bytes));
        let is_shared = length.is_some_and(|length| length <= self.max_body_bytes)
            && !headers.contains_key(header::SET_COOKIE)
            && !control.is_forbidden
            // A date alone would have to be compared with this machine's clock.
            && (control.ttl.is_some() || !headers.contains_key(header::EXPIRES))
            && self.tells_apart(headers);
        if status.is_server_error() {
            return Verdict::Failed { is_shared };
        }
        let kept = is_shared && self.statuses.contains(&status);
        if !kept {
            return Verdict::NotShared;
        }
        let age = headers.get(header::AGE).and_then(|age| age.to_str().ok()?.trim().parse().ok());
        let age = Duration::from_secs(age.unwrap_or(0));
        let ttl = control.ttl.map(|ttl| ttl.saturating_sub(age));
        Verdict::Keep(Life { ttl, stale: control.stale, age })
    }

    /// Returns true when the key holds all that the response depends on.
    fn tells_apart(&self, headers: &HeaderMap) -> bool {
        let named = headers.get_all(header::VARY).iter();
        named.map(|value| value.to_str().unwrap_or("*")).flat_map(|value| value.split(',')).all(|name| {
            let name = name.trim();
            name.is_empty() || self.vary.iter().any(|known| name.eq_ignore_ascii_case(known.as_str()))
        })
    }

    /// Makes what is kept of a response.
    pub(super) fn pack(&self, status: StatusCode, mut headers: HeaderMap, body: Bytes) -> Whole {
        let listed: Vec<_> = headers.get_all(header::CONNECTION).iter().cloned().collect();
        for name in listed.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
            headers.remove(name.trim());
        }
        for name in OWN {
            headers.remove(name);
        }
        if !headers.contains_key(header::ETAG)
            && let Ok(etag) = HeaderValue::from_str(&etag(status, &headers, &body))
        {
            headers.insert(header::ETAG, etag);
        }
        for name in &self.vary {
            let known = headers.get_all(header::VARY).iter().filter_map(|value| value.to_str().ok());
            if !known
                .flat_map(|value| value.split(','))
                .any(|known| known.trim().eq_ignore_ascii_case(name.as_str()))
            {
                headers.append(header::VARY, HeaderValue::from(name.clone()));
            }
        }
        Whole { status, headers, body }
    }
}

/// A strong tag: other bytes, or the same ones in another form, have another.
fn etag(status: StatusCode, headers: &HeaderMap, body: &Bytes) -> String {
    let mut hash = Xxh3::new();
    hash.update(&status.as_u16().to_le_bytes());
    for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LANGUAGE] {
        let value = headers.get(name).map_or(&b""[..], HeaderValue::as_bytes);
        hash.update(&(value.len() as u64).to_le_bytes());
        hash.update(value);
    }
    hash.update(body);
    format!("\"{:032x}\"", hash.digest128())
}

impl Verdict {
    /// What those who wait learn of a response they do not share.
    pub(super) fn alone(self) -> Found {
        match self {
            Self::Failed { .. } => Found::Failed(Failed(None)),
            Self::Keep(_) | Self::NotShared => Found::NotShared,
        }
    }
}

impl Found {
    /// A response that was read: to be kept, or the failed one that those who wait share.
    pub(super) fn read(whole: Whole, life: Option<Life>) -> Self {
        match life {
            Some(life) => Self::Fresh(Fresh { whole, life }),
            None => Self::Failed(Failed(Some(Box::new(whole)))),
        }
    }

    /// Ends a load with it.
    pub(super) fn land(self, cx: &LoadCx<StoredResponse>) -> Result<StoredResponse, Failed> {
        match self {
            Self::Fresh(Fresh { whole, life: Life { ttl, stale, age } }) => {
                if let Some(ttl) = ttl {
                    cx.set_ttl(ttl);
                }
                if let Some(stale) = stale {
                    cx.set_stale(stale);
                }
                cx.set_age(age);
                Ok(StoredResponse(Content::Whole(whole)))
            }
            Self::NotShared => {
                cx.set_ttl(Duration::ZERO);
                Ok(StoredResponse(Content::NotShared))
            }
            Self::Failed(failed) => Err(failed),
        }
    }
}
