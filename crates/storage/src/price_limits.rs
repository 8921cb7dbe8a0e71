//! Limit prices as the exchanges publish them.

use std::fmt::Debug;

use async_trait::async_trait;
use stockpile_market::{PriceLimit, TradeDate};

use crate::Result;

/// The limit prices an exchange published for a security and a day.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PriceLimits: Debug + Send + Sync {
    /// Reads the limits of a day, by code; empty when none were ingested.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn on(&self, trade_date: TradeDate) -> Result<Vec<PriceLimit>>;

    /// Counts the price limits of every day that has some, oldest first.
    ///
    /// Walks the whole table.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn day_counts(&self) -> Result<Vec<(TradeDate, u32)>>;
}
