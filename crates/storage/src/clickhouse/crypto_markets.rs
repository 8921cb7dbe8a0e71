//! Prices of coins in ClickHouse.

use async_trait::async_trait;
use stockpile_market::CryptoMarket;

use super::{
    ClickHouse,
    rows::{ReadCryptoMarket, converted},
};
use crate::{CryptoMarkets, Result};

#[async_trait]
impl CryptoMarkets for ClickHouse {
    async fn latest(&self) -> Result<Vec<CryptoMarket>> {
        let query = self.server.query(include_str!("sql/crypto_latest.sql"));
        converted::<ReadCryptoMarket, _>(self.server.read("read the prices of coins", query).await?)
    }

    async fn latest_of(&self, symbols: &[String]) -> Result<Vec<CryptoMarket>> {
        if symbols.is_empty() {
            return Ok(Vec::new());
        }
        let query =
            self.server.query(include_str!("sql/crypto_latest_of_symbols.sql")).param("symbols", symbols);
        let rows: Vec<ReadCryptoMarket> = self.server.read("read the prices of some coins", query).await?;
        let markets: Vec<CryptoMarket> = converted(rows)?;
        Ok(symbols
            .iter()
            .flat_map(|symbol| markets.iter().filter(move |market| market.symbol == *symbol).cloned())
            .collect())
    }

    async fn any(&self) -> Result<bool> {
        let query = self.server.query(include_str!("sql/crypto_any.sql"));
        Ok(self.server.read::<bool>("look for coins", query).await?.contains(&true))
    }
}
