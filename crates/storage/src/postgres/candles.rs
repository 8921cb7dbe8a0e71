//! Candles in PostgreSQL.

use async_trait::async_trait;
use jiff::Timestamp;
use stockpile_market::{Candle, Interval};

use super::{
    Postgres,
    row::{bound, get},
};
use crate::{CandleGap, Candles, Error, Result};

#[async_trait]
impl Candles for Postgres {
    async fn before(
        &self,
        symbol: &str,
        interval: Interval,
        time: Timestamp,
        count: u32,
    ) -> Result<Vec<Candle>> {
        if symbol.contains('\0') {
            return Ok(Vec::new()); // no text has one
        }
        self.0
            .read(
                "read candles",
                include_str!("sql/candles_before.sql"),
                &[&symbol, &interval.seconds().cast_signed(), &bound(time), &i64::from(count)],
                |row| {
                    Ok(Candle {
                        symbol: symbol.to_owned(),
                        interval,
                        time: get(row, 0)?,
                        open: get(row, 1)?,
                        high: get(row, 2)?,
                        low: get(row, 3)?,
                        close: get(row, 4)?,
                        volume: get(row, 5)?,
                        quote_volume: get(row, 6)?,
                    })
                },
            )
            .await
    }

    async fn intervals(&self, symbol: &str) -> Result<Vec<Interval>> {
        if symbol.contains('\0') {
            return Ok(Vec::new());
        }
        let all: Vec<i32> = Interval::all().map(|interval| interval.seconds().cast_signed()).collect();
        let sql = include_str!("sql/intervals.sql");
        self.0
            .read("read the intervals of a pair", sql, &[&symbol, &all], |row| {
                let seconds: i32 = get(row, 0)?;
                let impossible = || Error::Impossible { what: "interval", value: seconds.to_string() };
                Interval::from_seconds(seconds.cast_unsigned()).ok_or_else(impossible)
            })
            .await
    }

    async fn any(&self) -> Result<bool> {
        self.0.read_one("look for candles", include_str!("sql/candle_any.sql"), &[], |row| get(row, 0)).await
    }

    async fn gaps(&self, interval: Interval) -> Result<Vec<CandleGap>> {
        let sql = include_str!("sql/candle_gaps.sql");
        self.0
            .read("look for gaps between candles", sql, &[&interval.seconds().cast_signed()], |row| {
                Ok(CandleGap { symbol: get(row, 0)?, before: get(row, 1)?, after: get(row, 2)? })
            })
            .await
    }
}
