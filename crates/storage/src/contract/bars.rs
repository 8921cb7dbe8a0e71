//! Promises about bars.

use jiff::Timestamp;
use stockpile_market::{DailyBar, Exchange, Security, SecurityKind};

use super::{bar, code, date, ingest, numbered, start};
use crate::{BarRange, CodeSpan, DayCount, HotOrder, HotQuery, RowCounts, Store};

const ALL: BarRange = BarRange::Last(u32::MAX);

fn hot(order: HotOrder) -> HotQuery {
    HotQuery { kind: SecurityKind::Stock, trade_date: date("20250205"), order, exchange: None, limit: 50 }
}

async fn bars_of(store: &Store, ts_code: &str, range: BarRange, limit: u32) -> Vec<DailyBar> {
    let bars = store.bars.of(SecurityKind::Stock, code(ts_code), range, limit).await.unwrap();
    bars.into_iter().map(|stored| stored.bar).collect()
}

pub async fn an_empty_store_has_no_days_and_no_bars(store: &Store) {
    for kind in SecurityKind::ALL {
        assert_eq!(store.bars.day_counts(kind).await.unwrap(), []);
        assert_eq!(store.bars.on(kind, date("20250205")).await.unwrap(), []);
    }
    assert_eq!(store.bars.hottest(hot(HotOrder::Amount)).await.unwrap(), []);
    assert_eq!(bars_of(store, "000001.SZ", ALL, 10).await, []);
    assert_eq!(store.bars.kinds(&[code("000001.SZ")]).await.unwrap(), []);
}

pub async fn bars_are_read_back_as_written(store: &Store) {
    let bars = [bar("000001.SZ", "20250205", 11.37), bar("600519.SH", "20250205", 1430.01)];
    ingest(store, SecurityKind::Stock, bars.clone()).await;
    assert_eq!(store.bars.on(SecurityKind::Stock, date("20250205")).await.unwrap(), bars);
    assert_eq!(bars_of(store, "600519.SH", ALL, 10).await, bars[1..]);
}

pub async fn a_bar_ingested_again_replaces_the_first(store: &Store) {
    ingest(store, SecurityKind::Stock, [bar("000001.SZ", "20250205", 11.37)]).await;
    let corrected = bar("000001.SZ", "20250205", 12.5);
    ingest(store, SecurityKind::Stock, [corrected.clone()]).await;
    assert_eq!(store.bars.on(SecurityKind::Stock, date("20250205")).await.unwrap(), [corrected]);
    let counts = store.bars.day_counts(SecurityKind::Stock).await.unwrap();
    assert_eq!(counts, [DayCount { trade_date: date("20250205"), rows: 1, adjusted: 0 }]);
}

pub async fn a_value_the_source_lacks_stays_null(store: &Store) {
    let sparse = DailyBar {
        open: None,
        high: None,
        low: None,
        pre_close: None,
        change: None,
        pct_chg: None,
        vol: None,
        amount: None,
        ..bar("000001.SZ", "20250205", 11.37)
    };
    ingest(store, SecurityKind::Stock, [sparse.clone()]).await;
    assert_eq!(bars_of(store, "000001.SZ", ALL, 10).await, [sparse]);
}

pub async fn kinds_are_counted_and_read_apart(store: &Store) {
    ingest(store, SecurityKind::Stock, [bar("000001.SZ", "20250205", 11.37)]).await;
    ingest(store, SecurityKind::Etf, [bar("510300.SH", "20250205", 4.001)]).await;
    ingest(store, SecurityKind::Index, [bar("000001.SH", "20250206", 3348.3271)]).await;
    for (kind, day) in SecurityKind::ALL.into_iter().zip(["20250205", "20250205", "20250206"]) {
        let counts = store.bars.day_counts(kind).await.unwrap();
        assert_eq!(counts, [DayCount { trade_date: date(day), rows: 1, adjusted: 0 }], "{kind:?}");
    }
    let hottest = store.bars.hottest(hot(HotOrder::Amount)).await.unwrap();
    assert_eq!(hottest.len(), 1);
    assert_eq!(hottest[0].ts_code, code("000001.SZ"));
}

pub async fn a_day_counts_its_adjusted_bars(store: &Store) {
    let days = [bar("000001.SZ", "20250205", 11.3712), bar("000002.SZ", "20250205", 7.25)];
    ingest(store, SecurityKind::Stock, days).await;
    let counts = store.bars.day_counts(SecurityKind::Stock).await.unwrap();
    assert_eq!(counts, [DayCount { trade_date: date("20250205"), rows: 2, adjusted: 1 }]);
    let stored = store.bars.of(SecurityKind::Stock, code("000001.SZ"), ALL, 10).await.unwrap();
    assert!(stored[0].adjusted);
    let closes = store.bars.closes(SecurityKind::Stock, date("20250205")).await.unwrap();
    assert_eq!(closes.iter().map(|close| close.adjusted).collect::<Vec<_>>(), [true, false]);
}

