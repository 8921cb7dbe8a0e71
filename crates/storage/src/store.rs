//! A store as its users see it.

use std::sync::Arc;

use crate::{
    AdjFactors, Candles, CryptoMarkets, DailyBars, DailyBasics, IngestRuns, MinuteBars, PriceLimits,
    Promises, Securities, Suspensions, TradeCalendar,
};

/// The repositories of one store.
#[derive(Clone, Debug)]
pub struct Store {
    /// Name of the engine, as `/health` shows it: `sqlite`.
    pub engine: &'static str,
    /// What the engine lets the store promise.
    pub promises: Promises,
    /// Daily bars.
    pub bars: Arc<dyn DailyBars>,
    /// Valuations of stocks.
    pub basics: Arc<dyn DailyBasics>,
    /// Bars within trading days.
    pub minute_bars: Arc<dyn MinuteBars>,
    /// Facts about securities.
    pub securities: Arc<dyn Securities>,
    /// Suspensions of trading.
    pub suspensions: Arc<dyn Suspensions>,
    /// Trading calendar.
    pub calendar: Arc<dyn TradeCalendar>,
    /// Published price limits.
    pub price_limits: Arc<dyn PriceLimits>,
    /// Adjustment factors.
    pub adj_factors: Arc<dyn AdjFactors>,
    /// Candles of crypto pairs.
    pub candles: Arc<dyn Candles>,
    /// Prices of coins.
    pub crypto_markets: Arc<dyn CryptoMarkets>,
    /// Ingest runs.
    pub ingest: Arc<dyn IngestRuns>,
}

#[cfg(feature = "mock")]
impl Store {
    /// A store of mocks that expect nothing: a test replaces those it asks, `Store { bars, ..Store::mocked() }`.
    #[must_use]
    pub fn mocked() -> Self {
        Self {
            engine: "mock",
            promises: Promises::ALL,
            bars: Arc::new(crate::MockDailyBars::new()),
            basics: Arc::new(crate::MockDailyBasics::new()),
            minute_bars: Arc::new(crate::MockMinuteBars::new()),
            securities: Arc::new(crate::MockSecurities::new()),
            suspensions: Arc::new(crate::MockSuspensions::new()),
            calendar: Arc::new(crate::MockTradeCalendar::new()),
            price_limits: Arc::new(crate::MockPriceLimits::new()),
            adj_factors: Arc::new(crate::MockAdjFactors::new()),
            candles: Arc::new(crate::MockCandles::new()),
            crypto_markets: Arc::new(crate::MockCryptoMarkets::new()),
            ingest: Arc::new(crate::MockIngestRuns::new()),
        }
    }
}
