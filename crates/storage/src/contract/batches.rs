//! Promises about batches: large ones, empty ones, several tables in one run, and keys met twice.

use jiff::{SignedDuration, Timestamp};
use stockpile_market::{
    AdjFactor, BarFreq, CalendarDay, Candle, CryptoMarket, DailyBasic, Exchange, MinuteBar, PriceLimit,
    Security, SecurityKind, SuspendType, Suspension,
};

use super::{bar, code, date, ingest, numbered, start};
use crate::{BarRange, Duplicate, Error, RowCounts, RunState, RunWriter, SourceRow, Store};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const DAY: &str = "20250205";

pub async fn a_large_batch_is_read_back_whole(store: &Store) {
    const CODES: u32 = 5000;
    let days = ["20250102", "20250103", "20250106", "20250107"];
    // By code, as a source may give them, and each day's are read by day.
    let bars = |close: f64| {
        (0..CODES).flat_map(move |number| {
            days.map(|day| bar(&format!("{number:06}.SZ"), day, close + f64::from(number)))
        })
    };
    ingest(store, SecurityKind::Stock, bars(10.0)).await;
    ingest(store, SecurityKind::Stock, bars(20.0)).await;
    let counts = store.bars.day_counts(SecurityKind::Stock).await.unwrap();
    assert_eq!(counts.iter().map(|day| day.rows).collect::<Vec<_>>(), [CODES; 4]);
    for day in days {
        let expected: Vec<_> = bars(20.0).filter(|bar| bar.trade_date == date(day)).collect();
        assert_eq!(store.bars.on(SecurityKind::Stock, date(day)).await.unwrap(), expected);
    }
}

pub async fn an_empty_batch_changes_nothing(store: &Store) {
    let mut run = start(store).await;
    assert_eq!(run.write_bars(SecurityKind::Stock, Vec::new()).await.unwrap(), []);
    assert_eq!(run.write_securities(Vec::new()).await.unwrap(), []);
    assert_eq!(run.write_crypto_markets(Vec::new()).await.unwrap(), []);
    run.commit(RowCounts::default(), NOW).await.unwrap();
    assert_eq!(store.bars.day_counts(SecurityKind::Stock).await.unwrap(), []);
    assert_eq!(store.ingest.latest(1).await.unwrap()[0].state, RunState::Done);
}

fn factor(adj_factor: f64) -> AdjFactor {
    AdjFactor { ts_code: code("000001.SZ"), trade_date: date(DAY), adj_factor }
}

fn security(name: &str) -> Security {
    Security { name: Some(name.into()), ..Security::unknown(code("000001.SZ"), SecurityKind::Stock) }
}

fn calendar_day(is_open: bool) -> CalendarDay {
    CalendarDay { exchange: Exchange::Sse, cal_date: date(DAY), is_open, pretrade_date: None }
}

fn limit(up_limit: f64) -> PriceLimit {
    PriceLimit {
        ts_code: code("000001.SZ"),
        trade_date: date(DAY),
        pre_close: None,
        up_limit,
        down_limit: 1.0,
    }
}

fn basic(pe: f64) -> DailyBasic {
    DailyBasic { pe: Some(pe), ..DailyBasic::empty(code("000001.SZ"), date(DAY)) }
}

fn suspension(timing: &str) -> Suspension {
    Suspension {
        ts_code: code("000001.SZ"),
        trade_date: date(DAY),
        suspend_timing: Some(timing.into()),
        suspend_type: SuspendType::Suspended,
    }
}

fn minute_bar(close: f64) -> MinuteBar {
    MinuteBar {
        ts_code: code("000001.SZ"),
        freq: BarFreq::Min5,
        time: NOW,
        open: 1.0,
        high: 9.0,
        low: 1.0,
        close,
        vol: None,
        amount: None,
    }
}

fn candle(close: f64) -> Candle {
    Candle {
        symbol: "BTCUSDT".into(),
        interval: "1h".parse().unwrap(),
        time: NOW,
        open: 1.0,
        high: 9.0,
        low: 1.0,
        close,
        volume: None,
        quote_volume: None,
    }
}

fn coin(price: f64) -> CryptoMarket {
    CryptoMarket {
        id: "bitcoin".into(),
        symbol: "BTC".into(),
        name: None,
        price: Some(price),
        market_cap: None,
        volume_24h: None,
        change_24h: None,
        last_updated: NOW,
    }
}

