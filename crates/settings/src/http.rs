//! Where and how HTTP is served.
//!
//! | variable | default | unit |
//! |---|---|---|
//! | `HTTP_ADDR` | `127.0.0.1:8000` | address and port |
//! | `HTTP_WORKERS` | 0: as many as cores | threads |
//! | `REQUEST_TIMEOUT_MS` | 10000 | milliseconds |
//! | `BODY_LIMIT_BYTES` | 1 MiB | bytes, or with a unit |
//! | `STREAM_MAX_CONNECTIONS` | 500 | connections |
//! | `CORS_ORIGINS` | none | comma-separated origins |

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    thread,
    time::Duration,
};

use url::{Origin, Url};

use crate::reader::Reader;

/// Where and how HTTP is served.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Http {
    /// Address the server listens on. `HTTP_ADDR`, default `127.0.0.1:8000`.
    pub addr: SocketAddr,
    /// Threads that answer requests. `HTTP_WORKERS`, default 0: as many as cores.
    pub workers: NonZeroUsize,
    /// Longest time a request may take. `REQUEST_TIMEOUT_MS`, default 10000.
    pub request_timeout: Duration,
    /// Largest request body, in bytes. `BODY_LIMIT_BYTES`, default 1 MiB.
    pub body_limit: usize,
    /// Streams of quotes that may be open at a time. `STREAM_MAX_CONNECTIONS`, default 500.
    pub stream_max_connections: usize,
    /// Origins of other web pages that may call the API, such as `https://example.org`. `CORS_ORIGINS`, default none.
    pub cors_origins: Vec<String>,
}

pub(crate) fn read(reader: &mut Reader<'_>) -> Http {
    let default_addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8000));
    let addr = reader.value("HTTP_ADDR", default_addr, SocketAddr::to_string, parse_addr);
    let threads = reader.number("HTTP_WORKERS", 0, 0..=1024);
    let request_timeout = reader.millis("REQUEST_TIMEOUT_MS", 10_000, 1..=3_600_000);
    let body_limit = reader.bytes("BODY_LIMIT_BYTES", 1 << 20, 1..=1 << 30);
    let stream_max_connections = reader.number("STREAM_MAX_CONNECTIONS", 500, 0..=100_000);
    let cors_origins = reader.value("CORS_ORIGINS", Vec::new(), |origins| origins.join(","), parse_origins);
    Http {
        addr,
        workers: workers(threads),
        request_timeout,
        body_limit: usize::try_from(body_limit).unwrap_or(usize::MAX),
        stream_max_connections: usize::try_from(stream_max_connections).unwrap_or(usize::MAX),
        cors_origins,
    }
}

fn workers(threads: u64) -> NonZeroUsize {
    let asked = usize::try_from(threads).ok().and_then(NonZeroUsize::new);
    asked.unwrap_or_else(|| thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
}

fn parse_addr(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let advice = "write address:port, such as 127.0.0.1:8000, or 0.0.0.0:8000 for every interface";
    numeric.as_deref().unwrap_or(text).parse().map_err(|_| advice.to_owned())
}

fn parse_origins(text: &str) -> Result<Vec<String>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(parse_origin).collect()
}

fn parse_origin(text: &str) -> Result<String, String> {
    if text == "*" {
        return Err("name each origin; * would let any page act for whoever is signed in".to_owned());
    }
    let advice =
        || "write origins such as https://example.org, separated by commas, without a path".to_owned();
    let url = Url::parse(text).map_err(|_| advice())?;
    let bare = url.username().is_empty() && url.password().is_none() && url.path() == "/";
    match url.origin() {
        origin @ Origin::Tuple(..) if bare && url.query().is_none() && url.fragment().is_none() => {
            Ok(origin.ascii_serialization())
        }
        _ => Err(advice()),
    }
}
