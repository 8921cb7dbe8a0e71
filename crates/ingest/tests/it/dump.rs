//! Every row of a store, as text, whatever engine keeps it; without what differs between two runs of the same ingest.

use std::collections::BTreeSet;

use jiff::Timestamp;
use stockpile_market::{Exchange, SecurityKind};
use stockpile_storage::Store;

/// Pairs whose candles are looked for.
const PAIRS: [&str; 2] = ["BTCUSDT", "ETHUSDT"];

/// The rows of every table, in order.
pub(crate) async fn dump(store: &Store) -> Vec<String> {
    let mut rows = Vec::new();
    let mut add = |row: &dyn std::fmt::Debug| rows.push(format!("{row:?}"));
    let (mut codes, mut days) = (BTreeSet::new(), BTreeSet::new());
    for security in store.securities.all().await.unwrap() {
        codes.insert(security.ts_code);
        add(&security);
    }
    for day in store.calendar.days(Exchange::Sse).await.unwrap() {
        if day.is_open {
            days.insert(day.cal_date);
        }
        add(&day);
    }
    for kind in SecurityKind::ALL {
        for count in store.bars.day_counts(kind).await.unwrap() {
            add(&(kind, count));
            days.insert(count.trade_date);
            for bar in store.bars.on(kind, count.trade_date).await.unwrap() {
                codes.insert(bar.ts_code);
                add(&(kind, bar));
            }
        }
    }
    for day in days {
        store.basics.on(day).await.unwrap().iter().for_each(|row| add(row));
        store.price_limits.on(day).await.unwrap().iter().for_each(|row| add(row));
        store.suspensions.on(day).await.unwrap().iter().for_each(|row| add(row));
    }
    for code in codes {
        store.adj_factors.of(code).await.unwrap().iter().for_each(|row| add(row));
    }
    for pair in PAIRS {
        for interval in store.candles.intervals(pair).await.unwrap() {
            let candles = store.candles.before(pair, interval, Timestamp::MAX, u32::MAX).await.unwrap();
            candles.iter().for_each(|row| add(row));
        }
    }
    store.crypto_markets.latest().await.unwrap().iter().for_each(|row| add(row));
    rows
}

/// Fails with the rows that only one of two stores has.
pub(crate) fn same(one: &[String], other: &[String]) {
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|row| !those.contains(row)).take(5).cloned().collect()
    };
    assert_eq!((only(one, other), only(other, one)), (Vec::new(), Vec::new()));
    assert!(!one.is_empty() && one.len() == other.len());
}
