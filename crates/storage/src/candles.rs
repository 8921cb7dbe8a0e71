//! Candles of crypto pairs.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use stockpile_market::{Candle, Interval};

use crate::Result;

/// Two candles of a pair that follow one another with a gap between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CandleGap {
    /// Pair in upper case, such as `BTCUSDT`.
    pub symbol: String,
    /// When the candle before the gap opens.
    pub before: Timestamp,
    /// When the candle after it opens.
    pub after: Timestamp,
}

/// Candles, one for each pair, interval and opening time.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Candles: Debug + Send + Sync {
    /// Reads the last `count` candles that open before a time, oldest first; of an unknown pair there are none.
    ///
    /// The pair is written in upper case.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn before(
        &self,
        symbol: &str,
        interval: Interval,
        time: Timestamp,
        count: u32,
    ) -> Result<Vec<Candle>>;

    /// Tells which intervals a pair has candles of, the shortest first.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn intervals(&self, symbol: &str) -> Result<Vec<Interval>>;

    /// Whether there is a candle of any pair.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn any(&self) -> Result<bool>;

    /// Lists the places where a pair's candles of an interval lie further apart than that, by pair and oldest first.
    ///
    /// Walks every candle of the interval, of all pairs; a year of hours is 8760 to a pair.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn gaps(&self, interval: Interval) -> Result<Vec<CandleGap>>;
}
