//! Market data into a store: from files, from sources over the network, or invented for a demonstration.
//!
//! A file commits whole while readers go on, or leaves nothing. Rows that cannot be right are refused one by one and
//! named, with line and reason, in a report; the good ones stay. Reading a file again changes no count.

#[cfg(feature = "live")]
mod clock;
#[cfg(feature = "live")]
mod coins;
mod demo;
mod error;
mod file;
#[cfg(feature = "live")]
mod limiter;
#[cfg(all(test, feature = "live"))]
mod manual_clock;
mod progress;
mod quality;
#[cfg(feature = "live")]
mod table;
#[cfg(feature = "live")]
mod tushare;
#[cfg(feature = "live")]
mod web;

#[cfg(feature = "live")]
pub use clock::{Clock, SystemClock};
#[cfg(feature = "live")]
pub use coins::{CoinBackfill, CoinFetched, CoinIngest, CoinOptions, CoinStep};
pub use demo::{DemoCoins, DemoDay, DemoDays, DemoMarket, DemoQuote, DemoReplay, DemoSize, DemoWritten};
pub use error::{Error, Result};
pub use file::{BarCounts, FileIngest, FileKind, Ingested, Outcome};
pub use progress::{Advance, Progress, Silent};
pub use quality::{BarQuality, DayRows, check};
#[cfg(feature = "live")]
pub use tushare::{Backfill, Fetched, Interface, Step, Tushare, TushareIngest, TushareOptions, Unit};
#[cfg(feature = "live")]
pub use web::Patience;
