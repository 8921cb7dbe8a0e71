//! A query of a repository with its arguments.

use std::fmt::Debug;

use jiff::Timestamp;
use stockpile_market::{BarFreq, Exchange, Interval, SecurityKind, TradeDate, TsCode};
use stockpile_storage::{BarRange, HotQuery, IngestRun, Result, Store};

/// A query of a repository; its `Debug` text names it where the stores differ.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    DayCounts(SecurityKind),
    Hottest(HotQuery),
    Closes(SecurityKind, TradeDate),
    BarsOn(SecurityKind, TradeDate),
    /// Every page of a day, of so many bars.
    Pages(SecurityKind, TradeDate, u32),
    BarsOf(SecurityKind, TsCode, BarRange, u32),
    Kinds(Vec<TsCode>),
    WithoutFacts(SecurityKind),
    Spans(SecurityKind),
    LatestBasic(TsCode),
    BasicsOn(TradeDate),
    BasicsOf(Vec<TsCode>, TradeDate),
    BasicDays,
    PriceLimitsOn(TradeDate),
    PriceLimitDays,
    SuspensionsOn(TradeDate),
    Calendar(Exchange),
    Securities,
    FactorsOf(TsCode),
    FactorDays,
    MinuteBars(TsCode, BarFreq, Timestamp, u32),
    MinuteFreqs(TsCode),
    Candles(String, Interval, Timestamp, u32),
    Intervals(String),
    AnyCandle,
    CandleGaps(Interval),
    Coins,
    CoinsOf(Vec<String>),
    AnyCoin,
    Runs(u32),
    IsWriting,
}

impl Question {
    /// The rows a store answers with, as text that is another for every other number: the shortest that reads back the same.
    pub(crate) async fn ask(&self, store: &Store) -> Result<Vec<String>> {
        let bars = &store.bars;
        Ok(match self {
            Self::DayCounts(kind) => rows(bars.day_counts(*kind).await?),
            Self::Hottest(query) => rows(bars.hottest(*query).await?),
            Self::Closes(kind, day) => rows(bars.closes(*kind, *day).await?),
            Self::BarsOn(kind, day) => rows(bars.on(*kind, *day).await?),
            Self::Pages(kind, day, limit) => pages(store, *kind, *day, *limit).await?,
            Self::BarsOf(kind, code, range, limit) => rows(bars.of(*kind, *code, *range, *limit).await?),
            Self::Kinds(codes) => {
                let mut kinds = bars.kinds(codes).await?;
                // No order is promised.
                kinds.sort_unstable();
                rows(kinds)
            }
            Self::WithoutFacts(kind) => rows(bars.without_facts(*kind).await?),
            Self::Spans(kind) => rows(bars.spans(*kind).await?),
            Self::LatestBasic(code) => rows(store.basics.latest(*code).await?),
            Self::BasicsOn(day) => rows(store.basics.on(*day).await?),
            Self::BasicsOf(codes, day) => rows(store.basics.of(codes, *day).await?),
            Self::BasicDays => rows(store.basics.day_counts().await?),
            Self::PriceLimitsOn(day) => rows(store.price_limits.on(*day).await?),
            Self::PriceLimitDays => rows(store.price_limits.day_counts().await?),
            Self::SuspensionsOn(day) => rows(store.suspensions.on(*day).await?),
            Self::Calendar(exchange) => rows(store.calendar.days(*exchange).await?),
            Self::Securities => rows(store.securities.all().await?),
            Self::FactorsOf(code) => rows(store.adj_factors.of(*code).await?),
            Self::FactorDays => rows(store.adj_factors.day_counts().await?),
            Self::MinuteBars(code, freq, time, count) => {
                rows(store.minute_bars.before(*code, *freq, *time, *count).await?)
            }
            Self::MinuteFreqs(code) => rows(store.minute_bars.freqs(*code).await?),
            Self::Candles(pair, interval, time, count) => {
                rows(store.candles.before(pair, *interval, *time, *count).await?)
            }
            Self::Intervals(pair) => rows(store.candles.intervals(pair).await?),
            Self::AnyCandle => rows([store.candles.any().await?]),
            Self::CandleGaps(interval) => rows(store.candles.gaps(*interval).await?),
            Self::Coins => rows(store.crypto_markets.latest().await?),
            Self::CoinsOf(symbols) => rows(store.crypto_markets.latest_of(symbols).await?),
            Self::AnyCoin => rows([store.crypto_markets.any().await?]),
            Self::Runs(limit) => store.ingest.latest(*limit).await?.iter().map(run).collect(),
            Self::IsWriting => rows([store.ingest.is_writing().await?]),
        })
    }
}

fn rows<T: Debug>(rows: impl IntoIterator<Item = T>) -> Vec<String> {
    rows.into_iter().map(|row| format!("{row:?}")).collect()
}

/// Page after page until one is empty. A mark is a store's own number: that it stays the same is what can be compared.
async fn pages(store: &Store, kind: SecurityKind, day: TradeDate, limit: u32) -> Result<Vec<String>> {
    let (mut told, mut after, mut first_mark) = (Vec::new(), None, None);
    loop {
        let page = store.bars.page(kind, day, after, limit).await?;
        let Some(last) = page.bars.last() else {
            told.push(format!("end, mark {}", page.mark));
            return Ok(told);
        };
        after = Some(last.ts_code);
        let is_same = *first_mark.get_or_insert(page.mark) == page.mark;
        told.push(format!("{} bars, same mark {is_same}, no mark {}", page.bars.len(), page.mark == 0));
        told.extend(rows(page.bars));
    }
}

/// Without its number, which rises in every store but not alike.
fn run(run: &IngestRun) -> String {
    let IngestRun { id: _, source, kind, state, started_at, ended_at, rows, error } = run;
    format!("{source} {kind} {state:?} {started_at} {ended_at:?} {rows:?} {error:?}")
}
