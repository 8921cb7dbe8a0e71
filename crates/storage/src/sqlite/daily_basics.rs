//! Valuations in SQLite.

use async_trait::async_trait;
use rusqlite::{Row, named_params};
use stockpile_market::{DailyBasic, TradeDate, TsCode};

use super::{connections::Connections, driver_error::ReadError, query::collect, row};
use crate::{DailyBasics, Result};

#[async_trait]
impl DailyBasics for Connections {
    async fn latest(&self, code: TsCode) -> Result<Option<DailyBasic>> {
        self.read("read a valuation", move |connection| {
            let text = code.text();
            let params = named_params! { ":ts_code": text.as_str() };
            Ok(collect(connection, include_str!("sql/basic_latest.sql"), params, basic)?.pop())
        })
        .await
    }

    async fn on(&self, trade_date: TradeDate) -> Result<Vec<DailyBasic>> {
        self.read("read a day's valuations", move |connection| {
            let params = named_params! { ":trade_date": trade_date.number() };
            collect(connection, include_str!("sql/basics_on.sql"), params, basic)
        })
        .await
    }

    async fn of(&self, codes: &[TsCode], trade_date: TradeDate) -> Result<Vec<DailyBasic>> {
        let codes = codes.to_vec();
        self.read("read some valuations of a day", move |connection| {
            let mut found = Vec::with_capacity(codes.len());
            for code in codes {
                let text = code.text();
                let params = named_params! { ":trade_date": trade_date.number(), ":ts_code": text.as_str() };
                found.extend(collect(connection, include_str!("sql/basic_of.sql"), params, basic)?);
            }
            Ok(found)
        })
        .await
    }

    async fn day_counts(&self) -> Result<Vec<(TradeDate, u32)>> {
        self.read("count the valuations of each day", |connection| {
            collect(connection, include_str!("sql/basic_day_counts.sql"), [], |row| {
                Ok((row::date(row, 0)?, row.get(1)?))
            })
        })
        .await
    }
}

fn basic(row: &Row<'_>) -> Result<DailyBasic, ReadError> {
    Ok(DailyBasic {
        trade_date: row::date(row, 0)?,
        ts_code: row::code(row, 1)?,
        close: row.get(2)?,
        turnover_rate: row.get(3)?,
        turnover_rate_f: row.get(4)?,
        volume_ratio: row.get(5)?,
        pe: row.get(6)?,
        pe_ttm: row.get(7)?,
        pb: row.get(8)?,
        ps: row.get(9)?,
        ps_ttm: row.get(10)?,
        dv_ratio: row.get(11)?,
        dv_ttm: row.get(12)?,
        total_share: row.get(13)?,
        float_share: row.get(14)?,
        free_share: row.get(15)?,
        total_mv: row.get(16)?,
        circ_mv: row.get(17)?,
    })
}
