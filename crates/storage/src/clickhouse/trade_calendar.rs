//! The trading calendar in ClickHouse.

use ::clickhouse::Row;
use async_trait::async_trait;
use serde::Deserialize;
use stockpile_market::{CalendarDay, Exchange};

use super::{ClickHouse, row, rows::optional_date};
use crate::{Result, TradeCalendar};

#[derive(Row, Deserialize)]
struct ReadDay {
    cal_date: i32,
    is_open: bool,
    pretrade_date: Option<i32>,
}

#[async_trait]
impl TradeCalendar for ClickHouse {
    async fn days(&self, exchange: Exchange) -> Result<Vec<CalendarDay>> {
        let query =
            self.server.query(include_str!("sql/calendar_days.sql")).param("exchange", exchange.name());
        let rows: Vec<ReadDay> = self.server.read("read the calendar", query).await?;
        rows.into_iter()
            .map(|read| {
                Ok(CalendarDay {
                    exchange,
                    cal_date: row::date(read.cal_date)?,
                    is_open: read.is_open,
                    pretrade_date: optional_date(read.pretrade_date)?,
                })
            })
            .collect()
    }
}
