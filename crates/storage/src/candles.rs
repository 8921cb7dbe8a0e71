//! Candles of crypto pairs.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use stockpile_market::{Candle, Interval};

use crate::Result;

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
}
