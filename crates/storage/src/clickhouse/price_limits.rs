//! Published price limits in ClickHouse.

use ::clickhouse::Row;
use async_trait::async_trait;
use serde::Deserialize;
use stockpile_market::{PriceLimit, TradeDate};

use super::{
    ClickHouse,
    row::{self, CodeBytes},
};
use crate::{PriceLimits, Result};

#[derive(Row, Deserialize)]
struct ReadLimit {
    ts_code: CodeBytes,
    pre_close: Option<f64>,
    up_limit: f64,
    down_limit: f64,
}

#[async_trait]
impl PriceLimits for ClickHouse {
    async fn on(&self, trade_date: TradeDate) -> Result<Vec<PriceLimit>> {
        let query =
            self.server.query(include_str!("sql/limits_on.sql")).param("trade_date", row::day(trade_date));
        let rows: Vec<ReadLimit> = self.server.read("read price limits", query).await?;
        rows.into_iter()
            .map(|read| {
                Ok(PriceLimit {
                    ts_code: row::code(read.ts_code)?,
                    trade_date,
                    pre_close: read.pre_close,
                    up_limit: read.up_limit,
                    down_limit: read.down_limit,
                })
            })
            .collect()
    }

    async fn day_counts(&self) -> Result<Vec<(TradeDate, u32)>> {
        let query = self.server.query(include_str!("sql/limit_day_counts.sql"));
        let rows: Vec<(i32, u32)> = self.server.read("count the price limits of each day", query).await?;
        rows.into_iter().map(|(day, count)| Ok((row::date(day)?, count))).collect()
    }
}
