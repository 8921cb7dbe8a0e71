//! Cumulative adjustment factors.

use std::fmt::Debug;

use async_trait::async_trait;
use stockpile_market::{AdjFactor, TsCode};

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
}
