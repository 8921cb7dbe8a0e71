//! Environment in, typed settings out.
//!
//! [`Settings`] is read once, at start. Three layers feed it: a flag wins over the process environment, which wins
//! over a `.env` file. A variable that is set but empty counts as unset. Every mistake is reported at once, each
//! with its variable and what to write; no secret appears in a message, in `Debug` or in [`Settings::describe`].
//!
//! ```
//! use stockpile_settings::{Settings, StorageUrl};
//!
//! let settings = Settings::from_lookup(|name| (name == "CACHE_TTL_QUOTE").then(|| "15".to_owned()))?;
//! assert_eq!(settings.cache.lifetimes.quote.as_secs(), 15);
//! assert!(matches!(settings.storage, StorageUrl::Sqlite { .. }));
//!
//! let mistake = Settings::from_lookup(|name| (name == "HTTP_ADDR").then(|| "8000".to_owned())).unwrap_err();
//! assert!(mistake.to_string().contains("HTTP_ADDR"));
//! # Ok::<(), stockpile_settings::Error>(())
//! ```
//!
//! Each module opens with its variables, their defaults and units; `.env.docker` at the root of the repository is
//! the same list as a file.

mod access;
mod address;
mod cache;
mod choice;
mod described;
mod error;
mod http;
mod langfuse;
mod lifetimes;
mod logging;
mod providers;
mod quantity;
mod reader;
mod role;
mod secrets;
mod sources;
mod storage;

pub use access::{Access, ApiAccess, MetricsAccess};
pub use cache::{Cache, CacheUrl, RedisUrl};
pub use described::{Origin, Row};
pub use error::{Error, Problem, Result};
pub use http::Http;
pub use langfuse::Langfuse;
pub use lifetimes::Lifetimes;
pub use logging::{LogFormat, LogLevel, Logging};
pub use providers::{Coins, Live, OpenAi, Providers, Tushare};
pub use role::{Demo, Role};
/// The crate of the secrets in these settings, so that a reader of them needs no dependency of its own.
pub use secrecy;
pub use sources::Sources;
pub use storage::{DatabaseServer, StorageUrl};

use reader::Reader;

/// Everything the programs can be told, checked and with defaults filled in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Where and how HTTP is served.
    pub http: Http,
    /// Who may read what.
    pub access: Access,
    /// Where market data is kept.
    pub storage: StorageUrl,
    /// Where answers are cached, how much and for how long.
    pub cache: Cache,
    /// Which part of the work this process does. `ROLE`, default `all`.
    pub role: Role,
    /// Whether invented data may be served, labelled. `DEMO`, default `auto`.
    pub demo: Demo,
    /// What the log looks like.
    pub logging: Logging,
    /// Where traces go, or `None` while no keys are set.
    pub langfuse: Option<Langfuse>,
    /// Accounts at data and model providers.
    pub providers: Providers,
    /// What is set but changes nothing, for the log of the start. One sentence each.
    pub warnings: Vec<String>,
    rows: Vec<Row>,
}

impl Settings {
    /// Reads the settings from the process environment and from `.env` in the current folder when there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with every mistake found.
    pub fn from_env() -> Result<Self> {
        Self::from_sources(&Sources::process())
    }

    /// Reads the settings from layers put together by the caller, such as the environment under flags.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with every mistake found.
    pub fn from_sources(sources: &Sources) -> Result<Self> {
        Self::read(Reader::new(sources))
    }

    /// Reads the settings from `lookup`, which gives the text of a variable; tests pass a map.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with every mistake found.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        Self::read(Reader::new(&lookup))
    }

    /// Lists every variable with its effective value and origin; secrets are masked.
    ///
    /// A variable without value and default has an empty text. The order is that of `.env.docker`.
    #[must_use]
    pub fn describe(&self) -> &[Row] {
        &self.rows
    }

    fn read(mut reader: Reader<'_>) -> Result<Self> {
        let http = http::read(&mut reader);
        let access = access::read(&mut reader);
        let storage = storage::read(&mut reader);
        let cache = cache::read(&mut reader);
        let role = role::read(&mut reader, &storage, &cache.url);
        let demo = role::read_demo(&mut reader);
        let logging = logging::read(&mut reader);
        let langfuse = langfuse::read(&mut reader);
        let providers = providers::read(&mut reader);
        let (rows, warnings) = reader.finish()?;
        Ok(Self { http, access, storage, cache, role, demo, logging, langfuse, providers, warnings, rows })
    }
}
