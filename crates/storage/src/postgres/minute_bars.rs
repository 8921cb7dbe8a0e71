//! Bars within a day in PostgreSQL.

use async_trait::async_trait;
use jiff::Timestamp;
use stockpile_market::{BarFreq, MinuteBar, TsCode};

use super::{
    Postgres,
    row::{bound, get, small},
};
use crate::{Error, MinuteBars, Result};

#[async_trait]
impl MinuteBars for Postgres {
    async fn before(
        &self,
        code: TsCode,
        freq: BarFreq,
        time: Timestamp,
        count: u32,
    ) -> Result<Vec<MinuteBar>> {
        let text = code.text();
        self.0
            .read(
                "read bars within days",
                include_str!("sql/minute_bars_before.sql"),
                &[&text.as_str(), &small(freq.minutes()), &bound(time), &i64::from(count)],
                |row| {
                    Ok(MinuteBar {
                        ts_code: code,
                        freq,
                        time: get(row, 0)?,
                        open: get(row, 1)?,
                        high: get(row, 2)?,
                        low: get(row, 3)?,
                        close: get(row, 4)?,
                        vol: get(row, 5)?,
                        amount: get(row, 6)?,
                    })
                },
            )
            .await
    }

    async fn freqs(&self, code: TsCode) -> Result<Vec<BarFreq>> {
        let all = BarFreq::ALL.map(|freq| small(freq.minutes())).to_vec();
        let sql = include_str!("sql/freqs.sql");
        self.0
            .read("read the frequencies of a security", sql, &[&code.text().as_str(), &all], |row| {
                let minutes: i16 = get(row, 0)?;
                let impossible = || Error::Impossible { what: "frequency", value: minutes.to_string() };
                BarFreq::ALL.into_iter().find(|freq| small(freq.minutes()) == minutes).ok_or_else(impossible)
            })
            .await
    }
}
