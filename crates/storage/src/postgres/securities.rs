//! Facts about securities in PostgreSQL.

use async_trait::async_trait;
use stockpile_market::Security;

use super::{
    Postgres,
    row::{self, get},
};
use crate::{Result, Securities};

#[async_trait]
impl Securities for Postgres {
    async fn all(&self) -> Result<Vec<Security>> {
        self.0
            .read("read the securities", include_str!("sql/securities.sql"), &[], |row| {
                Ok(Security {
                    ts_code: row::code(row, 0)?,
                    kind: row::kind(row, 1)?,
                    name: get(row, 2)?,
                    area: get(row, 3)?,
                    industry: get(row, 4)?,
                    cnspell: get(row, 5)?,
                    list_date: row::optional_date(row, 6)?,
                    delist_date: row::optional_date(row, 7)?,
                    list_status: row::list_status(row, 8)?,
                })
            })
            .await
    }
}
