//! Between market types and columns.

use jiff::{Timestamp, civil::Date};
use stockpile_market::{DailyBar, ListStatus, SecurityKind, TradeDate, TsCode};
use tokio_postgres::{Row, types::FromSql};

use crate::{Error, Result};

pub(super) const fn kind_number(kind: SecurityKind) -> i16 {
    match kind {
        SecurityKind::Stock => 1,
        SecurityKind::Etf => 2,
        SecurityKind::Index => 3,
    }
}

/// Minutes of trading and seconds of candles fit easily.
pub(super) fn small(number: u32) -> i16 {
    i16::try_from(number).unwrap_or(i16::MAX)
}

pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T> {
    row.try_get(column)
        .map_err(|error| Error::Impossible { what: "value", value: format!("column {column}: {error}") })
}

pub(super) fn kind(row: &Row, column: usize) -> Result<SecurityKind> {
    let number: i16 = get(row, column)?;
    SecurityKind::ALL
        .into_iter()
        .find(|kind| kind_number(*kind) == number)
        .ok_or_else(|| Error::Impossible { what: "kind of security", value: number.to_string() })
}

pub(super) fn code(row: &Row, column: usize) -> Result<TsCode> {
    let text: &str = get(row, column)?;
    text.parse().map_err(|_| Error::Impossible { what: "security code", value: text.to_owned() })
}

pub(super) fn date(row: &Row, column: usize) -> Result<TradeDate> {
    get::<Date>(row, column).map(TradeDate::from)
}

pub(super) fn optional_date(row: &Row, column: usize) -> Result<Option<TradeDate>> {
    Ok(get::<Option<Date>>(row, column)?.map(TradeDate::from))
}

pub(super) fn count(row: &Row, column: usize) -> Result<u32> {
    let number: i64 = get(row, column)?;
    u32::try_from(number).map_err(|_| Error::Impossible { what: "number of rows", value: number.to_string() })
}

pub(super) fn large_count(row: &Row, column: usize) -> Result<u64> {
    let number: i64 = get(row, column)?;
    u64::try_from(number).map_err(|_| Error::Impossible { what: "number", value: number.to_string() })
}

pub(super) fn list_status(row: &Row, column: usize) -> Result<Option<ListStatus>> {
    get::<Option<&str>>(row, column)?
        .map(|letter| {
            letter.parse().map_err(|_| Error::Impossible { what: "listing status", value: letter.to_owned() })
        })
        .transpose()
}

/// The stores keep milliseconds.
pub(super) fn whole_milliseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

/// The first millisecond PostgreSQL knows, of Julian day 0 in 4714 BC; there are earlier ones to ask for, and no rows before.
const EARLIEST_MS: i64 = -2_440_588 * 86_400_000;

/// A bound of a query that PostgreSQL can read.
pub(super) fn bound(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond().max(EARLIEST_MS)).unwrap_or(time)
}

/// Reads the eleven columns of a bar, which every query on bars selects first and in this order.
pub(super) fn bar(row: &Row) -> Result<DailyBar> {
    Ok(DailyBar {
        ts_code: code(row, 0)?,
        trade_date: date(row, 1)?,
        open: get(row, 2)?,
        high: get(row, 3)?,
        low: get(row, 4)?,
        close: get(row, 5)?,
        pre_close: get(row, 6)?,
        change: get(row, 7)?,
        pct_chg: get(row, 8)?,
        vol: get(row, 9)?,
        amount: get(row, 10)?,
    })
}
