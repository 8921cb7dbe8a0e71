//! The trading calendar in PostgreSQL.

use async_trait::async_trait;
use stockpile_market::{CalendarDay, Exchange};

use super::{
    Postgres,
    row::{self, get},
};
use crate::{Result, TradeCalendar};

#[async_trait]
impl TradeCalendar for Postgres {
    async fn days(&self, exchange: Exchange) -> Result<Vec<CalendarDay>> {
        let sql = include_str!("sql/calendar_days.sql");
        self.0
            .read("read the trading calendar", sql, &[&exchange.name()], |row| {
                Ok(CalendarDay {
                    exchange,
                    cal_date: row::date(row, 0)?,
                    is_open: get(row, 1)?,
                    pretrade_date: row::optional_date(row, 2)?,
                })
            })
            .await
    }
}
