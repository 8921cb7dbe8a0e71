//! The trading calendar in SQLite.

use async_trait::async_trait;
use rusqlite::named_params;
use stockpile_market::{CalendarDay, Exchange};

use super::{connections::Connections, query::collect, row};
use crate::{Result, TradeCalendar};

#[async_trait]
impl TradeCalendar for Connections {
    async fn days(&self, exchange: Exchange) -> Result<Vec<CalendarDay>> {
        self.read("read the trading calendar", move |connection| {
            collect(
                connection,
                include_str!("sql/calendar_days.sql"),
                named_params! { ":exchange": exchange.name() },
                |row| {
                    Ok(CalendarDay {
                        exchange,
                        cal_date: row::date(row, 0)?,
                        is_open: row.get(1)?,
                        pretrade_date: row::optional_date(row, 2)?,
                    })
                },
            )
        })
        .await
    }
}
