//! Prices as they are made.

use std::fmt::Debug;

use jiff::Timestamp;
use stockpile_market::{CryptoMarket, SecurityKind, TsCode};

/// The latest price of a security and its day so far, in the units of a daily bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Quote {
    /// When the price was made.
    pub time: Timestamp,
    /// Last price, CNY (indices: points).
    pub price: f64,
    /// First price of the day, CNY (indices: points).
    pub open: Option<f64>,
    /// Highest price so far, CNY (indices: points).
    pub high: Option<f64>,
    /// Lowest price so far, CNY (indices: points).
    pub low: Option<f64>,
    /// Close of the day before on this day's basis, CNY (indices: points).
    pub pre_close: Option<f64>,
    /// `price - pre_close`, CNY (indices: points).
    pub change: Option<f64>,
    /// `(price / pre_close - 1) * 100`, percent.
    pub pct_chg: Option<f64>,
    /// Volume so far, lots of 100 shares.
    pub vol: Option<f64>,
    /// Turnover so far, thousand CNY.
    pub amount: Option<f64>,
}

/// A quote of a real exchange, to be published.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveQuote {
    /// Security.
    pub code: TsCode,
    /// Its kind.
    pub kind: SecurityKind,
    /// Its name at the source, for a security that the store has no name of.
    pub name: Option<String>,
    /// The quote.
    pub quote: Quote,
}

/// Where quotes come from. Asked on the request's path, so it answers from memory.
pub trait QuoteSource: Debug + Send + Sync {
    /// The latest quote of a security at a time, if the source has it.
    fn latest(&self, code: TsCode, now: Timestamp) -> Option<Quote>;

    /// The prices of coins at a time, the most valuable first; empty when the source has none, so that the store's stand.
    fn coins(&self, _now: Timestamp) -> Vec<CryptoMarket> {
        Vec::new()
    }
}
