//! Market data behind repository traits, and the stores that implement them.
//!
//! A [`Store`] is what the rest of the platform knows: one `Arc<dyn …>` for each repository. [`sqlite::open`] gives
//! the embedded one. With feature `contract`, [`contract`] holds the promises every store keeps, for this crate's own
//! and for stores written elsewhere; with feature `mock`, each repository has a `mockall` mock.

mod adj_factors;
#[cfg(feature = "contract")]
pub mod contract;
mod daily_bars;
mod error;
mod ingest;
mod price_limits;
mod securities;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod store;
mod trade_calendar;

pub use adj_factors::AdjFactors;
#[cfg(feature = "mock")]
pub use adj_factors::MockAdjFactors;
#[cfg(feature = "mock")]
pub use daily_bars::MockDailyBars;
pub use daily_bars::{BarRange, ClosingBar, DailyBars, DayCount, DayPage, HotOrder, HotQuery, StoredBar};
pub use error::{Error, Result, Source};
#[cfg(feature = "mock")]
pub use ingest::MockIngestRuns;
pub use ingest::{
    Duplicate, IngestRun, IngestRuns, NewRun, RowCounts, RunId, RunState, RunWriter, SourceRow,
};
#[cfg(feature = "mock")]
pub use price_limits::MockPriceLimits;
pub use price_limits::PriceLimits;
#[cfg(feature = "mock")]
pub use securities::MockSecurities;
pub use securities::Securities;
pub use store::Store;
#[cfg(feature = "mock")]
pub use trade_calendar::MockTradeCalendar;
pub use trade_calendar::TradeCalendar;
