//! Finished bodies: made once for each parameter set and encoding, then handed out as they are.

use std::{
    fmt::{self, Write as _},
    future::Future,
    io,
    sync::Arc,
    time::Duration,
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
};
use bytes::{Bytes, BytesMut};
use stockpile_cache::{CacheValue, Codec, Kind, LoadError, Outcome, Source};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    encoding::Encoding,
    format::{Form, Format},
    problem::Problem,
    reference_data::ReferenceData,
    state::AppState,
};

const X_DATA: HeaderName = HeaderName::from_static("x-data");
const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const X_NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");
/// Packed bodies: not a family of answers, but another form of them.
pub(crate) const PACKED: Kind<Body> = Kind::new("packed");
/// Smaller bodies gain nothing by packing: they fit in one packet anyway.
const MIN_PACKED: usize = 1024;
/// Bytes that most keys fit in.
const USUAL_KEY: usize = 96;
/// Hexadecimal digits of a tag, its quotes not counted.
const TAG_DIGITS: usize = 16;

/// The bytes of an answer in one encoding, with their tag.
#[derive(Debug)]
pub(crate) struct Body {
    encoding: Encoding,
    /// `"…"`, a hash of the bytes.
    tag: HeaderValue,
    /// Where the next page begins, for clients of a format that has no room for it.
    next_cursor: Option<HeaderValue>,
    bytes: Bytes,
}

/// What a load makes.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) bytes: Vec<u8>,
    /// Where the next page begins.
    pub(crate) next_cursor: Option<String>,
}

impl From<Vec<u8>> for Made {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, next_cursor: None }
    }
}

impl Body {
    fn new(encoding: Encoding, bytes: Vec<u8>, next_cursor: Option<HeaderValue>) -> Self {
        let tag = format!("\"{:016x}\"", xxh3_64(&bytes));
        let tag = HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"0\""));
        Self { encoding, tag, next_cursor, bytes: bytes.into() }
    }

    /// A finished answer that is not to be packed.
    pub(crate) fn of_json(json: Vec<u8>) -> Self {
        Self::new(Encoding::Identity, json, None)
    }

    /// The answer as text, if it is plain.
    pub(crate) fn json(&self) -> Option<Box<str>> {
        let plain = self.encoding == Encoding::Identity;
        plain.then(|| std::str::from_utf8(&self.bytes).ok().map(Into::into)).flatten()
    }
}

/// One byte for the encoding, the digits of the tag, a byte for the length of the cursor, the cursor, then the bytes.
#[derive(Debug)]
pub(crate) struct BodyCodec;

impl CacheValue for Body {
    type Codec = BodyCodec;
}

impl Codec<Body> for BodyCodec {
    type Shared = Arc<Body>;
    const ID: u8 = 5;

    fn share(body: Body) -> Arc<Body> {
        Arc::new(body)
    }

    fn encode(body: &Arc<Body>) -> Result<Bytes, Source> {
        let cursor = body.next_cursor.as_ref().map_or(&[][..], HeaderValue::as_bytes);
        let mut payload = Vec::with_capacity(2 + TAG_DIGITS + cursor.len() + body.bytes.len());
        payload.push(body.encoding.number());
        payload.extend_from_slice(&body.tag.as_bytes()[1..=TAG_DIGITS]);
        payload.push(u8::try_from(cursor.len())?);
        payload.extend_from_slice(cursor);
        payload.extend_from_slice(&body.bytes);
        Ok(payload.into())
    }

    fn decode(payload: Bytes) -> Result<Arc<Body>, Source> {
        let digits = payload.get(1..=TAG_DIGITS).ok_or("too short for a body")?;
        let tag = HeaderValue::from_str(&format!("\"{}\"", std::str::from_utf8(digits)?))?;
        let encoding = Encoding::numbered(payload[0]).ok_or("of an unknown encoding")?;
        let rest = payload.slice(1 + TAG_DIGITS..);
        let (length, rest) = (*rest.first().ok_or("without a cursor's length")?, rest.slice(1..));
        let cursor = rest.get(..length.into()).ok_or("too short for its cursor")?;
        let next_cursor = if cursor.is_empty() { None } else { Some(HeaderValue::from_bytes(cursor)?) };
        Ok(Arc::new(Body { encoding, tag, next_cursor, bytes: rest.slice(usize::from(length)..) }))
    }

