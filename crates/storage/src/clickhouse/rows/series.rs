//! Rows of what has a time of day.

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use stockpile_market::{Candle, CryptoMarket, MinuteBar};

use super::super::row::{self, CodeBytes};
use crate::{Error, Result};

/// A row of `minute_bar`.
#[derive(Debug, Row, Serialize)]
pub(crate) struct MinuteBarRow {
    ts_code: CodeBytes,
    freq: u16,
    time: i64,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    vol: Option<f64>,
    amount: Option<f64>,
    version: u64,
}

impl MinuteBarRow {
    pub(crate) fn new(bar: &MinuteBar, version: u64) -> Self {
        Self {
            ts_code: row::code_bytes(bar.ts_code),
            // Sixty at most.
            freq: u16::try_from(bar.freq.minutes()).unwrap_or_default(),
            time: bar.time.as_millisecond(),
            open: bar.open,
            high: bar.high,
            low: bar.low,
            close: bar.close,
            vol: bar.vol,
            amount: bar.amount,
            version,
        }
    }
}

/// A row of `candle`.
#[derive(Debug, Row, Serialize)]
pub(crate) struct CandleRow {
    symbol: String,
    interval: u32,
    time: i64,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: Option<f64>,
    quote_volume: Option<f64>,
    version: u64,
}

impl CandleRow {
    pub(crate) fn new(candle: Candle, version: u64) -> Self {
        Self {
            symbol: candle.symbol,
            interval: candle.interval.seconds(),
            time: candle.time.as_millisecond(),
            open: candle.open,
            high: candle.high,
            low: candle.low,
            close: candle.close,
            volume: candle.volume,
            quote_volume: candle.quote_volume,
            version,
        }
    }
}

/// A row of `crypto_market`.
#[derive(Debug, Row, Serialize)]
pub(crate) struct CryptoMarketRow {
    id: String,
    last_updated: i64,
    symbol: String,
    name: Option<String>,
    price: Option<f64>,
    market_cap: Option<f64>,
    volume_24h: Option<f64>,
    change_24h: Option<f64>,
    version: u64,
}

impl CryptoMarketRow {
    pub(crate) fn new(market: CryptoMarket, version: u64) -> Self {
        Self {
            id: market.id,
            last_updated: market.last_updated.as_millisecond(),
            symbol: market.symbol,
            name: market.name,
            price: market.price,
            market_cap: market.market_cap,
            volume_24h: market.volume_24h,
            change_24h: market.change_24h,
            version,
        }
    }
}

/// The columns of `crypto_market` as they are read.
#[derive(Debug, Row, Deserialize)]
pub(crate) struct ReadCryptoMarket {
    id: String,
    symbol: String,
    name: Option<String>,
    price: Option<f64>,
    market_cap: Option<f64>,
    volume_24h: Option<f64>,
    change_24h: Option<f64>,
    last_updated: i64,
}

impl TryFrom<ReadCryptoMarket> for CryptoMarket {
    type Error = Error;

    fn try_from(read: ReadCryptoMarket) -> Result<Self> {
        Ok(Self {
            id: read.id,
            symbol: read.symbol,
            name: read.name,
            price: read.price,
            market_cap: read.market_cap,
            volume_24h: read.volume_24h,
            change_24h: read.change_24h,
            last_updated: row::time(read.last_updated)?,
        })
    }
}
