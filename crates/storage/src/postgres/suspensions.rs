//! Suspensions in PostgreSQL.

use async_trait::async_trait;
use stockpile_market::{Suspension, TradeDate};

use super::{
    Postgres,
    row::{self, get},
};
use crate::{Error, Result, Suspensions};

#[async_trait]
impl Suspensions for Postgres {
    async fn on(&self, trade_date: TradeDate) -> Result<Vec<Suspension>> {
        let sql = include_str!("sql/suspensions_on.sql");
        self.0
            .read("read suspensions", sql, &[&trade_date.civil()], |row| {
                let letter: &str = get(row, 1)?;
                let impossible =
                    |_| Error::Impossible { what: "type of suspension", value: letter.to_owned() };
                Ok(Suspension {
                    ts_code: row::code(row, 0)?,
                    trade_date,
                    suspend_type: letter.parse().map_err(impossible)?,
                    suspend_timing: get(row, 2)?,
                })
            })
            .await
    }
}
