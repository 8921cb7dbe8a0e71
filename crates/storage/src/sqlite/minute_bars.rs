//! Bars within a day in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::named_params;
use stockpile_market::{BarFreq, MinuteBar, TsCode};

use super::{connections::Connections, query::collect, row};
use crate::{MinuteBars, Result};

#[async_trait]
impl MinuteBars for Connections {
    async fn before(
        &self,
        code: TsCode,
        freq: BarFreq,
        time: Timestamp,
        count: u32,
    ) -> Result<Vec<MinuteBar>> {
        self.read("read bars within days", move |connection| {
            collect(
                connection,
                include_str!("sql/minute_bars_before.sql"),
                named_params! {
                    ":ts_code": code.text().as_str(),
                    ":freq": freq.minutes(),
                    ":before": time.as_millisecond(),
                    ":count": count,
                },
                |row| {
                    Ok(MinuteBar {
                        ts_code: code,
                        freq,
                        time: row::time(row, 0)?,
                        open: row.get(1)?,
                        high: row.get(2)?,
                        low: row.get(3)?,
                        close: row.get(4)?,
                        vol: row.get(5)?,
                        amount: row.get(6)?,
                    })
                },
            )
        })
        .await
    }

    async fn freqs(&self, code: TsCode) -> Result<Vec<BarFreq>> {
        self.read("read the frequencies of a security", move |connection| {
            let mut statement = connection.prepare_cached(include_str!("sql/minute_bar_exists.sql"))?;
            let mut found = Vec::new();
            for freq in BarFreq::ALL {
                let text = code.text();
                let params = named_params! { ":ts_code": text.as_str(), ":freq": freq.minutes() };
                if statement.query_row(params, |row| row.get(0))? {
                    found.push(freq);
                }
            }
            Ok(found)
        })
        .await
    }
}
