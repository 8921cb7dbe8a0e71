//! Prices of coins.

use std::fmt::Debug;

use async_trait::async_trait;
use stockpile_market::CryptoMarket;

use crate::Result;

/// What a source said of coins, one row for each coin and answer.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait CryptoMarkets: Debug + Send + Sync {
    /// Reads the newest row of every coin, the most valuable first; a coin of unknown value comes last.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn latest(&self) -> Result<Vec<CryptoMarket>>;

    /// Reads the newest row of every coin with one of these tickers, in the order of the tickers and then as
    /// [`latest`](Self::latest): several coins may share a ticker, and the most valuable is the one people mean.
    ///
    /// The tickers are written in upper case.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn latest_of(&self, symbols: &[String]) -> Result<Vec<CryptoMarket>>;

    /// Whether there is a row of any coin.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn any(&self) -> Result<bool>;
}
