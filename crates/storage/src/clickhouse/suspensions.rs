//! Suspensions in ClickHouse.

use ::clickhouse::Row;
use async_trait::async_trait;
use serde::Deserialize;
use stockpile_market::{Suspension, TradeDate};

use super::{
    ClickHouse,
    row::{self, CodeBytes},
};
use crate::{Error, Result, Suspensions};

#[derive(Row, Deserialize)]
struct ReadSuspension {
    ts_code: CodeBytes,
    suspend_type: [u8; 1],
    suspend_timing: Option<String>,
}

#[async_trait]
impl Suspensions for ClickHouse {
    async fn on(&self, trade_date: TradeDate) -> Result<Vec<Suspension>> {
        let query = self
            .server
            .query(include_str!("sql/suspensions_on.sql"))
            .param("trade_date", row::day(trade_date));
        let rows: Vec<ReadSuspension> = self.server.read("read suspensions", query).await?;
        rows.into_iter()
            .map(|read| {
                let letter = String::from_utf8_lossy(&read.suspend_type).into_owned();
                Ok(Suspension {
                    ts_code: row::code(read.ts_code)?,
                    trade_date,
                    suspend_type: letter
                        .parse()
                        .map_err(|_| Error::Impossible { what: "type of suspension", value: letter })?,
                    suspend_timing: read.suspend_timing,
                })
            })
            .collect()
    }
}
