//! Bars within a day in ClickHouse.

use ::clickhouse::Row;
use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;
use stockpile_market::{BarFreq, MinuteBar, TsCode};

use super::{ClickHouse, row};
use crate::{MinuteBars, Result};

#[derive(Row, Deserialize)]
struct ReadMinuteBar {
    time: i64,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    vol: Option<f64>,
    amount: Option<f64>,
}

#[async_trait]
impl MinuteBars for ClickHouse {
    async fn before(
        &self,
        code: TsCode,
        freq: BarFreq,
        time: Timestamp,
        count: u32,
    ) -> Result<Vec<MinuteBar>> {
        let query = self
            .server
            .query(include_str!("sql/minute_bars_before.sql"))
            .param("ts_code", code.text().as_str())
            .param("freq", freq.minutes())
            .param("before", time.as_millisecond())
            .param("count", count);
        let rows: Vec<ReadMinuteBar> = self.server.read("read bars within days", query).await?;
        rows.into_iter()
            .map(|read| {
                Ok(MinuteBar {
                    ts_code: code,
                    freq,
                    time: row::time(read.time)?,
                    open: read.open,
                    high: read.high,
                    low: read.low,
                    close: read.close,
                    vol: read.vol,
                    amount: read.amount,
                })
            })
            .collect()
    }

    async fn freqs(&self, code: TsCode) -> Result<Vec<BarFreq>> {
        let query = self
            .server
            .query(include_str!("sql/minute_bar_freqs.sql"))
            .param("ts_code", code.text().as_str());
        let minutes: Vec<u16> = self.server.read("read the frequencies of a security", query).await?;
        Ok(BarFreq::ALL
            .into_iter()
            .filter(|freq| minutes.iter().any(|m| u32::from(*m) == freq.minutes()))
            .collect())
    }
}
