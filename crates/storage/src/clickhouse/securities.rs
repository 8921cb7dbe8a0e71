//! Facts about securities in ClickHouse.

use async_trait::async_trait;
use stockpile_market::Security;

use super::{
    ClickHouse,
    rows::{ReadSecurity, converted},
};
use crate::{Result, Securities};

#[async_trait]
impl Securities for ClickHouse {
    async fn all(&self) -> Result<Vec<Security>> {
        let query = self.server.query(include_str!("sql/securities.sql"));
        converted::<ReadSecurity, _>(self.server.read("read the securities", query).await?)
    }
}
