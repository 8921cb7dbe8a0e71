//! Adjustment factors in ClickHouse.

use async_trait::async_trait;
use stockpile_market::{AdjFactor, TsCode};

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
}
