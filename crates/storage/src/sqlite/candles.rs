//! Candles in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::named_params;
use stockpile_market::{Candle, Interval};

use super::{connections::Connections, query::collect, row};
use crate::{CandleGap, Candles, Result};

#[async_trait]
impl Candles for Connections {
    async fn before(
        &self,
        symbol: &str,
        interval: Interval,
        time: Timestamp,
        count: u32,
    ) -> Result<Vec<Candle>> {
        let symbol = symbol.to_owned();
        self.read("read candles", move |connection| {
            collect(
                connection,
                include_str!("sql/candles_before.sql"),
                named_params! {
                    ":symbol": symbol,
                    ":interval": interval.seconds(),
                    ":before": time.as_millisecond(),
                    ":count": count,
                },
                |row| {
                    Ok(Candle {
                        symbol: symbol.clone(),
                        interval,
                        time: row::time(row, 0)?,
                        open: row.get(1)?,
                        high: row.get(2)?,
                        low: row.get(3)?,
                        close: row.get(4)?,
                        volume: row.get(5)?,
                        quote_volume: row.get(6)?,
                    })
                },
            )
        })
        .await
    }

    async fn intervals(&self, symbol: &str) -> Result<Vec<Interval>> {
        let symbol = symbol.to_owned();
        self.read("read the intervals of a pair", move |connection| {
            // A probe of the key for each interval: a walk over a pair's minutes would be long.
            let mut statement = connection.prepare_cached(include_str!("sql/candle_exists.sql"))?;
            let mut found = Vec::new();
            for interval in Interval::all() {
                let params = named_params! { ":symbol": symbol, ":interval": interval.seconds() };
                if statement.query_row(params, |row| row.get(0))? {
                    found.push(interval);
                }
            }
            Ok(found)
        })
        .await
    }

    async fn any(&self) -> Result<bool> {
        self.read("look for candles", |connection| {
            Ok(connection.query_row(include_str!("sql/candle_any.sql"), [], |row| row.get(0))?)
        })
        .await
    }

    async fn gaps(&self, interval: Interval) -> Result<Vec<CandleGap>> {
        self.read("look for gaps between candles", move |connection| {
            collect(
                connection,
                include_str!("sql/candle_gaps.sql"),
                named_params! { ":interval": interval.seconds() },
                |row| {
                    Ok(CandleGap {
                        symbol: row.get(0)?,
                        before: row::time(row, 1)?,
                        after: row::time(row, 2)?,
                    })
                },
            )
        })
        .await
    }
}
