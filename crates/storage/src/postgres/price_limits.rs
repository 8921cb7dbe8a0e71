//! Published price limits in PostgreSQL.

use async_trait::async_trait;
use stockpile_market::{PriceLimit, TradeDate};

use super::{
    Postgres,
    row::{self, get},
};
use crate::{PriceLimits, Result};

#[async_trait]
impl PriceLimits for Postgres {
    async fn on(&self, trade_date: TradeDate) -> Result<Vec<PriceLimit>> {
        let sql = include_str!("sql/limits_on.sql");
        self.0
            .read("read price limits", sql, &[&trade_date.civil()], |row| {
                Ok(PriceLimit {
                    ts_code: row::code(row, 0)?,
                    trade_date,
                    pre_close: get(row, 1)?,
                    up_limit: get(row, 2)?,
                    down_limit: get(row, 3)?,
                })
            })
            .await
    }

    async fn day_counts(&self) -> Result<Vec<(TradeDate, u32)>> {
        let sql = include_str!("sql/limit_day_counts.sql");
        self.0
            .read("count the price limits of each day", sql, &[], |row| {
                Ok((row::date(row, 0)?, row::count(row, 1)?))
            })
            .await
    }
}
