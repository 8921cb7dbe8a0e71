//! Prices of coins in SQLite.

use async_trait::async_trait;
use rusqlite::{Row, named_params};
use stockpile_market::CryptoMarket;

use super::{connections::Connections, driver_error::ReadError, query::collect, row};
use crate::{CryptoMarkets, Result};

#[async_trait]
impl CryptoMarkets for Connections {
    async fn latest(&self) -> Result<Vec<CryptoMarket>> {
        self.read("read the prices of coins", |connection| {
            collect(connection, include_str!("sql/crypto_latest.sql"), [], market)
        })
        .await
    }

    async fn latest_of(&self, symbols: &[String]) -> Result<Vec<CryptoMarket>> {
        let symbols = symbols.to_vec();
        self.read("read the prices of some coins", move |connection| {
            let sql = include_str!("sql/crypto_latest_of_symbol.sql");
            let mut found = Vec::new();
            for symbol in symbols {
                found.extend(collect(connection, sql, named_params! { ":symbol": symbol }, market)?);
            }
            Ok(found)
        })
        .await
    }

    async fn any(&self) -> Result<bool> {
        self.read("look for coins", |connection| {
            Ok(connection.query_row(include_str!("sql/crypto_any.sql"), [], |row| row.get(0))?)
        })
        .await
    }
}

fn market(row: &Row<'_>) -> Result<CryptoMarket, ReadError> {
    Ok(CryptoMarket {
        id: row.get(0)?,
        symbol: row.get(1)?,
        name: row.get(2)?,
        price: row.get(3)?,
        market_cap: row.get(4)?,
        volume_24h: row.get(5)?,
        change_24h: row.get(6)?,
        last_updated: row::time(row, 7)?,
    })
}
