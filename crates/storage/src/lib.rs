//! Market data behind repository traits, and the stores that implement them.
//!
//! A [`Store`] is what the rest of the platform knows: one `Arc<dyn …>` for each repository. [`sqlite::open`] gives
//! the embedded one, [`clickhouse::open`] and [`postgres::open`] one on a server. With feature `contract`, [`contract`] holds
//! the promises every store keeps, for this crate's own and for stores written elsewhere; with feature `mock`, each repository has a `mockall` mock.

mod adj_factors;
mod candles;
#[cfg(feature = "clickhouse")]
pub mod clickhouse;
#[cfg(feature = "contract")]
pub mod contract;
mod crypto_markets;
mod daily_bars;
mod daily_basics;
mod error;
mod ingest;
mod minute_bars;
#[cfg(feature = "settings")]
mod open;
mod part;
#[cfg(feature = "postgres")]
pub mod postgres;
mod price_limits;
mod promises;
mod securities;
#[cfg(any(feature = "clickhouse", feature = "postgres"))]
mod seen_keys;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(any(feature = "clickhouse", feature = "postgres", feature = "sqlite"))]
mod storable;
mod store;
mod suspensions;
#[cfg(any(feature = "clickhouse", feature = "postgres"))]
mod tls;
mod trade_calendar;

pub use adj_factors::AdjFactors;
#[cfg(feature = "mock")]
pub use adj_factors::MockAdjFactors;
#[cfg(feature = "mock")]
pub use candles::MockCandles;
pub use candles::{CandleGap, Candles};
pub use crypto_markets::CryptoMarkets;
#[cfg(feature = "mock")]
pub use crypto_markets::MockCryptoMarkets;
#[cfg(feature = "mock")]
pub use daily_bars::MockDailyBars;
pub use daily_bars::{
    BarRange, ClosingBar, CodeSpan, DailyBars, DayCount, DayPage, HotOrder, HotQuery, StoredBar,
};
pub use daily_basics::DailyBasics;
#[cfg(feature = "mock")]
pub use daily_basics::MockDailyBasics;
pub use error::{Error, Result, Source};
#[cfg(feature = "mock")]
pub use ingest::MockIngestRuns;
pub use ingest::{
    Duplicate, IngestRun, IngestRuns, NewRun, Repaired, RowCounts, RunId, RunState, RunWriter, SourceRow,
};
pub use minute_bars::MinuteBars;
#[cfg(feature = "mock")]
pub use minute_bars::MockMinuteBars;
#[cfg(feature = "settings")]
pub use open::open;
pub use part::Part;
#[cfg(feature = "mock")]
pub use price_limits::MockPriceLimits;
pub use price_limits::PriceLimits;
pub use promises::Promises;
#[cfg(feature = "mock")]
pub use securities::MockSecurities;
pub use securities::Securities;
pub use store::Store;
#[cfg(feature = "mock")]
pub use suspensions::MockSuspensions;
pub use suspensions::Suspensions;
#[cfg(feature = "mock")]
pub use trade_calendar::MockTradeCalendar;
pub use trade_calendar::TradeCalendar;
