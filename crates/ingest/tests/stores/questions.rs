//! What is asked: every row of every table once, then each query with a spread of arguments.

use std::collections::BTreeSet;

use jiff::Timestamp;
use stockpile_market::{BarFreq, Exchange, Interval, SecurityKind, TradeDate, TsCode};
use stockpile_storage::{BarRange, HotOrder, HotQuery, Store};

use crate::question::Question;

const EXCHANGES: [Exchange; 3] = [Exchange::Bse, Exchange::Sse, Exchange::Szse];
const LIMITS: [u32; 5] = [0, 1, 20, 500, u32::MAX];
/// Bars of a page: several pages to a day, and one that holds any day.
const PAGES: [u32; 2] = [1500, 100_000];
/// Securities of a kind whose bars are asked for in many ranges.
const WATCHED: usize = 12;

/// Every question, as a store with these rows makes them possible.
pub(crate) async fn all(store: &Store, pairs: BTreeSet<String>) -> Vec<Question> {
    let mut asked = vec![
        Question::Securities,
        Question::BasicDays,
        Question::FactorDays,
        Question::PriceLimitDays,
        Question::AnyCandle,
        Question::AnyCoin,
        Question::Runs(0),
        Question::Runs(3),
        Question::Runs(u32::MAX),
        Question::IsWriting,
    ];
    asked.extend(EXCHANGES.map(Question::Calendar));
    let (mut codes, mut some_codes, mut some_days) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
    for kind in SecurityKind::ALL {
        let days: Vec<TradeDate> =
            store.bars.day_counts(kind).await.unwrap().iter().map(|day| day.trade_date).collect();
        let mut of_kind = BTreeSet::new();
        for day in &days {
            of_kind.extend(store.bars.closes(kind, *day).await.unwrap().iter().map(|bar| bar.ts_code));
        }
        let of_kind: Vec<TsCode> = of_kind.into_iter().collect();
        let (spread, watched) = (spread_of(&days), chosen(&of_kind, WATCHED));
        asked.extend([Question::DayCounts(kind), Question::WithoutFacts(kind), Question::Spans(kind)]);
        every_bar(kind, &days, &of_kind, &mut asked);
        one_day(kind, &spread, &mut asked);
        one_security(kind, &spread, &watched, &mut asked);
        some_codes.extend(watched);
        some_days.extend(spread);
        codes.extend(of_kind);
    }
    some_codes.extend(["000000.SZ", "999999.SH", "899999.BJ"].map(|code| code.parse::<TsCode>().unwrap()));
    codes.extend(&some_codes);
    asked.extend([Question::Kinds(Vec::new()), Question::Kinds(some_codes.clone())]);
    asked.push(Question::Kinds(codes.iter().copied().collect()));
    factors(store, &codes, &mut asked).await;
    facts(&some_codes, &some_days, &mut asked);
    intraday(store, &codes, &mut asked).await;
    crypto(store, pairs, &mut asked).await;
    asked
}

/// Every bar once: by day, or by security where a kind has fewer of these.
fn every_bar(kind: SecurityKind, days: &[TradeDate], codes: &[TsCode], asked: &mut Vec<Question>) {
    if codes.len() < days.len() {
        let whole = BarRange::Between(TradeDate::MIN, TradeDate::MAX);
        asked.extend(codes.iter().map(|code| Question::BarsOf(kind, *code, whole, u32::MAX)));
    } else {
        asked.extend(days.iter().map(|day| Question::BarsOn(kind, *day)));
    }
}

fn one_day(kind: SecurityKind, days: &[TradeDate], asked: &mut Vec<Question>) {
    let exchanges = || EXCHANGES.map(Some).into_iter().chain([None]);
    for &trade_date in days {
        asked.extend([Question::Closes(kind, trade_date), Question::BarsOn(kind, trade_date)]);
        asked.extend(PAGES.map(|limit| Question::Pages(kind, trade_date, limit)));
        for (order, exchange) in [HotOrder::Amount, HotOrder::PctChg]
            .into_iter()
            .flat_map(|order| exchanges().map(move |at| (order, at)))
        {
            asked.extend(
                LIMITS.map(|limit| Question::Hottest(HotQuery { kind, trade_date, order, exchange, limit })),
            );
        }
    }
}

