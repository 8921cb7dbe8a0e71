//! Adjustment factors in SQLite.

use async_trait::async_trait;
use rusqlite::named_params;
use stockpile_market::{AdjFactor, TsCode};

use super::{connections::Connections, query::collect, row};
use crate::{AdjFactors, Result};

#[async_trait]
impl AdjFactors for Connections {
    async fn of(&self, code: TsCode) -> Result<Vec<AdjFactor>> {
        self.read("read adjustment factors", move |connection| {
            collect(
                connection,
                include_str!("sql/factors_of.sql"),
                named_params! { ":ts_code": code.text().as_str() },
                |row| {
                    Ok(AdjFactor { ts_code: code, trade_date: row::date(row, 0)?, adj_factor: row.get(1)? })
                },
            )
        })
        .await
    }
}
