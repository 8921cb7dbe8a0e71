//! Cumulative adjustment factors.

use std::fmt::Debug;

use async_trait::async_trait;
use stockpile_market::{AdjFactor, TradeDate, TsCode};

use crate::Result;

/// The cumulative adjustment factor of a security on a day.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AdjFactors: Debug + Send + Sync {
    /// Reads every factor known of a security, oldest first; empty when none were ingested.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn of(&self, code: TsCode) -> Result<Vec<AdjFactor>>;

    /// Counts the factors of every day that has some, oldest first.
    ///
    /// Walks the whole table; SQLite sorts its days as well, as they stand by code: about a second for five million rows.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn day_counts(&self) -> Result<Vec<(TradeDate, u32)>>;
}