pub async fn a_run_may_mark_every_bar_adjusted(store: &Store) {
    let mut run = start(store).await;
    run.mark_adjusted();
    for (kind, ts_code) in SecurityKind::ALL.into_iter().zip(["000001.SZ", "510300.SH", "000001.SH"]) {
        run.write_bars(kind, numbered([bar(ts_code, "20250205", 10.0)])).await.unwrap();
    }
    run.commit(RowCounts::default(), Timestamp::UNIX_EPOCH).await.unwrap();
    for (kind, adjusted) in SecurityKind::ALL.into_iter().zip([1, 1, 0]) {
        let counts = store.bars.day_counts(kind).await.unwrap();
        assert_eq!(counts, [DayCount { trade_date: date("20250205"), rows: 1, adjusted }], "{kind:?}");
    }
    ingest(store, SecurityKind::Stock, [bar("000001.SZ", "20250205", 10.0)]).await;
    let counts = store.bars.day_counts(SecurityKind::Stock).await.unwrap();
    assert_eq!(counts[0].adjusted, 0, "the mark is the run's, and a bar ingested again loses it");
}

pub async fn a_hot_list_is_descending_with_nulls_last_and_ties_by_code(store: &Store) {
    let day = "20250205";
    let bars = [
        DailyBar { amount: Some(5.0), pct_chg: Some(-3.0), ..bar("600002.SH", day, 10.0) },
        DailyBar { amount: Some(5.0), pct_chg: None, ..bar("600001.SH", day, 10.0) },
        DailyBar { amount: None, pct_chg: Some(9.0), ..bar("600003.SH", day, 10.0) },
        DailyBar { amount: Some(8.0), pct_chg: Some(0.0), ..bar("600004.SH", day, 10.0) },
    ];
    ingest(store, SecurityKind::Stock, bars).await;
    for (order, expected) in [
        (HotOrder::Amount, ["600004.SH", "600001.SH", "600002.SH", "600003.SH"]),
        (HotOrder::PctChg, ["600003.SH", "600004.SH", "600002.SH", "600001.SH"]),
    ] {
        let list = store.bars.hottest(hot(order)).await.unwrap();
        assert_eq!(list.iter().map(|bar| bar.ts_code.to_string()).collect::<Vec<_>>(), expected, "{order:?}");
    }
}

pub async fn a_hot_list_keeps_to_an_exchange_and_a_limit(store: &Store) {
    let codes = ["430047.BJ", "600001.SH", "600002.SH", "000001.SZ"];
    ingest(store, SecurityKind::Stock, codes.map(|code| bar(code, "20250205", 10.0))).await;
    let sse = HotQuery { exchange: Some(Exchange::Sse), ..hot(HotOrder::Amount) };
    let list = store.bars.hottest(sse).await.unwrap();
    assert_eq!(list.iter().map(|bar| bar.ts_code.to_string()).collect::<Vec<_>>(), codes[1..3]);
    let first = store.bars.hottest(HotQuery { limit: 1, ..sse }).await.unwrap();
    assert_eq!(first, list[..1]);
}

pub async fn closes_of_a_day_are_by_code(store: &Store) {
    let day = "20250205";
    let bars = ["600519.SH", "000001.SZ", "300750.SZ"].map(|code| bar(code, day, 10.0));
    ingest(store, SecurityKind::Stock, bars.clone()).await;
    ingest(store, SecurityKind::Stock, [bar("000001.SZ", "20250206", 12.0)]).await;
    let closes = store.bars.closes(SecurityKind::Stock, date(day)).await.unwrap();
    let codes: Vec<String> = closes.iter().map(|close| close.ts_code.to_string()).collect();
    assert_eq!(codes, ["000001.SZ", "300750.SZ", "600519.SH"]);
    assert_eq!(closes[0].close.to_bits(), 10.0_f64.to_bits());
    assert_eq!(
        (closes[0].pre_close, closes[0].vol, closes[0].amount),
        (Some(9.75), Some(1000.5), Some(1000.0))
    );
}

pub async fn a_range_includes_both_ends_and_is_oldest_first(store: &Store) {
    let days = ["20250103", "20250102", "20250107", "20250106"];
    ingest(store, SecurityKind::Stock, days.map(|day| bar("000001.SZ", day, 10.0))).await;
    let range = BarRange::Between(date("20250102"), date("20250106"));
    let read: Vec<String> =
        bars_of(store, "000001.SZ", range, 10).await.iter().map(|bar| bar.trade_date.to_string()).collect();
    assert_eq!(read, ["20250102", "20250103", "20250106"]);
    assert_eq!(bars_of(store, "000002.SZ", range, 10).await, []);
}

pub async fn the_last_bars_are_oldest_first(store: &Store) {
    let days = ["20250103", "20250102", "20250107", "20250106"];
    ingest(store, SecurityKind::Stock, days.map(|day| bar("000001.SZ", day, 10.0))).await;
    let read: Vec<String> = bars_of(store, "000001.SZ", BarRange::Last(2), 10)
        .await
        .iter()
        .map(|bar| bar.trade_date.to_string())
        .collect();
    assert_eq!(read, ["20250106", "20250107"]);
}

