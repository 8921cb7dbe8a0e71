//! Suspensions of trading.

use std::fmt::Debug;

use async_trait::async_trait;
use stockpile_market::{Suspension, TradeDate};

use crate::Result;

/// Which securities stopped or went on trading, one row for each security, day and type.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Suspensions: Debug + Send + Sync {
    /// Reads the rows of a day, by code; of one code, resumptions come first.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn on(&self, trade_date: TradeDate) -> Result<Vec<Suspension>>;
}