    fn weight(body: &Arc<Body>) -> Result<usize, Source> {
        Ok(body.bytes.len() + size_of::<Body>() + TAG_DIGITS)
    }
}

/// Where a body is kept and for how long.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    kind: &'static Kind<Body>,
    key: String,
    ttl: Duration,
    demo: bool,
}

impl Place {
    /// A place for an answer from this reference data: other rows, in this store or in another that shares the cache,
    /// have places of their own.
    pub(crate) fn new(
        kind: &'static Kind<Body>,
        name: impl fmt::Display,
        ttl: Duration,
        reference: &ReferenceData,
    ) -> Self {
        Self::under(reference.fingerprint, kind, name, ttl, reference)
    }

    /// The same for an answer that rests on rows of coins alone.
    pub(crate) fn of_coins(
        kind: &'static Kind<Body>,
        name: impl fmt::Display,
        ttl: Duration,
        reference: &ReferenceData,
    ) -> Self {
        Self::under(reference.coins_fingerprint, kind, name, ttl, reference)
    }

    fn under(
        fingerprint: u64,
        kind: &'static Kind<Body>,
        name: impl fmt::Display,
        ttl: Duration,
        reference: &ReferenceData,
    ) -> Self {
        let origin = if reference.demo { "demo:" } else { "" };
        let mut key = String::with_capacity(USUAL_KEY);
        // A string takes whatever is written.
        let _ = write!(key, "{name}:{origin}{fingerprint:016x}");
        Self { kind, key, ttl, demo: reference.demo }
    }

    /// A place for an answer that rests on no store's rows.
    pub(crate) const fn shared(kind: &'static Kind<Body>, key: String, ttl: Duration) -> Self {
        Self { kind, key, ttl, demo: false }
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) const fn ttl(&self) -> Duration {
        self.ttl
    }
}

/// Answers with the body that somebody has put at a place, be it stale; `None` when there is none.
pub(crate) async fn find(
    request: &HttpRequest,
    state: &AppState,
    form: Form,
    place: &Place,
) -> Result<Option<HttpResponse>, Problem> {
    form.accepted()?;
    Encoding::accepted(request)?;
    let found = state.cache.entry(place.kind, &place.key).with_outcome().get_or_stale().await;
    Ok(found.map(|(body, outcome)| answer(request, form, &body, &outcome, place)))
}

/// Answers with the body at a place, made by `load` when there is none.
pub(crate) async fn respond<F, M>(
    request: &HttpRequest,
    state: &AppState,
    form: Form,
    mut place: Place,
    load: impl FnOnce(Format) -> F + Send + 'static,
) -> Result<HttpResponse, Problem>
where
    F: Future<Output = Result<M, Problem>> + Send + 'static,
    M: Into<Made> + Send + 'static,
{
    let format = form.accepted()?;
    if format == Format::Csv {
        place.key += ":csv";
    }
    let load = move || load(format);
    let encoding = Encoding::accepted(request)?;
    let demo = place.demo;
    let (plain, outcome) = state
        .cache
        .entry(place.kind, &place.key)
        .ttl(place.ttl)
        .hard_timeout(state.request_timeout)
        .with_outcome()
        .get_or_load(move |_| async move {
            let Made { bytes, next_cursor } = load().await?.into();
            let bytes = if demo && format == Format::Json { labelled(bytes) } else { bytes };
            let next_cursor = next_cursor.and_then(|cursor| HeaderValue::from_str(&cursor).ok());
            Ok(Body::new(Encoding::Identity, bytes, next_cursor))
        })
        .await
        .map_err(problem)?;
    let body = match encoding {
        Encoding::Identity => plain,
        _ => packed(state, &place, plain, encoding).await,
    };
    Ok(answer(request, form, &body, &outcome, &place))
}

