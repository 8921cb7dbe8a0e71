//! Valuations in PostgreSQL.

use async_trait::async_trait;
use stockpile_market::{DailyBasic, TradeDate, TsCode};
use tokio_postgres::Row;

use super::{
    Postgres,
    row::{self, get},
};
use crate::{DailyBasics, Result};

#[async_trait]
impl DailyBasics for Postgres {
    async fn latest(&self, code: TsCode) -> Result<Option<DailyBasic>> {
        let sql = include_str!("sql/basic_latest.sql");
        Ok(self.0.read("read a valuation", sql, &[&code.text().as_str()], basic).await?.pop())
    }

    async fn on(&self, trade_date: TradeDate) -> Result<Vec<DailyBasic>> {
        let sql = include_str!("sql/basics_on.sql");
        self.0.read("read a day's valuations", sql, &[&trade_date.civil()], basic).await
    }

    async fn of(&self, codes: &[TsCode], trade_date: TradeDate) -> Result<Vec<DailyBasic>> {
        let codes: Vec<String> = codes.iter().map(TsCode::to_string).collect();
        let sql = include_str!("sql/basics_of.sql");
        self.0.read("read some valuations of a day", sql, &[&codes, &trade_date.civil()], basic).await
    }

    async fn day_counts(&self) -> Result<Vec<(TradeDate, u32)>> {
        let sql = include_str!("sql/basic_day_counts.sql");
        self.0
            .read("count the valuations of each day", sql, &[], |row| {
                Ok((row::date(row, 0)?, row::count(row, 1)?))
            })
            .await
    }
}

fn basic(row: &Row) -> Result<DailyBasic> {
    Ok(DailyBasic {
        trade_date: row::date(row, 0)?,
        ts_code: row::code(row, 1)?,
        close: get(row, 2)?,
        turnover_rate: get(row, 3)?,
        turnover_rate_f: get(row, 4)?,
        volume_ratio: get(row, 5)?,
        pe: get(row, 6)?,
        pe_ttm: get(row, 7)?,
        pb: get(row, 8)?,
        ps: get(row, 9)?,
        ps_ttm: get(row, 10)?,
        dv_ratio: get(row, 11)?,
        dv_ttm: get(row, 12)?,
        total_share: get(row, 13)?,
        float_share: get(row, 14)?,
        free_share: get(row, 15)?,
        total_mv: get(row, 16)?,
        circ_mv: get(row, 17)?,
    })
}
