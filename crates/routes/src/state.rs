//! What every handler needs.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use stockpile_cache::Cache;
use stockpile_market::{CryptoMarket, TradeDate, TsCode};
use stockpile_storage::Store;

use crate::{
    health::SourceHealth,
    metrics::{Meters, Metrics},
    problem::Problem,
    quotes::{Quote, QuoteSource},
    reference_data::{ReferenceData, References},
    stream::{StreamOptions, Streams},
};

/// How long bodies are fresh, by family.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// Bars of closed days.
    pub daily: Duration,
    /// Bars with the current day among them.
    pub daily_live: Duration,
    /// Latest quote.
    pub quote: Duration,
    /// Facts of a security.
    pub basic: Duration,
    /// Lists and statistics of a closed day.
    pub overview: Duration,
    /// The same of the current day.
    pub overview_live: Duration,
    /// Crypto prices.
    pub crypto_prices: Duration,
    /// Crypto candles.
    pub crypto_ohlcv: Duration,
    /// Health scores of coins.
    pub crypto_health: Duration,
    /// Forecasts.
    pub crypto_prediction: Duration,
    /// The overview of coins.
    pub crypto_dashboard: Duration,
}

impl Lifetimes {
    /// Gives every family the same.
    #[must_use]
    pub const fn all(lifetime: Duration) -> Self {
        Self {
            daily: lifetime,
            daily_live: lifetime,
            quote: lifetime,
            basic: lifetime,
            overview: lifetime,
            overview_live: lifetime,
            crypto_prices: lifetime,
            crypto_ohlcv: lifetime,
            crypto_health: lifetime,
            crypto_prediction: lifetime,
            crypto_dashboard: lifetime,
        }
    }
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

/// An invented market, served and labelled while there is no real one.
#[derive(Clone, Debug)]
pub struct Demo {
    /// Its own store; rows never mix.
    pub store: Store,
    /// Its quotes.
    pub quotes: Arc<dyn QuoteSource>,
    /// Serve it even when the real store has bars.
    pub always: bool,
}

#[derive(Debug)]
struct DemoMarket {
    references: References,
    quotes: Arc<dyn QuoteSource>,
    always: bool,
}

/// How what is fetched without being asked for goes.
#[derive(Clone)]
struct Sources(Arc<dyn Fn() -> Vec<SourceHealth> + Send + Sync>);

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries((self.0)()).finish()
    }
}

/// What every handler needs; cheap to clone.
#[derive(Clone, Debug)]
pub struct AppState {
    pub(crate) store: Store,
    pub(crate) cache: Cache,
    references: Arc<References>,
    demo: Option<Arc<DemoMarket>>,
    sources: Option<Sources>,
    has_live_quotes: bool,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) request_timeout: Duration,
    pub(crate) version: &'static str,
    pub(crate) started: Instant,
    pub(crate) streams: Arc<Streams>,
    pub(crate) meters: Option<Arc<Meters>>,
    now: fn() -> Timestamp,
}

impl AppState {
    /// Puts the parts together.
    #[must_use]
    pub fn new(store: Store, cache: Cache, options: &Options) -> Self {
        Self {
            references: Arc::new(References::new(store.clone(), false)),
            demo: None,
            sources: None,
            has_live_quotes: false,
            store,
            cache,
            lifetimes: options.lifetimes,
            request_timeout: options.request_timeout,
            version: options.version,
            started: Instant::now(),
            streams: Arc::new(Streams::new(StreamOptions::default())),
            meters: None,
            now: options.now,
        }
    }

    /// Serves an invented market while the store has no bars.
    #[must_use]
    pub fn with_demo(self, demo: Demo) -> Self {
        let Demo { store, quotes, always } = demo;
        let market = DemoMarket { references: References::new(store, true), quotes, always };
        Self { demo: Some(Arc::new(market)), ..self }
    }