/// The same answer packed. It is found by the tag of what it was made from, so it never is of another age.
async fn packed(state: &AppState, place: &Place, plain: Arc<Body>, encoding: Encoding) -> Arc<Body> {
    if plain.bytes.len() < MIN_PACKED {
        return plain;
    }
    let tag = String::from_utf8_lossy(&plain.tag.as_bytes()[1..=TAG_DIGITS]);
    let key = format!("{}:{}:{tag}:{}", place.kind.name(), place.key, encoding.name());
    let (bytes, next_cursor) = (plain.bytes.clone(), plain.next_cursor.clone());
    let made = state
        .cache
        .entry(&PACKED, &key)
        .ttl(place.ttl)
        .get_or_load(move |_| async move {
            Ok::<_, io::Error>(Body::new(encoding, encoding.pack(bytes).await?, next_cursor))
        })
        .await;
    made.unwrap_or_else(|error| {
        tracing::error!(%error, encoding = encoding.name(), "a body could not be packed");
        plain
    })
}

/// Says at the top of a JSON object that its figures are invented.
pub(crate) fn labelled(object: Vec<u8>) -> Vec<u8> {
    match object.strip_prefix(b"{") {
        Some(b"}") => b"{\"demo\":true}".to_vec(),
        Some(members) => [b"{\"demo\":true,", members].concat(),
        None => object,
    }
}

fn problem(error: LoadError<Problem>) -> Problem {
    match error {
        LoadError::Loader(problem) => Problem::clone(&problem),
        LoadError::Panicked(message) => {
            tracing::error!(%message, "a handler panicked");
            Problem::Internal
        }
        other => {
            tracing::warn!(error = %other, "no answer in time");
            Problem::Unavailable
        }
    }
}

fn answer(request: &HttpRequest, form: Form, body: &Body, outcome: &Outcome, place: &Place) -> HttpResponse {
    let known = matches_tag(request, &body.tag);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, body.tag.clone()))
        .insert_header((header::AGE, outcome.age.as_secs()))
        .insert_header((header::CACHE_CONTROL, cache_control(outcome.fresh_for, place.ttl)))
        .insert_header((
            header::VARY,
            HeaderValue::from_static(if form.by_accept {
                "Accept, Accept-Encoding"
            } else {
                "Accept-Encoding"
            }),
        ))
        .insert_header((X_CACHE, HeaderValue::from_static(outcome.label())));
    if place.demo {
        response.insert_header((X_DATA, HeaderValue::from_static("demo")));
    }
    if let Some(cursor) = &body.next_cursor {
        response.insert_header((X_NEXT_CURSOR, cursor.clone()));
    }
    if known {
        return response.finish();
    }
    if let Some(name) = body.encoding.header() {
        response.insert_header((header::CONTENT_ENCODING, name));
    }
    let content_type = form.format.unwrap_or(Format::Json).content_type();
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(content_type)));
    response.body(body.bytes.clone())
}

fn cache_control(fresh_for: Duration, ttl: Duration) -> HeaderValue {
    // Whole seconds up, so that a body fresh for half a second more is not called stale.
    let fresh = fresh_for.as_secs_f64().ceil() as u64;
    let mut value = BytesMut::with_capacity(64);
    // As long as it need be; it takes whatever is written.
    let _ = write!(value, "public, max-age={fresh}, stale-while-revalidate={}", ttl.as_secs());
    HeaderValue::from_maybe_shared(value.freeze()).unwrap_or_else(|_| HeaderValue::from_static("no-cache"))
}

/// Whether an answer is a fresh body of the cache.
pub(crate) fn is_hit(headers: &HeaderMap) -> bool {
    headers.get(&X_CACHE).is_some_and(|label| label == "hit")
}

pub(crate) fn matches_tag(request: &HttpRequest, tag: &HeaderValue) -> bool {
    request.headers().get_all(header::IF_NONE_MATCH).any(|given| {
        given.as_bytes().split(|byte| *byte == b',').any(|one| {
            let one = one.trim_ascii();
            one == b"*" || one.strip_prefix(b"W/").unwrap_or(one) == tag.as_bytes()
        })
    })
}
