//! Where answers are cached, how much and for how long.
//!
//! | variable | default | unit or meaning |
//! |---|---|---|
//! | `CACHE_URL` | `REDIS_URL`, else `REDIS_HOST`, else `memory://` | `memory://`, `none://`, or a Redis: see [`RedisUrl`] |
//! | `REDIS_URL` | none | another name for `CACHE_URL` |
//! | `REDIS_HOST` | none | names a Redis server without an address |
//! | `REDIS_PORT` | 6379 | its port |
//! | `REDIS_PASSWORD` | none | used when the address has no password |
//! | `REDIS_DB` | 1 | used when the address has no number |
//! | `CACHE_L1_MAX_BYTES` | 64 MiB | bytes, or with a unit; 0 turns the in-process tier off |
//! | `CACHE_BUDGET_MS` | 50 | milliseconds |
//! | `CACHE_CONNECT_TIMEOUT_MS` | 5000 | milliseconds; no request waits for it |
//!
//! Two variables that name different caches are a mistake. The lifetimes have a module of their own.

mod redis;

use std::{fmt, time::Duration};

use secrecy::{ExposeSecret, SecretString};

pub use self::redis::RedisUrl;
use self::redis::{Given, REDIS_DB, REDIS_PORT};
use crate::{
    Lifetimes, Origin, address, lifetimes,
    reader::{Named, Place, Reader},
    storage::parse_port,
};

/// Where answers are cached, how much and for how long.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Cache {
    /// The backend. `CACHE_URL`, default `memory://`.
    pub url: CacheUrl,
    /// Memory of the in-process tier, in bytes; 0 is off. `CACHE_L1_MAX_BYTES`, default 64 MiB.
    pub l1_max_bytes: u64,
    /// Longest time a request waits for the backend. `CACHE_BUDGET_MS`, default 50.
    pub budget: Duration,
    /// Longest time one attempt to connect may take; no request waits for it. `CACHE_CONNECT_TIMEOUT_MS`, default 5000.
    pub connect_timeout: Duration,
    /// How long an answer counts as fresh, by family of keys.
    pub lifetimes: Lifetimes,
}

impl Cache {
    /// The whole address with the time an attempt to connect may take, credentials included, for whoever connects.
    #[must_use]
    pub fn to_secret_url(&self) -> SecretString {
        let url = self.url.to_secret_url();
        if !matches!(self.url, CacheUrl::Redis(_)) {
            return url;
        }
        let url = url.expose_secret();
        let mark = if url.contains('?') { '&' } else { '?' };
        format!("{url}{mark}connect_timeout={}", self.connect_timeout.as_millis()).into()
    }
}

/// A cache backend. Neither `Debug` nor `Display` shows a user or password.
#[derive(Clone)]
pub enum CacheUrl {
    /// This process only: `memory://`.
    Memory,
    /// No cache: `none://`. Every read asks the store, and nothing bridges an outage of it.
    None,
    /// A Redis or Valkey.
    Redis(RedisUrl),
}

impl CacheUrl {
    /// The whole address, credentials included, for whoever connects.
    #[must_use]
    pub fn to_secret_url(&self) -> SecretString {
        match self {
            Self::Memory | Self::None => self.place().into(),
            Self::Redis(redis) => redis.to_secret_url(),
        }
    }
}

impl Place for CacheUrl {
    fn place(&self) -> String {
        match self {
            Self::Memory => "memory://".to_owned(),
            Self::None => "none://".to_owned(),
            Self::Redis(redis) => redis.place(),
        }
    }
}

impl fmt::Display for CacheUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory | Self::None => f.write_str(&self.place()),
            Self::Redis(redis) => redis.fmt(f),
        }
    }
}

impl fmt::Debug for CacheUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheUrl({self})")
    }
}

pub(crate) fn read(reader: &mut Reader<'_>) -> Cache {
    let url = read_url(reader);
    let l1_max_bytes = reader.bytes("CACHE_L1_MAX_BYTES", 64 << 20, 0..=1 << 40);
    let budget = reader.millis("CACHE_BUDGET_MS", 50, 1..=60_000);
    let connect_timeout = reader.millis("CACHE_CONNECT_TIMEOUT_MS", 5000, 1..=60_000);
    Cache { url, l1_max_bytes, budget, connect_timeout, lifetimes: lifetimes::read(reader) }
}

fn read_url(reader: &mut Reader<'_>) -> CacheUrl {
    // Noted first, so that the rows keep the order of the file.
    reader.show("CACHE_URL", String::new(), Origin::Default);
    reader.show("REDIS_URL", String::new(), Origin::Default);
    let host = reader.optional("REDIS_HOST", String::clone, address::host);
    let redis = Given {
        port: reader.value("REDIS_PORT", REDIS_PORT, u16::to_string, parse_port),
        password: reader.secret("REDIS_PASSWORD"),
        db: reader.value("REDIS_DB", REDIS_DB, u8::to_string, redis::parse_db),
    };

    let mut named = Vec::new();
    named.extend(reader.optional("CACHE_URL", CacheUrl::to_string, |text| parse(text, &redis)));
    named.extend(reader.optional("REDIS_URL", CacheUrl::to_string, |text| parse_redis(text, &redis)));
    named.extend(host.map(|host| Named {
        variable: host.variable,
        origin: host.origin,
        value: CacheUrl::Redis(RedisUrl::of_host(host.value, &redis)),
    }));
    let (url, origin) = match reader.agreed(named) {
        Some(given) => (given.value, given.origin),
        None => (CacheUrl::Memory, Origin::Default),
    };
    if matches!(url, CacheUrl::None) {
        reader.warn(
            "CACHE_URL is none://: every read asks the store, and no stale answer bridges an outage of it",
        );
    }
    reader.show("CACHE_URL", url.to_string(), origin);
    url
}

fn parse(text: &str, given: &Given) -> Result<CacheUrl, String> {
    match text {
        "memory://" => Ok(CacheUrl::Memory),
        "none://" => Ok(CacheUrl::None),
        _ => parse_redis(text, given),
    }
}

fn parse_redis(text: &str, given: &Given) -> Result<CacheUrl, String> {
    RedisUrl::parse(text, given).map(CacheUrl::Redis)
}
