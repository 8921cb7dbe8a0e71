//! Between market types and columns.

use jiff::Timestamp;
use rusqlite::Row;
use stockpile_market::{DailyBar, ListStatus, SecurityKind, TradeDate, TsCode};

use super::driver_error::ReadError;
use crate::Error;

pub(super) const fn kind_number(kind: SecurityKind) -> i64 {
    match kind {
        SecurityKind::Stock => 1,
        SecurityKind::Etf => 2,
        SecurityKind::Index => 3,
    }
}

pub(super) fn kind(row: &Row<'_>, column: usize) -> Result<SecurityKind, ReadError> {
    let number: i64 = row.get(column)?;
    SecurityKind::ALL
        .into_iter()
        .find(|kind| kind_number(*kind) == number)
        .ok_or_else(|| Error::Impossible { what: "kind of security", value: number.to_string() }.into())
}

pub(super) fn code(row: &Row<'_>, column: usize) -> Result<TsCode, ReadError> {
    let text = row
        .get_ref(column)?
        .as_bytes()
        .map_err(|error| Error::Impossible { what: "security code", value: error.to_string() })?;
    TsCode::from_bytes(text).map_err(|_| {
        Error::Impossible { what: "security code", value: String::from_utf8_lossy(text).into_owned() }.into()
    })
}

pub(super) fn date(row: &Row<'_>, column: usize) -> Result<TradeDate, ReadError> {
    let number: i32 = row.get(column)?;
    date_of(number)
}

pub(super) fn optional_date(row: &Row<'_>, column: usize) -> Result<Option<TradeDate>, ReadError> {
    row.get::<_, Option<i32>>(column)?.map(date_of).transpose()
}

pub(super) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp, ReadError> {
    Ok(time_of(row.get(column)?)?)
}

pub(super) fn time_of(milliseconds: i64) -> Result<Timestamp, Error> {
    Timestamp::from_millisecond(milliseconds)
        .map_err(|_| Error::Impossible { what: "time", value: milliseconds.to_string() })
}

pub(super) fn list_status(row: &Row<'_>, column: usize) -> Result<Option<ListStatus>, ReadError> {
    row.get::<_, Option<String>>(column)?
        .map(|letter| {
            letter.parse().map_err(|_| Error::Impossible { what: "listing status", value: letter }.into())
        })
        .transpose()
}

fn date_of(number: i32) -> Result<TradeDate, ReadError> {
    TradeDate::from_number(number)
        .ok_or_else(|| Error::Impossible { what: "date", value: number.to_string() }.into())
}

/// Reads the eleven columns of a bar, which every query on bars selects first and in this order.
pub(super) fn bar(row: &Row<'_>) -> Result<DailyBar, ReadError> {
    Ok(DailyBar {
        ts_code: code(row, 0)?,
        trade_date: date(row, 1)?,
        open: row.get(2)?,
        high: row.get(3)?,
        low: row.get(4)?,
        close: row.get(5)?,
        pre_close: row.get(6)?,
        change: row.get(7)?,
        pct_chg: row.get(8)?,
        vol: row.get(9)?,
        amount: row.get(10)?,
    })
}
