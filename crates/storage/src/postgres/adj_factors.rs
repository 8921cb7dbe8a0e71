//! Adjustment factors in PostgreSQL.

use async_trait::async_trait;
use stockpile_market::{AdjFactor, TradeDate, TsCode};

use super::{
    Postgres,
    row::{self, get},
};
use crate::{AdjFactors, Result};

#[async_trait]
impl AdjFactors for Postgres {
    async fn of(&self, code: TsCode) -> Result<Vec<AdjFactor>> {
        let sql = include_str!("sql/factors_of.sql");
        self.0
            .read("read adjustment factors", sql, &[&code.text().as_str()], |row| {
                Ok(AdjFactor { ts_code: code, trade_date: row::date(row, 0)?, adj_factor: get(row, 1)? })
            })
            .await
    }

    async fn day_counts(&self) -> Result<Vec<(TradeDate, u32)>> {
        let sql = include_str!("sql/factor_day_counts.sql");
        self.0
            .read("count the adjustment factors of each day", sql, &[], |row| {
                Ok((row::date(row, 0)?, row::count(row, 1)?))
            })
            .await
    }
}
