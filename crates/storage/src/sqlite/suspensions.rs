//! Suspensions in SQLite.

use async_trait::async_trait;
use rusqlite::named_params;
use stockpile_market::{Suspension, TradeDate};

use super::{connections::Connections, query::collect, row};
use crate::{Error, Result, Suspensions};

#[async_trait]
impl Suspensions for Connections {
    async fn on(&self, trade_date: TradeDate) -> Result<Vec<Suspension>> {
        self.read("read suspensions", move |connection| {
            collect(
                connection,
                include_str!("sql/suspensions_on.sql"),
                named_params! { ":trade_date": trade_date.number() },
                |row| {
                    let letter: String = row.get(1)?;
                    Ok(Suspension {
                        ts_code: row::code(row, 0)?,
                        trade_date,
                        suspend_type: letter
                            .parse()
                            .map_err(|_| Error::Impossible { what: "type of suspension", value: letter })?,
                        suspend_timing: row.get(2)?,
                    })
                },
            )
        })
        .await
    }
}
