//! Promises about questions at the edge: nothing asked for, codes asked for twice, more than there is.

use jiff::{SignedDuration, Timestamp};
use stockpile_market::{BarFreq, Candle, DailyBar, DailyBasic, SecurityKind};

use super::{bar, code, date, ingest, numbered, start};
use crate::{BarRange, DayPage, HotOrder, HotQuery, NewRun, Part, Repaired, RowCounts, RunState, Store};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const DAY: &str = "20250205";

pub async fn nothing_asked_for_is_nothing_given(store: &Store) {
    ingest(store, SecurityKind::Stock, [bar("000001.SZ", DAY, 10.0)]).await;
    let (stock, day, code) = (SecurityKind::Stock, date(DAY), code("000001.SZ"));
    assert_eq!(store.bars.kinds(&[]).await.unwrap(), []);
    assert_eq!(store.bars.of(stock, code, BarRange::Last(0), 9).await.unwrap(), []);
    assert_eq!(store.bars.of(stock, code, BarRange::Last(9), 0).await.unwrap(), []);
    assert_eq!(store.bars.of(stock, code, BarRange::Between(day, day), 0).await.unwrap(), []);
    assert_eq!(store.bars.page(stock, day, None, 0).await.unwrap(), DayPage { mark: 0, bars: Vec::new() });
    let hot = HotQuery { kind: stock, trade_date: day, order: HotOrder::Amount, exchange: None, limit: 0 };
    assert_eq!(store.bars.hottest(hot).await.unwrap(), []);
    assert_eq!(store.basics.of(&[], day).await.unwrap(), []);
    assert_eq!(store.crypto_markets.latest_of(&[]).await.unwrap(), []);
    assert_eq!(store.ingest.latest(0).await.unwrap(), []);
    assert_eq!(store.minute_bars.before(code, BarFreq::Min1, NOW, 0).await.unwrap(), []);
    assert_eq!(store.candles.before("BTCUSDT", "1h".parse().unwrap(), NOW, 0).await.unwrap(), []);
}

pub async fn more_asked_for_than_there_is_gives_all(store: &Store) {
    let days = ["20250102", "20250103"];
    ingest(store, SecurityKind::Stock, days.map(|day| bar("000001.SZ", day, 10.0))).await;
    let (stock, code, all) = (SecurityKind::Stock, code("000001.SZ"), u32::MAX);
    assert_eq!(store.bars.of(stock, code, BarRange::Last(all), all).await.unwrap().len(), 2);
    let between = BarRange::Between(date("10000101"), date("99991231"));
    assert_eq!(store.bars.of(stock, code, between, all).await.unwrap().len(), 2);
    let backwards = BarRange::Between(date("20250103"), date("20250102"));
    assert_eq!(store.bars.of(stock, code, backwards, all).await.unwrap(), []);
    assert_eq!(store.bars.page(stock, date("20250102"), None, all).await.unwrap().bars.len(), 1);
    assert_eq!(store.ingest.latest(all).await.unwrap().len(), 1);
}

pub async fn codes_are_answered_in_the_order_they_are_asked_for(store: &Store) {
    let codes = ["600519.SH", "000001.SZ", "430047.BJ"].map(code);
    let mut run = start(store).await;
    run.write_basics(numbered(codes.map(|code| DailyBasic::empty(code, date(DAY))))).await.unwrap();
    let bars = ["600519.SH", "000001.SZ", "430047.BJ"].map(|code| bar(code, DAY, 10.0));
    run.write_bars(SecurityKind::Stock, numbered(bars)).await.unwrap();
    run.commit(RowCounts::default(), NOW).await.unwrap();
    let asked = [codes[1], code("000002.SZ"), codes[0], codes[1]];
    let known = [codes[1], codes[0], codes[1]];
    let basics = store.basics.of(&asked, date(DAY)).await.unwrap();
    assert_eq!(basics.iter().map(|basic| basic.ts_code).collect::<Vec<_>>(), known);
    let kinds = store.bars.kinds(&asked).await.unwrap();
    assert_eq!(kinds, known.map(|code| (code, SecurityKind::Stock)));
    let many: Vec<_> = (0..3000).map(|number| code(&format!("{number:06}.SZ"))).collect();
    assert_eq!(store.bars.kinds(&many).await.unwrap(), [(codes[1], SecurityKind::Stock)]);
    assert_eq!(store.basics.of(&many, date(DAY)).await.unwrap().len(), 1);
}

