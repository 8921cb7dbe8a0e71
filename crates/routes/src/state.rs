//! What every handler needs.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use stockpile_cache::Cache;
use stockpile_market::TradeDate;
use stockpile_storage::Store;

use crate::problem::Problem;
use crate::reference_data::{ReferenceData, References};

/// How long bodies are fresh, by family.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// Bars of closed days.
    pub daily: Duration,
    /// Bars with the current day among them.
    pub daily_live: Duration,
    /// Facts of a security.
    pub basic: Duration,
    /// Lists and statistics of a closed day.
    pub overview: Duration,
    /// The same of the current day.
    pub overview_live: Duration,
}

/// What the routes are told at start.
#[derive(Clone, Debug)]
pub struct Options {
    /// Version of the program.
    pub version: &'static str,
    /// How long bodies are fresh.
    pub lifetimes: Lifetimes,
    /// Longest time a request waits for the store.
    pub request_timeout: Duration,
    /// The current time.
    pub now: fn() -> Timestamp,
}

/// What every handler needs; cheap to clone.
#[derive(Clone, Debug)]
pub struct AppState {
    pub(crate) store: Store,
    pub(crate) cache: Cache,
    pub(crate) references: Arc<References>,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) request_timeout: Duration,
    pub(crate) version: &'static str,
    pub(crate) started: Instant,
    now: fn() -> Timestamp,
}

impl AppState {
    /// Puts the parts together.
    #[must_use]
    pub fn new(store: Store, cache: Cache, options: &Options) -> Self {
        Self {
            references: Arc::new(References::new(store.clone())),
            store,
            cache,
            lifetimes: options.lifetimes,
            request_timeout: options.request_timeout,
            version: options.version,
            started: Instant::now(),
            now: options.now,
        }
    }

    /// The day at the exchange.
    pub(crate) fn today(&self) -> TradeDate {
        stockpile_market::exchange_date((self.now)().as_second())
    }

    /// The reference data, read in time or not at all.
    pub(crate) async fn reference(&self) -> Result<Arc<ReferenceData>, Problem> {
        match tokio::time::timeout(self.request_timeout, self.references.current()).await {
            Ok(Ok(reference)) => Ok(reference),
            Ok(Err(error)) => Err(Problem::from(error)),
            Err(_) => Err(Problem::Unavailable),
        }
    }
}

impl From<stockpile_storage::Error> for Problem {
    fn from(error: stockpile_storage::Error) -> Self {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        tracing::error!(%error, source, "the store did not answer");
        if matches!(error, stockpile_storage::Error::Impossible { .. }) {
            Self::Internal
        } else {
            Self::Unavailable
        }
    }
}