fn one_security(kind: SecurityKind, days: &[TradeDate], codes: &[TsCode], asked: &mut Vec<Question>) {
    let (first, last) = (days[0], days[days.len() - 1]);
    let middle = days[days.len() / 2];
    for &code in codes {
        let ranges = [
            BarRange::Between(first, last),
            BarRange::Between(middle, middle),
            BarRange::Between(first, middle),
            BarRange::Between(middle, first),
            BarRange::Last(0),
            BarRange::Last(1),
            BarRange::Last(60),
            BarRange::Last(u32::MAX),
        ];
        asked.extend(ranges.map(|range| Question::BarsOf(kind, code, range, 10_000)));
        asked.push(Question::BarsOf(kind, code, BarRange::Last(60), 10));
        asked.push(Question::BarsOf(kind, code, BarRange::Between(first, last), 10));
        // Of another kind there are none, whatever the code.
        asked.extend(SecurityKind::ALL.map(|kind| Question::BarsOf(kind, code, BarRange::Last(1), 1)));
    }
}

/// Every factor, and some of the securities that have none.
async fn factors(store: &Store, codes: &BTreeSet<TsCode>, asked: &mut Vec<Question>) {
    for (number, &code) in codes.iter().enumerate() {
        if number % 50 == 0 || !store.adj_factors.of(code).await.unwrap().is_empty() {
            asked.push(Question::FactorsOf(code));
        }
    }
}

fn facts(some_codes: &[TsCode], days: &BTreeSet<TradeDate>, asked: &mut Vec<Question>) {
    asked.extend(some_codes.iter().map(|code| Question::LatestBasic(*code)));
    for &day in days {
        let reversed: Vec<TsCode> = some_codes.iter().rev().copied().collect();
        asked.extend([
            Question::BasicsOn(day),
            Question::BasicsOf(Vec::new(), day),
            Question::BasicsOf(reversed, day),
            Question::PriceLimitsOn(day),
            Question::SuspensionsOn(day),
        ]);
    }
}

async fn intraday(store: &Store, codes: &BTreeSet<TsCode>, asked: &mut Vec<Question>) {
    for &code in codes {
        let freqs = store.minute_bars.freqs(code).await.unwrap();
        if freqs.is_empty() {
            continue;
        }
        asked.push(Question::MinuteFreqs(code));
        for freq in BarFreq::ALL {
            asked.push(Question::MinuteBars(code, freq, Timestamp::MAX, u32::MAX));
        }
        for freq in freqs {
            let bars = store.minute_bars.before(code, freq, Timestamp::MAX, u32::MAX).await.unwrap();
            for time in [bars[0].time, bars[bars.len() / 2].time, Timestamp::MIN] {
                asked.extend([1, 50].map(|count| Question::MinuteBars(code, freq, time, count)));
            }
        }
    }
    asked.push(Question::MinuteFreqs("000000.SZ".parse().unwrap()));
}

async fn crypto(store: &Store, pairs: BTreeSet<String>, asked: &mut Vec<Question>) {
    for pair in pairs.into_iter().chain(["NONEUSDT".to_owned()]) {
        asked.push(Question::Intervals(pair.clone()));
        for interval in Interval::all() {
            asked.push(Question::Candles(pair.clone(), interval, Timestamp::MAX, u32::MAX));
        }
        for interval in store.candles.intervals(&pair).await.unwrap() {
            let candles = store.candles.before(&pair, interval, Timestamp::MAX, u32::MAX).await.unwrap();
            for time in [candles[0].time, candles[candles.len() / 2].time, Timestamp::MIN] {
                asked.extend([0, 1, 500].map(|count| Question::Candles(pair.clone(), interval, time, count)));
            }
        }
    }
    asked.extend(Interval::all().map(Question::CandleGaps));
    let mut symbols: Vec<String> =
        store.crypto_markets.latest().await.unwrap().into_iter().map(|coin| coin.symbol).collect();
    asked.extend([Question::Coins, Question::CoinsOf(Vec::new()), Question::CoinsOf(symbols.clone())]);
    symbols.insert(0, "NONE".to_owned());
    symbols.reverse();
    asked.push(Question::CoinsOf(symbols));
}

/// The first and the last day, some between, and days that have no bar.
fn spread_of(days: &[TradeDate]) -> Vec<TradeDate> {
    let mut spread: BTreeSet<TradeDate> = chosen(days, 5).into_iter().collect();
    spread.extend(["19901218", "20220703", "29990101"].map(|day| day.parse::<TradeDate>().unwrap()));
    spread.into_iter().collect()
}

/// So many at equal distances, the first and the last among them.
fn chosen<T: Copy>(all: &[T], count: usize) -> Vec<T> {
    let Some(last) = all.len().checked_sub(1) else { return Vec::new() };
    let mut places: Vec<usize> = (0..count).map(|number| number * last / (count - 1)).collect();
    places.dedup();
    places.into_iter().map(|place| all[place]).collect()
}
