//! Adjustment factors in ClickHouse.

use async_trait::async_trait;
use stockpile_market::{AdjFactor, TradeDate, TsCode};

use super::{ClickHouse, row};
use crate::{AdjFactors, Result};

#[async_trait]
impl AdjFactors for ClickHouse {
    async fn of(&self, code: TsCode) -> Result<Vec<AdjFactor>> {
        let query =
            self.server.query(include_str!("sql/factors_of.sql")).param("ts_code", code.text().as_str());
        let rows: Vec<(i32, f64)> = self.server.read("read adjustment factors", query).await?;
        rows.into_iter()
            .map(|(day, adj_factor)| Ok(AdjFactor { ts_code: code, trade_date: row::date(day)?, adj_factor }))
            .collect()
    }

    async fn day_counts(&self) -> Result<Vec<(TradeDate, u32)>> {
        let query = self.server.query(include_str!("sql/factor_day_counts.sql"));
        let rows: Vec<(i32, u32)> =
            self.server.read("count the adjustment factors of each day", query).await?;
        rows.into_iter().map(|(day, count)| Ok((row::date(day)?, count))).collect()
    }
}
