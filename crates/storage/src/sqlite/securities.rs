//! Facts about securities in SQLite.

use async_trait::async_trait;
use stockpile_market::Security;

use super::{connections::Connections, query::collect, row};
use crate::{Result, Securities};

#[async_trait]
impl Securities for Connections {
    async fn all(&self) -> Result<Vec<Security>> {
        self.read("read the securities", move |connection| {
            collect(connection, include_str!("sql/securities.sql"), [], |row| {
                Ok(Security {
                    ts_code: row::code(row, 0)?,
                    kind: row::kind(row, 1)?,
                    name: row.get(2)?,
                    area: row.get(3)?,
                    industry: row.get(4)?,
                    cnspell: row.get(5)?,
                    list_date: row::optional_date(row, 6)?,
                    delist_date: row::optional_date(row, 7)?,
                    list_status: row::list_status(row, 8)?,
                })
            })
        })
        .await
    }
}
