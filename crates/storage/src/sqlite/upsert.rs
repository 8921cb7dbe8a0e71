//! Writing batches: each row replaces the one of an earlier run with the same key.

mod facts;
mod intraday;

use std::fmt::Debug;

pub(super) use facts::{basics, suspensions};
pub(super) use intraday::{candles, crypto_markets, minute_bars};

use rusqlite::{CachedStatement, Connection, params};
use stockpile_market::{
    AdjFactor, CalendarDay, DailyBar, ListStatus, PriceLimit, Security, SecurityKind, TradeDate,
};

use super::row::kind_number;
use crate::{Duplicate, RunId, SourceRow};

/// Writes rows in the order of their key, so that neighbours share pages.
///
/// The statement leaves a row alone whose key this run wrote before; such rows are returned.
fn write<T, K: Ord + Debug>(
    connection: &Connection,
    sql: &str,
    mut rows: Vec<SourceRow<T>>,
    key: impl Fn(&T) -> K,
    execute: impl Fn(&mut CachedStatement<'_>, &T) -> rusqlite::Result<usize>,
) -> rusqlite::Result<Vec<Duplicate>> {
    rows.sort_by_key(|row| key(&row.row));
    let mut statement = connection.prepare_cached(sql)?;
    let mut duplicates = Vec::new();
    for SourceRow { line, row } in &rows {
        if execute(&mut statement, row)? == 0 {
            duplicates.push(Duplicate { line: *line, key: format!("{:?}", key(row)) });
        }
    }
    Ok(duplicates)
}

pub(super) fn bars(
    connection: &Connection,
    run: RunId,
    kind: SecurityKind,
    adjusted: bool,
    rows: Vec<SourceRow<DailyBar>>,
) -> rusqlite::Result<Vec<Duplicate>> {
    let sql = include_str!("sql/upsert_bar.sql");
    write(
        connection,
        sql,
        rows,
        |bar| (bar.trade_date, bar.ts_code),
        |statement, bar| {
            statement.execute(params![
                kind_number(kind),
                bar.trade_date.number(),
                bar.ts_code.text().as_str(),
                bar.open,
                bar.high,
                bar.low,
                bar.close,
                bar.pre_close,
                bar.change,
                bar.pct_chg,
                bar.vol,
                bar.amount,
                bar.is_adjusted(kind) || (adjusted && kind != SecurityKind::Index),
                run.0,
            ])
        },
    )
}

pub(super) fn factors(
    connection: &Connection,
    run: RunId,
    rows: Vec<SourceRow<AdjFactor>>,
) -> rusqlite::Result<Vec<Duplicate>> {
    let sql = include_str!("sql/upsert_factor.sql");
    write(
        connection,
        sql,
        rows,
        |factor| (factor.ts_code, factor.trade_date),
        |statement, factor| {
            statement.execute(params![
                factor.ts_code.text().as_str(),
                factor.trade_date.number(),
                factor.adj_factor,
                run.0,
            ])
        },
    )
}

pub(super) fn securities(
    connection: &Connection,
    run: RunId,
    rows: Vec<SourceRow<Security>>,
) -> rusqlite::Result<Vec<Duplicate>> {
    let sql = include_str!("sql/upsert_security.sql");
    write(
        connection,
        sql,
        rows,
        |security| security.ts_code,
        |statement, security| {
            statement.execute(params![
                security.ts_code.text().as_str(),
                kind_number(security.kind),
                security.name,
                security.area,
                security.industry,
                security.cnspell,
                security.list_date.map(TradeDate::number),
                security.delist_date.map(TradeDate::number),
                security.list_status.map(ListStatus::letter),
                run.0,
            ])
        },
    )
}

pub(super) fn calendar(
    connection: &Connection,
    run: RunId,
    rows: Vec<SourceRow<CalendarDay>>,
) -> rusqlite::Result<Vec<Duplicate>> {
    let sql = include_str!("sql/upsert_calendar_day.sql");
    write(
        connection,
        sql,
        rows,
        |day| (day.exchange, day.cal_date),
        |statement, day| {
            statement.execute(params![
                day.exchange.name(),
                day.cal_date.number(),
                day.is_open,
                day.pretrade_date.map(TradeDate::number),
                run.0,
            ])
        },
    )
}

pub(super) fn price_limits(
    connection: &Connection,
    run: RunId,
    rows: Vec<SourceRow<PriceLimit>>,
) -> rusqlite::Result<Vec<Duplicate>> {
    let sql = include_str!("sql/upsert_limit.sql");
    write(
        connection,
        sql,
        rows,
        |limit| (limit.trade_date, limit.ts_code),
        |statement, limit| {
            statement.execute(params![
                limit.trade_date.number(),
                limit.ts_code.text().as_str(),
                limit.pre_close,
                limit.up_limit,
                limit.down_limit,
                run.0,
            ])
        },
    )
}
