//! Valuations of stocks.

use std::fmt::Debug;

use async_trait::async_trait;
use stockpile_market::{DailyBasic, TradeDate, TsCode};

use crate::Result;

/// Valuations, one for each stock and trading day.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DailyBasics: Debug + Send + Sync {
    /// Reads the newest valuation of a stock; `None` when it has none.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn latest(&self, code: TsCode) -> Result<Option<DailyBasic>>;

    /// Reads every valuation of a day, by code.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn on(&self, trade_date: TradeDate) -> Result<Vec<DailyBasic>>;

    /// Reads the valuations that some codes have on a day, in the order of the codes.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn of(&self, codes: &[TsCode], trade_date: TradeDate) -> Result<Vec<DailyBasic>>;

    /// Counts the valuations of every day that has some, oldest first. Walks the whole table.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn day_counts(&self) -> Result<Vec<(TradeDate, u32)>>;
}