pub async fn a_range_gives_at_most_its_limit(store: &Store) {
    let days = ["20250102", "20250103", "20250106"];
    ingest(store, SecurityKind::Stock, days.map(|day| bar("000001.SZ", day, 10.0))).await;
    let range = BarRange::Between(date("20250101"), date("20251231"));
    assert_eq!(bars_of(store, "000001.SZ", range, 2).await.len(), 2);
    assert_eq!(bars_of(store, "000001.SZ", BarRange::Last(3), 2).await.len(), 2);
}

pub async fn a_code_is_known_by_its_bars(store: &Store) {
    ingest(store, SecurityKind::Stock, [bar("000001.SZ", "20250205", 11.37)]).await;
    ingest(store, SecurityKind::Index, [bar("000001.SH", "20250205", 3348.3)]).await;
    let known = store.bars.kinds(&["000001.BJ", "000001.SH", "000001.SZ"].map(code)).await.unwrap();
    assert_eq!(known, [(code("000001.SH"), SecurityKind::Index), (code("000001.SZ"), SecurityKind::Stock)]);
}

pub async fn a_day_is_read_page_by_page(store: &Store) {
    let (stock, day) = (SecurityKind::Stock, date("20250205"));
    let codes = ["000001.SZ", "300750.SZ", "600519.SH"];
    ingest(store, stock, codes.map(|code| bar(code, "20250205", 10.0))).await;
    ingest(store, stock, [bar("000002.SZ", "20250206", 10.0)]).await;
    ingest(store, SecurityKind::Index, [bar("000016.SH", "20250205", 10.0)]).await;
    let first = store.bars.page(stock, day, None, 2).await.unwrap();
    let rest = store.bars.page(stock, day, Some(code("300750.SZ")), 2).await.unwrap();
    let read: Vec<String> = first.bars.iter().chain(&rest.bars).map(|bar| bar.ts_code.to_string()).collect();
    assert_eq!(read, codes);
    assert_eq!((first.bars.len(), first.mark), (2, rest.mark));
    let end = store.bars.page(stock, day, Some(code("600519.SH")), 2).await.unwrap();
    assert_eq!((end.bars.len(), end.mark), (0, 0));
    // The code need not have a bar.
    let between = store.bars.page(stock, day, Some(code("000003.SZ")), 1).await.unwrap();
    assert_eq!(between.bars[0].ts_code, code("300750.SZ"));
}

pub async fn a_page_tells_that_its_day_was_written_again(store: &Store) {
    let stock = SecurityKind::Stock;
    let mark = async || store.bars.page(stock, date("20250205"), None, 1).await.unwrap().mark;
    ingest(store, stock, ["000001.SZ", "600519.SH"].map(|code| bar(code, "20250205", 10.0))).await;
    let before = mark().await;
    ingest(store, stock, [bar("000001.SZ", "20250206", 10.0)]).await;
    assert_eq!(mark().await, before, "another day was written");
    ingest(store, stock, [bar("600519.SH", "20250205", 11.0)]).await;
    assert_ne!(mark().await, before);
}

pub async fn bars_without_facts_are_told_by_kind(store: &Store) {
    let known = code("000001.SZ");
    let days = ["20250205", "20250206"];
    let bars = days.into_iter().flat_map(|day| ["600519.SH", "000001.SZ"].map(|code| bar(code, day, 10.0)));
    ingest(store, SecurityKind::Stock, bars).await;
    let mut run = start(store).await;
    run.write_securities(numbered([Security::unknown(known, SecurityKind::Stock)])).await.unwrap();
    run.commit(RowCounts::default(), Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(store.bars.without_facts(SecurityKind::Stock).await.unwrap(), [code("600519.SH")]);
    assert_eq!(store.bars.without_facts(SecurityKind::Etf).await.unwrap(), []);
}

pub async fn a_security_tells_which_days_its_bars_cover(store: &Store) {
    let index = SecurityKind::Index;
    assert_eq!(store.bars.spans(index).await.unwrap(), []);
    let bars = [
        bar("399001.SZ", "20250205", 10.0),
        bar("000001.SH", "20250207", 10.0),
        bar("000001.SH", "20250205", 10.0),
    ];
    ingest(store, index, bars.clone()).await;
    ingest(store, SecurityKind::Stock, [bar("000001.SZ", "20250206", 10.0)]).await;
    // A replaced bar counts once.
    ingest(store, index, bars[1..].to_vec()).await;
    let span = |ts_code: &str, last: &str, rows| CodeSpan {
        ts_code: code(ts_code),
        first: date("20250205"),
        last: date(last),
        rows,
    };
    let spans = [span("000001.SH", "20250207", 2), span("399001.SZ", "20250205", 1)];
    assert_eq!(store.bars.spans(index).await.unwrap(), spans);
}
