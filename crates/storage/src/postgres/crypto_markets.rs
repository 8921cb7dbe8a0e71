//! Prices of coins in PostgreSQL.

use async_trait::async_trait;
use stockpile_market::CryptoMarket;
use tokio_postgres::Row;

use super::{Postgres, row::get};
use crate::{CryptoMarkets, Result};

#[async_trait]
impl CryptoMarkets for Postgres {
    async fn latest(&self) -> Result<Vec<CryptoMarket>> {
        self.0.read("read the prices of coins", include_str!("sql/crypto_latest.sql"), &[], market).await
    }

    async fn latest_of(&self, symbols: &[String]) -> Result<Vec<CryptoMarket>> {
        // No text has a NUL, so no coin either.
        let symbols: Vec<&str> =
            symbols.iter().map(String::as_str).filter(|symbol| !symbol.contains('\0')).collect();
        let sql = include_str!("sql/crypto_latest_of.sql");
        self.0.read("read the prices of some coins", sql, &[&symbols], market).await
    }

    async fn any(&self) -> Result<bool> {
        self.0.read_one("look for coins", include_str!("sql/crypto_any.sql"), &[], |row| get(row, 0)).await
    }
}

fn market(row: &Row) -> Result<CryptoMarket> {
    Ok(CryptoMarket {
        id: get(row, 0)?,
        symbol: get(row, 1)?,
        name: get(row, 2)?,
        price: get(row, 3)?,
        market_cap: get(row, 4)?,
        volume_24h: get(row, 5)?,
        change_24h: get(row, 6)?,
        last_updated: get(row, 7)?,
    })
}