    /// Looks for quotes that this server or another that shares the cache publishes.
    #[must_use]
    pub fn with_live_quotes(self) -> Self {
        Self { has_live_quotes: true, ..self }
    }

    pub(crate) const fn has_live_quotes(&self) -> bool {
        self.has_live_quotes
    }

    /// The reference data of the real market, whatever is shown.
    pub(crate) async fn real_reference(&self) -> Result<Arc<ReferenceData>, Problem> {
        self.in_time(self.references.current()).await
    }

    /// Tells at `/health` how the sources do that are fetched from.
    #[must_use]
    pub fn with_sources(self, sources: impl Fn() -> Vec<SourceHealth> + Send + Sync + 'static) -> Self {
        Self { sources: Some(Sources(Arc::new(sources))), ..self }
    }

    /// How the sources do that are fetched from; none when nothing is.
    pub(crate) fn sources(&self) -> Vec<SourceHealth> {
        self.sources.as_ref().map(|sources| (sources.0)()).unwrap_or_default()
    }

    /// Counts what happens, and shows it at `/metrics`.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        let started_s = (self.now)().as_millisecond() as f64 / 1e3 - self.started.elapsed().as_secs_f64();
        Self { meters: Some(Arc::new(Meters::new(metrics, self.version, started_s))), ..self }
    }

    /// Streams quotes otherwise than by the defaults.
    #[must_use]
    pub fn with_streams(self, options: StreamOptions) -> Self {
        Self { streams: Arc::new(Streams::new(options)), ..self }
    }

    /// The latest quote of a live source, if there is one for this market.
    pub(crate) fn quote(&self, reference: &ReferenceData, code: TsCode) -> Option<Quote> {
        let demo = self.demo.as_ref().filter(|_| reference.demo)?;
        demo.quotes.latest(code, (self.now)())
    }

    /// The day at the exchange.
    pub(crate) fn today(&self) -> TradeDate {
        stockpile_market::exchange_date((self.now)().as_second())
    }

    /// The prices of coins at this moment from a live source, if there is one for this market.
    pub(crate) fn coins(&self, reference: &ReferenceData) -> Vec<CryptoMarket> {
        let demo = self.demo.as_ref().filter(|_| reference.demo);
        demo.map(|demo| demo.quotes.coins((self.now)())).unwrap_or_default()
    }

    /// The current time.
    pub(crate) fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// The reference data of the market to be shown, read in time or not at all.
    ///
    /// The demo market stands in for a store without bars, never for one that cannot be asked.
    pub(crate) async fn reference(&self) -> Result<Arc<ReferenceData>, Problem> {
        // Nearly every request: with nothing to wait for it needs no time limit either.
        if let Some(recent) = self.recent() {
            return Ok(recent);
        }
        self.in_time(async {
            let real = self.references.current().await?;
            match &self.demo {
                Some(demo) if demo.always || !real.has_bars() => demo.references.current().await,
                _ => Ok(real),
            }
        })
        .await
    }

    /// The reference data to be shown, when it was checked just now.
    fn recent(&self) -> Option<Arc<ReferenceData>> {
        let real = self.references.recent()?;
        match &self.demo {
            Some(demo) if demo.always || !real.has_bars() => demo.references.recent(),
            _ => Some(real),
        }
    }

    /// The same for coins: invented ones leave with the first real row of any coin, and beside real bars there are none.
    pub(crate) async fn crypto_reference(&self) -> Result<Arc<ReferenceData>, Problem> {
        self.in_time(async {
            let real = self.references.current().await?;
            match &self.demo {
                Some(demo) if demo.always || !(real.has_bars() || real.has_crypto().await?) => {
                    demo.references.current().await
                }
                _ => Ok(real),
            }
        })
        .await
    }

    async fn in_time<T>(
        &self,
        read: impl Future<Output = stockpile_storage::Result<T>>,
    ) -> Result<T, Problem> {
        match tokio::time::timeout(self.request_timeout, read).await {
            Ok(read) => Ok(read?),
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
