//! Adjustment factors in SQLite.

use async_trait::async_trait;
use rusqlite::named_params;
use stockpile_market::{AdjFactor, TradeDate, TsCode};

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

    async fn day_counts(&self) -> Result<Vec<(TradeDate, u32)>> {
        self.read("count the adjustment factors of each day", |connection| {
            collect(connection, include_str!("sql/factor_day_counts.sql"), [], |row| {
                Ok((row::date(row, 0)?, row.get(1)?))
            })
        })
        .await
    }
}
