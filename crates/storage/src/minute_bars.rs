//! Bars of stocks and ETFs within a trading day.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use stockpile_market::{BarFreq, MinuteBar, TsCode};

use crate::Result;

/// Bars within a day, one for each security, frequency and end.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait MinuteBars: Debug + Send + Sync {
    /// Reads the last `count` bars that end before a time, oldest first; of an unknown security there are none.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn before(
        &self,
        code: TsCode,
        freq: BarFreq,
        time: Timestamp,
        count: u32,
    ) -> Result<Vec<MinuteBar>>;

    /// Tells which frequencies a security has bars of, the shortest first.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn freqs(&self, code: TsCode) -> Result<Vec<BarFreq>>;
}
