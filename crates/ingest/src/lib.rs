//! Market data into a store: from files, from sources over the network, or invented for a demonstration.
//!
//! A file commits whole while readers go on, or leaves nothing. Rows that cannot be right are refused one by one and
//! named, with line and reason, in a report; the good ones stay. Reading a file again changes no count.

#[cfg(feature = "live")]
mod clock;
#[cfg(feature = "live")]
mod coins;
#[cfg(feature = "live")]
mod collector;
mod demo;
mod error;
#[cfg(feature = "live")]
mod feed;
mod file;
#[cfg(feature = "live")]
mod limiter;
#[cfg(all(test, feature = "live"))]
mod manual_clock;
mod progress;
mod quality;
#[cfg(feature = "live")]
mod schedule;
#[cfg(feature = "live")]
mod table;
#[cfg(feature = "live")]
mod tushare;
#[cfg(feature = "live")]
mod web;

/// Runs that tell what has been fetched; what older ones have fetched may be fetched again.
#[cfg(feature = "live")]
const RUNS_READ: u32 = 200_000;

#[cfg(feature = "live")]
pub use clock::{Clock, SystemClock};
#[cfg(feature = "live")]
pub use coins::{CoinBackfill, CoinFetched, CoinIngest, CoinOptions, CoinStep};
#[cfg(feature = "live")]
pub use collector::{Alone, Collector, Round, Rounds, Turn};
pub use demo::{DemoCoins, DemoDay, DemoDays, DemoMarket, DemoQuote, DemoReplay, DemoSize, DemoWritten};
pub use error::{Error, Result};
#[cfg(feature = "live")]
pub use feed::{QuoteFeed, QuoteSink};
pub use file::{BarCounts, FileIngest, FileKind, Ingested, LOCK_WAIT, Outcome};
pub use progress::{Advance, Progress, Silent};
pub use quality::{BarQuality, CandleQuality, DayCodes, DayRows, MissingCandles, Quality, check};
#[cfg(feature = "live")]
pub use schedule::next_publication;
#[cfg(feature = "live")]
pub use tushare::{
    Backfill, Fetched, Interface, LiveBoard, LiveQuote, Snapshot, Step, Tushare, TushareIngest,
    TushareOptions, Unit,
};
#[cfg(feature = "live")]
pub use web::Patience;