fn line<T>(line: u64, row: T) -> Vec<SourceRow<T>> {
    vec![SourceRow { line, row }]
}

/// Writes one row into every table; the figures of the row are those of its round.
async fn write_all(run: &mut dyn RunWriter, round: u32) -> Vec<Duplicate> {
    let (number, at) = (f64::from(round), u64::from(round));
    let mut met = Vec::new();
    for (kind, ts_code) in SecurityKind::ALL.into_iter().zip(["000001.SZ", "510300.SH", "000001.SH"]) {
        met.extend(run.write_bars(kind, line(at, bar(ts_code, DAY, number))).await.unwrap());
    }
    met.extend(run.write_factors(line(at, factor(number))).await.unwrap());
    met.extend(run.write_securities(line(at, security(&round.to_string()))).await.unwrap());
    met.extend(run.write_calendar(line(at, calendar_day(round % 2 == 1))).await.unwrap());
    met.extend(run.write_price_limits(line(at, limit(number))).await.unwrap());
    met.extend(run.write_basics(line(at, basic(number))).await.unwrap());
    met.extend(run.write_suspensions(line(at, suspension(&round.to_string()))).await.unwrap());
    met.extend(run.write_minute_bars(line(at, minute_bar(number))).await.unwrap());
    met.extend(run.write_candles(line(at, candle(number))).await.unwrap());
    met.extend(run.write_crypto_markets(line(at, coin(number))).await.unwrap());
    met
}

/// Every table holds the one row of a round.
async fn assert_all(store: &Store, round: u32) {
    let (number, day, stock) = (f64::from(round), date(DAY), code("000001.SZ"));
    let later = NOW + SignedDuration::from_secs(1);
    for (kind, ts_code) in SecurityKind::ALL.into_iter().zip(["000001.SZ", "510300.SH", "000001.SH"]) {
        assert_eq!(store.bars.on(kind, day).await.unwrap(), [bar(ts_code, DAY, number)]);
        let counts = store.bars.day_counts(kind).await.unwrap();
        assert_eq!(counts.iter().map(|day| day.rows).collect::<Vec<_>>(), [1]);
    }
    assert_eq!(store.adj_factors.of(stock).await.unwrap(), [factor(number)]);
    assert_eq!(store.securities.all().await.unwrap(), [security(&round.to_string())]);
    assert_eq!(store.calendar.days(Exchange::Sse).await.unwrap(), [calendar_day(round % 2 == 1)]);
    assert_eq!(store.price_limits.on(day).await.unwrap(), [limit(number)]);
    assert_eq!(store.basics.on(day).await.unwrap(), [basic(number)]);
    assert_eq!(store.suspensions.on(day).await.unwrap(), [suspension(&round.to_string())]);
    let bars = store.minute_bars.before(stock, BarFreq::Min5, later, 9).await.unwrap();
    assert_eq!(bars, [minute_bar(number)]);
    let candles = store.candles.before("BTCUSDT", "1h".parse().unwrap(), later, 9).await.unwrap();
    assert_eq!(candles, [candle(number)]);
    assert_eq!(store.crypto_markets.latest().await.unwrap(), [coin(number)]);
}

pub async fn every_table_is_written_in_one_run_and_replaced_by_the_next(store: &Store) {
    for round in 1..=3 {
        let mut run = start(store).await;
        assert_eq!(write_all(run.as_mut(), round).await, []);
        if round == 3 {
            run.abandon(RowCounts::default(), NOW, "the last one is taken back").await.unwrap();
        } else {
            run.commit(RowCounts::default(), NOW).await.unwrap();
            assert_all(store, round).await;
        }
    }
    assert_all(store, 2).await;
}

