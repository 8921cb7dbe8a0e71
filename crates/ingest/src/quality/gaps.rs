//! What is missing between the first and the last of a series.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use stockpile_market::{Interval, SecurityKind, TradeDate, TradingCalendar, TsCode};
use stockpile_storage::{BarRange, CandleGap, DayCount, Result, Store};

/// Seconds of an hour and of a day. A pair's minutes are too many to walk.
const INTERVALS: [u32; 2] = [3600, 86_400];

/// A day and some securities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayCodes {
    /// Trading day.
    pub trade_date: TradeDate,
    /// Securities, by code.
    pub ts_codes: Vec<TsCode>,
}

/// A pair that lacks candles between its first and its last one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CandleQuality {
    /// Pair in upper case, such as `BTCUSDT`.
    pub symbol: String,
    /// How much time each candle covers.
    pub interval: Interval,
    /// Candles missing in all gaps.
    pub missing: u64,
    /// The gaps, oldest first.
    pub gaps: Vec<MissingCandles>,
}

/// Candles in a row that are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MissingCandles {
    /// When the first of them would open.
    pub first: Timestamp,
    /// When the last of them would open.
    pub last: Timestamp,
    /// How many.
    pub missing: u64,
}

/// The days on which some securities of a kind have bars and others lack theirs. Reads the bars of those that lack some.
pub(super) async fn of_codes(
    store: &Store,
    kind: SecurityKind,
    counts: &[DayCount],
    calendar: &TradingCalendar,
) -> Result<Vec<DayCodes>> {
    let mut found: BTreeMap<TradeDate, Vec<TsCode>> = BTreeMap::new();
    for span in store.bars.spans(kind).await? {
        let days =
            counts.iter().map(|day| day.trade_date).filter(|day| (span.first..=span.last).contains(day));
        if days.clone().count() <= span.rows as usize {
            continue;
        }
        let range = BarRange::Between(span.first, span.last);
        let bars = store.bars.of(kind, span.ts_code, range, u32::MAX).await?;
        let has_bar = |day: &TradeDate| bars.binary_search_by_key(day, |bar| bar.bar.trade_date).is_ok();
        // A stray bar on a closed day is none that others lack.
        for day in days.filter(|day| calendar.is_open(*day) != Some(false) && !has_bar(day)) {
            found.entry(day).or_default().push(span.ts_code);
        }
    }
    Ok(found.into_iter().map(|(trade_date, ts_codes)| DayCodes { trade_date, ts_codes }).collect())
}

/// The pairs that lack hourly or daily candles.
pub(super) async fn of_candles(store: &Store) -> Result<Vec<CandleQuality>> {
    let mut found = Vec::new();
    for interval in INTERVALS.into_iter().filter_map(Interval::from_seconds) {
        let gaps = store.candles.gaps(interval).await?;
        found.extend(gaps.chunk_by(|gap, next| gap.symbol == next.symbol).filter_map(|gaps| {
            let symbol = gaps.first()?.symbol.clone();
            let gaps: Vec<_> = gaps.iter().filter_map(|gap| missing(gap, interval)).collect();
            let missing = gaps.iter().map(|gap| gap.missing).sum();
            Some(CandleQuality { symbol, interval, missing, gaps })
        }));
    }
    Ok(found)
}

/// The candles that would open between two, counted from the first.
fn missing(gap: &CandleGap, interval: Interval) -> Option<MissingCandles> {
    let step = SignedDuration::from_secs(interval.seconds().into());
    let between = gap.after.duration_since(gap.before) - SignedDuration::from_millis(1);
    let count = between.as_millis() / step.as_millis();
    let last = step.checked_mul(i32::try_from(count).ok()?)?;
    Some(MissingCandles {
        first: gap.before.checked_add(step).ok()?,
        last: gap.before.checked_add(last).ok()?,
        missing: u64::try_from(count).ok()?,
    })
}
