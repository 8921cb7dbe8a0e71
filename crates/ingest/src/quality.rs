//! What is missing or odd in a store, for a person to act on.

mod gaps;
#[cfg(test)]
mod tests;

pub use gaps::{CandleQuality, DayCodes, MissingCandles};
use serde::Serialize;
use stockpile_market::{
    DayIndex, Exchange, SecurityKind, TradeDate, TradingCalendar, TsCode, is_adjusted_day,
};
use stockpile_storage::{DayCount, Result, Store};

/// What a look through a store found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Quality {
    /// One report for each kind that has bars.
    pub bars: Vec<BarQuality>,
    /// Pairs that lack hourly or daily candles, the hours first, then by name.
    pub candles: Vec<CandleQuality>,
}

/// A day and its bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DayRows {
    /// Trading day.
    pub trade_date: TradeDate,
    /// Bars.
    pub rows: u32,
}

/// What a store holds of one kind of daily bars, and what is odd about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BarQuality {
    /// Stocks, ETFs or indices.
    pub kind: SecurityKind,
    /// Bars.
    pub rows: u64,
    /// Days with bars.
    pub days: u64,
    /// First and last day with bars.
    pub span: Option<(TradeDate, TradeDate)>,
    /// Whether the calendar knows every day of the span; days are found missing only where it does.
    pub calendar_known: bool,
    /// Open days within the span that have no bar.
    pub missing: Vec<TradeDate>,
    /// Open days behind the span and before today.
    pub behind: Vec<TradeDate>,
    /// Days with bars on which the exchanges were closed.
    pub closed: Vec<DayRows>,
    /// Days with far fewer bars than their neighbours.
    pub incomplete: Vec<DayRows>,
    /// Days whose prices the source has adjusted: limits cannot be counted on them. Never of indices.
    pub adjusted: Vec<TradeDate>,
    /// Days with bars but without valuations, in the span of the valuations; stocks only.
    pub without_valuations: Vec<TradeDate>,
    /// Days with bars on which nothing, not even a fund, has an adjustment factor, in the span of the factors; stocks only.
    pub without_factors: Vec<TradeDate>,
    /// Days with bars on which nothing, not even a fund, has price limits, in the span of the limits; stocks only.
    pub without_limits: Vec<TradeDate>,
    /// Days on which some have bars and others, which have bars before and after, have none; indices only.
    pub gaps: Vec<DayCodes>,
    /// Securities with bars but without a row of facts: they have no name.
    pub without_facts: Vec<TsCode>,
}

/// Looks through a store. Reads the code of every bar and every adjustment factor and price limit, so it takes seconds.
///
/// # Errors
///
/// The [store's error](stockpile_storage::Error) when it cannot be asked.
pub async fn check(store: &Store, today: TradeDate) -> Result<Quality> {
    let rows = store.calendar.days(Exchange::Sse).await?;
    // A key is an exchange and a day, so a day comes once.
    let calendar = TradingCalendar::from_rows(rows.iter().map(|day| (day.cal_date, day.is_open)))
        .unwrap_or_else(|_| TradingCalendar::from_open_days([]));
    let mut bars = Vec::new();
    for kind in SecurityKind::ALL {
        let counts = store.bars.day_counts(kind).await?;
        if counts.is_empty() {
            continue;
        }
        let mut report = judge(kind, &counts, &calendar, today);
        match kind {
            SecurityKind::Stock => {
                report.without_valuations = lacking(&counts, &store.basics.day_counts().await?);
                report.without_factors = lacking(&counts, &store.adj_factors.day_counts().await?);
                report.without_limits = lacking(&counts, &store.price_limits.day_counts().await?);
            }
            SecurityKind::Etf => {}
            SecurityKind::Index => report.gaps = gaps::of_codes(store, kind, &counts, &calendar).await?,
        }
        report.without_facts = store.bars.without_facts(kind).await?;
        bars.push(report);
    }
    Ok(Quality { bars, candles: gaps::of_candles(store).await? })
}

fn judge(
    kind: SecurityKind,
    counts: &[DayCount],
    calendar: &TradingCalendar,
    today: TradeDate,
) -> BarQuality {
    let day_rows = |day: &DayCount| DayRows { trade_date: day.trade_date, rows: day.rows };
    let index = DayIndex::new(counts.iter().map(|day| (day.trade_date, day.rows)));
    let span = counts.first().zip(counts.last()).map(|(first, last)| (first.trade_date, last.trade_date));
    let open = |first, last| calendar.open_days(first, last).iter().copied();
    let (mut missing, mut behind, mut calendar_known) = (Vec::new(), Vec::new(), false);
    if let Some((first, last)) = span {
        calendar_known = calendar.trading_day_number(first, last).is_some();
        let has_bars = |day: &TradeDate| counts.binary_search_by_key(day, |count| count.trade_date).is_ok();
        missing = open(first, last).filter(|day| !has_bars(day)).collect();
        behind = open(last, today).filter(|day| *day != last && *day != today).collect();
    }
    BarQuality {
        kind,
        rows: counts.iter().map(|day| u64::from(day.rows)).sum(),
        days: counts.len() as u64,
        span,
        calendar_known,
        missing,
        behind,
        closed: counts
            .iter()
            .filter(|day| calendar.is_open(day.trade_date) == Some(false))
            .map(day_rows)
            .collect(),
        incomplete: index.map_or_else(
            |_| Vec::new(),
            |index| counts.iter().filter(|day| !index.is_complete(day.trade_date)).map(day_rows).collect(),
        ),
        adjusted: counts
            .iter()
            .filter(|day| is_adjusted_day(day.adjusted, day.rows))
            .map(|day| day.trade_date)
            .collect(),
        without_valuations: Vec::new(),
        without_factors: Vec::new(),
        without_limits: Vec::new(),
        gaps: Vec::new(),
        without_facts: Vec::new(),
    }
}

/// The days with bars that lack what stands beside them, in the span of the latter.
fn lacking(counts: &[DayCount], beside: &[(TradeDate, u32)]) -> Vec<TradeDate> {
    let Some(((first, _), (last, _))) = beside.first().zip(beside.last()) else { return Vec::new() };
    counts
        .iter()
        .map(|day| day.trade_date)
        .filter(|day| {
            (first..=last).contains(&day) && beside.binary_search_by_key(day, |(day, _)| *day).is_err()
        })
        .collect()
}
