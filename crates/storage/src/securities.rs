//! Facts about securities.

use std::fmt::Debug;

use async_trait::async_trait;
use stockpile_market::Security;

use crate::Result;

/// What is known of each security, independent of a day.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Securities: Debug + Send + Sync {
    /// Reads the facts of every security, by code.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn all(&self) -> Result<Vec<Security>>;
}