pub async fn a_security_that_did_not_trade_is_not_hot(store: &Store) {
    let bars = [
        DailyBar { vol: Some(0.0), amount: Some(9.0), ..bar("600001.SH", DAY, 10.0) },
        DailyBar { vol: None, amount: Some(5.0), ..bar("600002.SH", DAY, 10.0) },
        DailyBar { vol: Some(0.5), amount: Some(1.0), ..bar("600003.SH", DAY, 10.0) },
    ];
    ingest(store, SecurityKind::Stock, bars).await;
    for order in [HotOrder::Amount, HotOrder::PctChg] {
        let query =
            HotQuery { kind: SecurityKind::Stock, trade_date: date(DAY), order, exchange: None, limit: 9 };
        let hot = store.bars.hottest(query).await.unwrap();
        assert_eq!(
            hot.iter().map(|bar| bar.ts_code.to_string()).collect::<Vec<_>>(),
            ["600002.SH", "600003.SH"],
            "{order:?}"
        );
    }
    assert_eq!(store.bars.closes(SecurityKind::Stock, date(DAY)).await.unwrap().len(), 3);
}

pub async fn pairs_and_intervals_are_read_apart(store: &Store) {
    let candle = |symbol: &str, interval: &str, close| Candle {
        symbol: symbol.into(),
        interval: interval.parse().unwrap(),
        time: NOW,
        open: 1.0,
        high: 9.0,
        low: 1.0,
        close,
        volume: None,
        quote_volume: None,
    };
    let candles = [
        candle("BTCUSDT", "1m", 1.0),
        candle("BTCUSDT", "1w", 2.0),
        candle("BTCUSD", "1m", 3.0),
        candle("BTCUSDTX", "1m", 4.0),
    ];
    let mut run = start(store).await;
    run.write_candles(numbered(candles.clone())).await.unwrap();
    run.commit(RowCounts::default(), NOW).await.unwrap();
    let later = NOW + SignedDuration::from_secs(1);
    for candle in candles {
        let read = store.candles.before(&candle.symbol, candle.interval, later, 9).await.unwrap();
        assert_eq!(read, [candle]);
    }
}

pub async fn a_running_run_shows_with_what_is_known_of_it(store: &Store) {
    assert!(!store.ingest.is_writing().await.unwrap());
    assert_eq!(store.ingest.latest(9).await.unwrap(), []);
    let started_at = NOW + SignedDuration::from_millis(1_738_738_800_123);
    let new = NewRun { source: "a.csv".into(), kind: "daily".into(), started_at };
    let run = store.ingest.start(new).await.unwrap();
    let id = run.id();
    assert!(store.ingest.is_writing().await.unwrap());
    let shown = store.ingest.latest(9).await.unwrap().remove(0);
    assert_eq!((shown.id, shown.source.as_str(), shown.kind.as_str()), (id, "a.csv", "daily"));
    assert_eq!((shown.state, shown.started_at), (RunState::Running, started_at));
    assert_eq!((shown.ended_at, shown.rows, shown.error), (None, RowCounts::default(), None));
    let rows = RowCounts { read: 1 << 52, written: 1 << 51, rejected: 1 << 50 };
    run.commit(rows, started_at).await.unwrap();
    assert!(!store.ingest.is_writing().await.unwrap());
    let done = store.ingest.latest(9).await.unwrap().remove(0);
    assert_eq!((done.state, done.rows, done.started_at), (RunState::Done, rows, started_at));
    assert_eq!((done.ended_at, done.error), (Some(started_at), None));
}

pub async fn numbers_of_runs_rise_over_failed_ones_too(store: &Store) {
    let mut last = None;
    for turn in 0..6 {
        let run = start(store).await;
        let id = run.id();
        assert!(last < Some(id));
        last = Some(id);
        match turn % 3 {
            0 => drop(run),
            1 => run.abandon(RowCounts::default(), NOW, "no").await.unwrap(),
            _ => _ = run.commit(RowCounts::default(), NOW).await.unwrap(),
        }
    }
    let ids: Vec<_> = store.ingest.latest(9).await.unwrap().iter().map(|run| run.id).collect();
    assert_eq!(ids.len(), 6);
    assert!(ids.is_sorted_by(|a, b| a > b));
}

pub async fn a_whole_store_needs_no_repair(store: &Store) {
    assert_eq!(store.ingest.repair(NOW).await.unwrap(), Repaired::default());
    ingest(store, SecurityKind::Stock, [bar("000001.SZ", DAY, 10.0)]).await;
    start(store).await.abandon(RowCounts::default(), NOW, "no").await.unwrap();
    let before =
        (store.ingest.revision().await.unwrap(), store.ingest.fingerprint(Part::Market).await.unwrap());
    assert_eq!(store.ingest.repair(NOW).await.unwrap(), Repaired::default());
    let after =
        (store.ingest.revision().await.unwrap(), store.ingest.fingerprint(Part::Market).await.unwrap());
    assert_eq!(after, before);
}
