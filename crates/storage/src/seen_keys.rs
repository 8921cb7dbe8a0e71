//! The keys a run has met, so that a store finds duplicates without asking its engine.
//!
//! A key is a series, such as a security, and a place in it, such as a day. The places of a series lie close together, so
//! a bitmap holds each of ten million daily keys in about three bytes.
#![allow(dead_code, reason = "the stores on a server use it, each behind a feature of its own")]

use std::{collections::HashMap, fmt::Debug, hash::Hash};

use jiff::Timestamp;
use roaring::RoaringTreemap;
use stockpile_market::{
    AdjFactor, BarFreq, CalendarDay, Candle, CryptoMarket, DailyBar, DailyBasic, Exchange, Interval,
    MinuteBar, PriceLimit, Security, SecurityKind, SuspendType, Suspension, TsCode,
};

use crate::{Duplicate, SourceRow};

/// The keys one run has met in each table.
///
/// Each method leaves in `rows` those whose key is new, in their order, and gives back the others. Times are told apart
/// by the millisecond, as the stores keep them.
#[derive(Debug, Default)]
pub(crate) struct SeenKeys {
    bars: Series<(SecurityKind, TsCode)>,
    factors: Series<TsCode>,
    securities: Series<TsCode>,
    calendar: Series<Exchange>,
    price_limits: Series<TsCode>,
    basics: Series<TsCode>,
    suspensions: Series<(TsCode, SuspendType)>,
    minute_bars: Series<(TsCode, BarFreq, u64)>,
    candles: Series<(u32, Interval, u64)>,
    crypto_markets: Series<u32>,
    names: Names,
}

impl SeenKeys {
    pub(crate) fn bars(&mut self, kind: SecurityKind, rows: &mut Vec<SourceRow<DailyBar>>) -> Vec<Duplicate> {
        take_met(
            rows,
            |bar| self.bars.insert((kind, bar.ts_code), day(bar.trade_date)),
            |bar| (bar.trade_date, bar.ts_code),
        )
    }

    pub(crate) fn factors(&mut self, rows: &mut Vec<SourceRow<AdjFactor>>) -> Vec<Duplicate> {
        take_met(
            rows,
            |factor| self.factors.insert(factor.ts_code, day(factor.trade_date)),
            |factor| (factor.ts_code, factor.trade_date),
        )
    }

    pub(crate) fn securities(&mut self, rows: &mut Vec<SourceRow<Security>>) -> Vec<Duplicate> {
        take_met(rows, |security| self.securities.insert(security.ts_code, 0), |security| security.ts_code)
    }

    pub(crate) fn calendar(&mut self, rows: &mut Vec<SourceRow<CalendarDay>>) -> Vec<Duplicate> {
        take_met(
            rows,
            |row| self.calendar.insert(row.exchange, day(row.cal_date)),
            |row| (row.exchange, row.cal_date),
        )
    }

    pub(crate) fn price_limits(&mut self, rows: &mut Vec<SourceRow<PriceLimit>>) -> Vec<Duplicate> {
        take_met(
            rows,
            |limit| self.price_limits.insert(limit.ts_code, day(limit.trade_date)),
            |limit| (limit.trade_date, limit.ts_code),
        )
    }

    pub(crate) fn basics(&mut self, rows: &mut Vec<SourceRow<DailyBasic>>) -> Vec<Duplicate> {
        take_met(
            rows,
            |basic| self.basics.insert(basic.ts_code, day(basic.trade_date)),
            |basic| (basic.trade_date, basic.ts_code),
        )
    }

    pub(crate) fn suspensions(&mut self, rows: &mut Vec<SourceRow<Suspension>>) -> Vec<Duplicate> {
        take_met(
            rows,
            |row| self.suspensions.insert((row.ts_code, row.suspend_type), day(row.trade_date)),
            |row| (row.trade_date, row.ts_code, row.suspend_type),
        )
    }

    pub(crate) fn minute_bars(&mut self, rows: &mut Vec<SourceRow<MinuteBar>>) -> Vec<Duplicate> {
        take_met(
            rows,
            |bar| {
                let (step, rest) = steps(bar.time, bar.freq.minutes() * 60);
                self.minute_bars.insert((bar.ts_code, bar.freq, rest), step)
            },
            |bar| (bar.ts_code, bar.freq, bar.time),
        )
    }

    pub(crate) fn candles(&mut self, rows: &mut Vec<SourceRow<Candle>>) -> Vec<Duplicate> {
        take_met(
            rows,
            |candle| {
                let (step, rest) = steps(candle.time, candle.interval.seconds());
                self.candles.insert((self.names.number(&candle.symbol), candle.interval, rest), step)
            },
            |candle| (candle.symbol.clone(), candle.interval, candle.time),
        )
    }

    pub(crate) fn crypto_markets(&mut self, rows: &mut Vec<SourceRow<CryptoMarket>>) -> Vec<Duplicate> {
        take_met(
            rows,
            |market| {
                let millisecond = ascending(market.last_updated.as_millisecond());
                self.crypto_markets.insert(self.names.number(&market.id), millisecond)
            },
            |market| (market.id.clone(), market.last_updated),
        )
    }
}

/// Takes out the rows that `insert` calls known, and names each by its key.
fn take_met<T, K: Debug>(
    rows: &mut Vec<SourceRow<T>>,
    mut insert: impl FnMut(&T) -> bool,
    key: impl Fn(&T) -> K,
) -> Vec<Duplicate> {
    let mut met = Vec::new();
    rows.retain(|SourceRow { line, row }| {
        let new = insert(row);
        if !new {
            met.push(Duplicate { line: *line, key: format!("{:?}", key(row)) });
        }
        new
    });
    met
}

fn day(date: stockpile_market::TradeDate) -> u64 {
    u64::from(date.number().unsigned_abs())
}

/// A time as a number of steps and what is left of it, milliseconds: in a regular series the rest is always the same,
/// and the steps are neighbours.
fn steps(time: Timestamp, step_seconds: u32) -> (u64, u64) {
    let (milliseconds, step) = (time.as_millisecond(), i64::from(step_seconds) * 1000);
    (ascending(milliseconds.div_euclid(step)), milliseconds.rem_euclid(step).unsigned_abs())
}

/// Moves times before 1970 below the others.
fn ascending(number: i64) -> u64 {
    number.cast_unsigned() ^ (1 << 63)
}

/// Places met in each series.
#[derive(Debug)]
struct Series<S>(HashMap<S, RoaringTreemap>);

impl<S> Default for Series<S> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<S: Eq + Hash> Series<S> {
    /// Notes a place; false when it was known.
    fn insert(&mut self, series: S, place: u64) -> bool {
        self.0.entry(series).or_default().insert(place)
    }
}

/// A number for each name, so that a name is kept once.
#[derive(Debug, Default)]
struct Names(HashMap<String, u32>);

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.0.get(name) {
            return *number;
        }
        // Four billion names do not fit in memory.
        let number = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.insert(name.to_owned(), number);
        number
    }
}

#[cfg(test)]
mod tests;
