//! Market data into a store: from files, or invented for a demonstration.
//!
//! A file commits whole while readers go on, or leaves nothing. Rows that cannot be right are refused one by one and
//! named, with line and reason, in a report; the good ones stay. Reading a file again changes no count.

mod demo;
mod error;
mod file;
mod progress;
mod quality;

pub use demo::{DemoCoins, DemoDay, DemoDays, DemoMarket, DemoQuote, DemoReplay, DemoSize, DemoWritten};
pub use error::{Error, Result};
pub use file::{BarCounts, FileIngest, FileKind, Ingested, Outcome};
pub use progress::{Advance, Progress, Silent};
pub use quality::{BarQuality, DayRows, check};
