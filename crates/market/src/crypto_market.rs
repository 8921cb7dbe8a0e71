//! Prices of coins.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What CoinGecko's `/coins/markets` says of a coin, asked in USD.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CryptoMarket {
    /// CoinGecko's name of the coin, such as `bitcoin`; unique.
    pub id: String,
    /// Ticker in upper case, such as `BTC`; several coins may share one.
    pub symbol: String,
    /// Name for people.
    pub name: Option<String>,
    /// Price, USD.
    pub price: Option<f64>,
    /// Value of all coins in circulation, USD.
    pub market_cap: Option<f64>,
    /// Turnover of the last 24 hours, USD.
    pub volume_24h: Option<f64>,
    /// Change of the price in the last 24 hours, percent.
    pub change_24h: Option<f64>,
    /// When the source took the figures.
    pub last_updated: Timestamp,
}