pub async fn a_key_met_twice_is_named_in_every_table(store: &Store) {
    let mut run = start(store).await;
    assert_eq!(write_all(run.as_mut(), 1).await, []);
    let met = write_all(run.as_mut(), 7).await;
    run.commit(RowCounts::default(), NOW).await.unwrap();
    assert!(met.iter().all(|duplicate| duplicate.line == 7));
    let keys: Vec<&str> = met.iter().map(|duplicate| duplicate.key.as_str()).collect();
    let expected = [
        "(20250205, 000001.SZ)",
        "(20250205, 510300.SH)",
        "(20250205, 000001.SH)",
        "(000001.SZ, 20250205)",
        "000001.SZ",
        "(Sse, 20250205)",
        "(20250205, 000001.SZ)",
        "(20250205, 000001.SZ)",
        "(20250205, 000001.SZ, Suspended)",
        "(000001.SZ, Min5, 1970-01-01T00:00:00Z)",
        "(\"BTCUSDT\", Interval(3600), 1970-01-01T00:00:00Z)",
        "(\"bitcoin\", 1970-01-01T00:00:00Z)",
    ];
    assert_eq!(keys, expected);
    assert_all(store, 1).await;
}

pub async fn kinds_and_days_may_come_in_turns(store: &Store) {
    let (stock, etf) = (SecurityKind::Stock, SecurityKind::Etf);
    let mut run = start(store).await;
    for day in ["20250103", "20250102", "20250103", "20250106"] {
        run.write_bars(stock, numbered([bar("000001.SZ", day, 10.0)])).await.unwrap();
        run.write_bars(etf, numbered([bar("510300.SH", day, 4.0)])).await.unwrap();
        // The same code as another kind is another bar.
        run.write_bars(etf, numbered([bar("000001.SZ", day, 5.0)])).await.unwrap();
    }
    run.commit(RowCounts::default(), NOW).await.unwrap();
    for (kind, rows) in [(stock, 1), (etf, 2)] {
        let counts = store.bars.day_counts(kind).await.unwrap();
        assert_eq!(counts.iter().map(|day| day.rows).collect::<Vec<_>>(), [rows; 3], "{kind:?}");
        let bars = store.bars.of(kind, code("000001.SZ"), BarRange::Last(9), 9).await.unwrap();
        assert_eq!(bars.len(), 3);
    }
    let mut kinds = store.bars.kinds(&[code("000001.SZ")]).await.unwrap();
    kinds.sort_by_key(|(_, kind)| *kind);
    assert_eq!(kinds, [(code("000001.SZ"), stock), (code("000001.SZ"), etf)]);
}

pub async fn a_run_whose_write_was_refused_cannot_commit(store: &Store) {
    ingest(store, SecurityKind::Stock, [bar("000001.SZ", DAY, 10.0)]).await;
    let revision = store.ingest.revision().await.unwrap();
    let mut run = start(store).await;
    run.write_bars(SecurityKind::Stock, numbered([bar("000002.SZ", DAY, 10.0)])).await.unwrap();
    let refused = run.write_factors(numbered([factor(f64::NAN)])).await.unwrap_err();
    assert!(matches!(refused, Error::Unstorable { what: "adj_factor", .. }), "{refused}");
    assert!(run.write_factors(numbered([factor(1.0)])).await.is_err(), "the run is lost");
    run.commit(RowCounts::default(), NOW).await.unwrap_err();
    assert_eq!(store.bars.on(SecurityKind::Stock, date(DAY)).await.unwrap(), [bar("000001.SZ", DAY, 10.0)]);
    assert_eq!(store.adj_factors.of(code("000001.SZ")).await.unwrap(), []);
    assert_eq!(store.ingest.revision().await.unwrap(), revision);
    assert_eq!(store.ingest.latest(1).await.unwrap()[0].state, RunState::Failed);
    start(store).await.commit(RowCounts::default(), NOW).await.unwrap();
}

pub async fn needed_numbers_must_be_numbers(store: &Store) {
    let nan = f64::NAN;
    let mut refusals = Vec::new();
    let mut run = start(store).await;
    refusals.push(run.write_bars(SecurityKind::Index, line(2, bar("000001.SH", DAY, nan))).await.err());
    drop(run);
    let mut run = start(store).await;
    refusals.push(run.write_price_limits(line(2, limit(nan))).await.err());
    drop(run);
    let mut run = start(store).await;
    refusals.push(run.write_minute_bars(line(2, minute_bar(nan))).await.err());
    drop(run);
    let mut run = start(store).await;
    refusals.push(run.write_candles(line(2, candle(nan))).await.err());
    drop(run);
    for refusal in refusals {
        assert!(matches!(refusal, Some(Error::Unstorable { .. })), "{refusal:?}");
    }
}
