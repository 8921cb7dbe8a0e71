//! The exchanges' trading calendar.

use std::fmt::Debug;

use async_trait::async_trait;
use stockpile_market::{CalendarDay, Exchange};

use crate::Result;

/// Which days an exchange trades.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait TradeCalendar: Debug + Send + Sync {
    /// Reads every known day of an exchange, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn days(&self, exchange: Exchange) -> Result<Vec<CalendarDay>>;
}
