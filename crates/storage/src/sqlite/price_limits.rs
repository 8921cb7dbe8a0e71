//! Published price limits in SQLite.

use async_trait::async_trait;
use rusqlite::named_params;
use stockpile_market::{PriceLimit, TradeDate};

use super::{connections::Connections, query::collect, row};
use crate::{PriceLimits, Result};

#[async_trait]
impl PriceLimits for Connections {
    async fn on(&self, trade_date: TradeDate) -> Result<Vec<PriceLimit>> {
        self.read("read price limits", move |connection| {
            collect(
                connection,
                include_str!("sql/limits_on.sql"),
                named_params! { ":trade_date": trade_date.number() },
                |row| {
                    Ok(PriceLimit {
                        ts_code: row::code(row, 0)?,
                        trade_date,
                        pre_close: row.get(1)?,
                        up_limit: row.get(2)?,
                        down_limit: row.get(3)?,
                    })
                },
            )
        })
        .await
    }

    async fn day_counts(&self) -> Result<Vec<(TradeDate, u32)>> {
        self.read("count the price limits of each day", |connection| {
            collect(connection, include_str!("sql/limit_day_counts.sql"), [], |row| {
                Ok((row::date(row, 0)?, row.get(1)?))
            })
        })
        .await
    }
}
