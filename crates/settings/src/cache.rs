//! Where answers are cached, how much and for how long.
//!
//! | variable | default | unit or meaning |
//! |---|---|---|
//! | `CACHE_URL` | `REDIS_URL`, else `REDIS_HOST`, else `memory://` | `memory://`, `none://`, `redis://`, `rediss://` |
//! | `REDIS_URL` | none | another name for `CACHE_URL` |
//! | `REDIS_HOST` | none | names a Redis server without an address |
//! | `REDIS_PORT` | 6379 | its port |
//! | `REDIS_PASSWORD` | none | used when the address has no password |
//! | `REDIS_DB` | 1 | used when the address has no number |
//! | `CACHE_L1_MAX_BYTES` | 64 MiB | bytes, or with a unit; 0 turns the in-process tier off |
//! | `CACHE_BUDGET_MS` | 50 | milliseconds |
//!
//! Two variables that name different caches are a mistake. The lifetimes have a module of their own.

use std::{fmt, time::Duration};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    Lifetimes, Origin,
    address::{self, Address, authority},
    lifetimes,
    reader::{Named, Place, Reader},
    secrets::MASK,
    storage::parse_port,
};

const REDIS_PORT: u16 = 6379;
const REDIS_DB: u32 = 1;

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
    /// How long an answer counts as fresh, by family of keys.
    pub lifetimes: Lifetimes,
}

/// A cache backend. Neither `Debug` nor `Display` shows a user or password.
#[derive(Clone)]
pub enum CacheUrl {
    /// This process only: `memory://`.
    Memory,
    /// No cache: `none://`. Every read asks the store, and nothing bridges an outage of it.
    None,
    /// A Redis server: `redis://user:password@host:6379/1`, `rediss://` for TLS.
    Redis {
        /// Host name or address.
        host: String,
        /// Port.
        port: u16,
        /// User of the access list, or `None` for the default one.
        user: Option<String>,
        /// Password of the user.
        password: Option<SecretString>,
        /// Number of the database.
        db: u32,
        /// Whether to speak TLS.
        tls: bool,
    },
}

impl CacheUrl {
    /// The whole address, credentials included, for whoever connects.
    #[must_use]
    pub fn to_secret_url(&self) -> SecretString {
        let Self::Redis { host, port, user, password, db, .. } = self else {
            return self.place().into();
        };
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let user = encoded(user.as_deref().unwrap_or_default());
        let password = encoded(password.as_ref().map_or("", |password| password.expose_secret()));
        let credentials = match (user.as_str(), password.as_str()) {
            ("", "") => String::new(),
            _ => format!("{user}:{password}@"),
        };
        format!("{}://{credentials}{}/{db}", self.scheme(), authority(host, *port)).into()
    }

    fn scheme(&self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::None => "none",
            Self::Redis { tls: false, .. } => "redis",
            Self::Redis { tls: true, .. } => "rediss",
        }
    }
}

impl Place for CacheUrl {
    fn place(&self) -> String {
        match self {
            Self::Memory | Self::None => format!("{}://", self.scheme()),
            Self::Redis { host, port, db, .. } => format!("redis://{}/{db}", address::place(host, *port)),
        }
    }
}

impl fmt::Display for CacheUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Redis { host, port, user, password, db, .. } = self else {
            return f.write_str(&self.place());
        };
        let credentials =
            if user.is_some() || password.is_some() { format!("{MASK}@") } else { String::new() };
        write!(f, "{}://{credentials}{}/{db}", self.scheme(), authority(host, *port))
    }
}

impl fmt::Debug for CacheUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheUrl({self})")
    }
}

/// What the `REDIS_` variables say, for whatever an address leaves out.
struct Redis {
    port: u16,
    password: Option<SecretString>,
    db: u32,
}

pub(crate) fn read(reader: &mut Reader<'_>) -> Cache {
    let url = read_url(reader);
    let l1_max_bytes = reader.bytes("CACHE_L1_MAX_BYTES", 64 << 20, 0..=1 << 40);
    let budget = reader.millis("CACHE_BUDGET_MS", 50, 1..=60_000);
    Cache { url, l1_max_bytes, budget, lifetimes: lifetimes::read(reader) }
}

fn read_url(reader: &mut Reader<'_>) -> CacheUrl {
    // Noted first, so that the rows keep the order of the file.
    reader.show("CACHE_URL", String::new(), Origin::Default);
    reader.show("REDIS_URL", String::new(), Origin::Default);
    let host = reader.optional("REDIS_HOST", String::clone, address::host);
    let redis = Redis {
        port: reader.value("REDIS_PORT", REDIS_PORT, u16::to_string, parse_port),
        password: reader.secret("REDIS_PASSWORD"),
        db: reader.value("REDIS_DB", REDIS_DB, u32::to_string, parse_db),
    };

    let mut named = Vec::new();
    named.extend(reader.optional("CACHE_URL", CacheUrl::to_string, |text| parse(text, &redis)));
    named.extend(reader.optional("REDIS_URL", CacheUrl::to_string, |text| parse_redis(text, &redis)));
    named.extend(host.map(|host| Named {
        variable: host.variable,
        origin: host.origin,
        value: CacheUrl::Redis {
            host: host.value,
            port: redis.port,
            user: None,
            password: redis.password.clone(),
            db: redis.db,
            tls: false,
        },
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

fn parse(text: &str, redis: &Redis) -> Result<CacheUrl, String> {
    match text {
        "memory://" => Ok(CacheUrl::Memory),
        "none://" => Ok(CacheUrl::None),
        _ => parse_redis(text, redis),
    }
}

fn parse_redis(text: &str, given: &Redis) -> Result<CacheUrl, String> {
    let tls = match text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase()).as_deref() {
        Some("redis") => false,
        Some("rediss") => true,
        _ => {
            return Err(
                "write redis://host:port/number or rediss://; CACHE_URL also takes memory:// and none://"
                    .to_owned(),
            );
        }
    };
    let address = Address::parse(text)?;
    address.ensure_all_taken()?;
    let password = address.password.or_else(|| given.password.clone());
    // `redis://secret@host` is a password in the wrong place, and a user is shown where a password is not.
    if address.user.is_some() && password.is_none() {
        return Err("has a user and no password: write redis://:password@host or redis://user:password@host"
            .to_owned());
    }
    Ok(CacheUrl::Redis {
        port: address.port.unwrap_or(given.port),
        user: address.user,
        password,
        db: if address.path.is_empty() { given.db } else { parse_db(&address.path)? },
        host: address.host,
        tls,
    })
}

fn parse_db(text: &str) -> Result<u32, String> {
    // The driver counts no further.
    let db = text.parse().ok().filter(|db| *db <= 255);
    db.ok_or_else(|| "write the number of a Redis database, 0 to 255, such as 1".to_owned())
}
