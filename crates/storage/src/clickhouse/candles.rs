//! Candles in ClickHouse.

use ::clickhouse::Row;
use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;
use stockpile_market::{Candle, Interval};

use super::{ClickHouse, row};
use crate::{CandleGap, Candles, Result};

#[derive(Row, Deserialize)]
struct ReadCandle {
    time: i64,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: Option<f64>,
    quote_volume: Option<f64>,
}

#[async_trait]
impl Candles for ClickHouse {
    async fn before(
        &self,
        symbol: &str,
        interval: Interval,
        time: Timestamp,
        count: u32,
    ) -> Result<Vec<Candle>> {
        let query = self
            .server
            .query(include_str!("sql/candles_before.sql"))
            .param("symbol", symbol)
            .param("interval", interval.seconds())
            .param("before", time.as_millisecond())
            .param("count", count);
        let rows: Vec<ReadCandle> = self.server.read("read candles", query).await?;
        rows.into_iter()
            .map(|read| {
                Ok(Candle {
                    symbol: symbol.to_owned(),
                    interval,
                    time: row::time(read.time)?,
                    open: read.open,
                    high: read.high,
                    low: read.low,
                    close: read.close,
                    volume: read.volume,
                    quote_volume: read.quote_volume,
                })
            })
            .collect()
    }

    async fn intervals(&self, symbol: &str) -> Result<Vec<Interval>> {
        let query = self.server.query(include_str!("sql/candle_intervals.sql")).param("symbol", symbol);
        let seconds: Vec<u32> = self.server.read("read the intervals of a pair", query).await?;
        Ok(seconds.into_iter().filter_map(Interval::from_seconds).collect())
    }

    async fn any(&self) -> Result<bool> {
        let query = self.server.query(include_str!("sql/candle_any.sql"));
        Ok(self.server.read::<bool>("look for candles", query).await?.contains(&true))
    }

    async fn gaps(&self, interval: Interval) -> Result<Vec<CandleGap>> {
        let query =
            self.server.query(include_str!("sql/candle_gaps.sql")).param("interval", interval.seconds());
        let rows: Vec<(String, i64, i64)> = self.server.read("look for gaps between candles", query).await?;
        rows.into_iter()
            .map(|(symbol, before, after)| {
                Ok(CandleGap { symbol, before: row::time(before)?, after: row::time(after)? })
            })
            .collect()
    }
}
