//! Promises about candles, bars within a day and prices of coins.

use jiff::{SignedDuration, Timestamp};
use stockpile_market::{BarFreq, Candle, CryptoMarket, Interval, MinuteBar};

use super::{code, numbered, start};
use crate::{CandleGap, RowCounts, Store};

const START: Timestamp = Timestamp::UNIX_EPOCH;

fn hour(number: i64) -> Timestamp {
    START + SignedDuration::from_hours(number)
}

fn interval(name: &str) -> Interval {
    name.parse().unwrap()
}

pub(super) fn candle(symbol: &str, name: &str, time: Timestamp, close: f64) -> Candle {
    Candle {
        symbol: symbol.into(),
        interval: interval(name),
        time,
        open: 1.0,
        high: close + 1.0,
        low: 0.5,
        close,
        volume: Some(3.5),
        quote_volume: None,
    }
}

async fn write(store: &Store, candles: impl IntoIterator<Item = Candle>) {
    let mut run = start(store).await;
    assert!(run.write_candles(numbered(candles)).await.unwrap().is_empty());
    run.commit(RowCounts::default(), START).await.unwrap();
}

pub async fn the_last_candles_before_a_time_are_oldest_first(store: &Store) {
    let candles: Vec<_> = (0..5_u8).map(|n| candle("BTCUSDT", "1h", hour(n.into()), f64::from(n))).collect();
    write(store, candles.iter().rev().cloned().chain([candle("ETHUSDT", "1h", hour(2), 9.0)])).await;
    let read = |time, count| store.candles.before("BTCUSDT", interval("1h"), time, count);
    assert_eq!(read(Timestamp::MIN, 9).await.unwrap(), []);
    assert_eq!(read(hour(3), 2).await.unwrap(), candles[1..3]);
    assert_eq!(read(hour(9), 9).await.unwrap(), candles);
    assert_eq!(read(hour(0), 9).await.unwrap(), []);
    assert_eq!(store.candles.before("XRPUSDT", interval("1h"), hour(9), 9).await.unwrap(), []);
}

pub async fn a_candle_ingested_again_replaces_the_first(store: &Store) {
    write(store, [candle("BTCUSDT", "1d", hour(0), 1.0)]).await;
    let finished = candle("BTCUSDT", "1d", hour(0), 2.0);
    write(store, [finished.clone()]).await;
    assert_eq!(store.candles.before("BTCUSDT", interval("1d"), hour(1), 9).await.unwrap(), [finished]);
}

pub async fn a_pair_tells_its_intervals_the_shortest_first(store: &Store) {
    write(store, ["1d", "1m", "1h"].map(|name| candle("BTCUSDT", name, hour(0), 1.0))).await;
    assert_eq!(store.candles.intervals("BTCUSDT").await.unwrap(), ["1m", "1h", "1d"].map(interval));
    assert_eq!(store.candles.intervals("ETHUSDT").await.unwrap(), []);
}

pub async fn the_first_candle_is_noticed(store: &Store) {
    assert!(!store.candles.any().await.unwrap());
    write(store, [candle("BTCUSDT", "1w", hour(0), 1.0)]).await;
    assert!(store.candles.any().await.unwrap());
    assert!(!store.crypto_markets.any().await.unwrap());
}

pub async fn gaps_between_candles_are_told_by_pair_oldest_first(store: &Store) {
    assert_eq!(store.candles.gaps(interval("1h")).await.unwrap(), []);
    let hours = [("BTCUSDT", vec![-3, -1, 0, 1, 5]), ("ADAUSDT", vec![0, 1, 3]), ("XRPUSDT", vec![7, 8])];
    let of_a_pair = |(symbol, hours): (&'static str, Vec<i64>)| {
        hours.into_iter().map(move |number| candle(symbol, "1h", hour(number), 1.0))
    };
    let candles: Vec<Candle> = hours.into_iter().flat_map(of_a_pair).collect();
    write(store, candles.iter().cloned()).await;
    write(store, candles.into_iter().rev()).await;
    // Neither in the gaps of the hours nor beside them.
    write(store, [2, 26].map(|number| candle("BTCUSDT", "1d", hour(number), 1.0))).await;
    let gap = |symbol: &str, before, after| CandleGap {
        symbol: symbol.into(),
        before: hour(before),
        after: hour(after),
    };
    let gaps = [gap("ADAUSDT", 1, 3), gap("BTCUSDT", -3, -1), gap("BTCUSDT", 1, 5)];
    assert_eq!(store.candles.gaps(interval("1h")).await.unwrap(), gaps);
    assert_eq!(store.candles.gaps(interval("1d")).await.unwrap(), []);
}

pub async fn a_candle_met_twice_in_a_run_keeps_its_first_row(store: &Store) {
    let mut run = start(store).await;
    let twice = [1.0, 2.0].map(|close| candle("BTCUSDT", "1h", hour(0), close));
    let left_out = run.write_candles(numbered(twice.clone())).await.unwrap();
    assert_eq!(left_out.iter().map(|duplicate| duplicate.line).collect::<Vec<_>>(), [3]);
    assert!(left_out[0].key.contains("BTCUSDT"), "{}", left_out[0].key);
    run.commit(RowCounts::default(), START).await.unwrap();
    assert_eq!(store.candles.before("BTCUSDT", interval("1h"), hour(1), 9).await.unwrap(), twice[..1]);
}

pub async fn bars_within_a_day_are_read_by_security_and_frequency(store: &Store) {
    let bar = |ts_code: &str, freq, time, vol| MinuteBar {
        ts_code: code(ts_code),
        freq,
        time,
        open: 10.0,
        high: 11.0,
        low: 9.0,
        close: 10.5,
        vol,
        amount: None,
    };
    let bars = [
        bar("600519.SH", BarFreq::Min60, hour(2), Some(4384.29)),
        bar("600519.SH", BarFreq::Min60, hour(3), None),
        bar("600519.SH", BarFreq::Min1, hour(3), Some(1.0)),
        bar("000001.SZ", BarFreq::Min60, hour(3), Some(2.0)),
    ];
    let mut run = start(store).await;
    assert!(run.write_minute_bars(numbered(bars.clone())).await.unwrap().is_empty());
    assert_eq!(run.write_minute_bars(numbered(bars[..1].to_vec())).await.unwrap().len(), 1);
    run.commit(RowCounts::default(), START).await.unwrap();
    let read = |time, count| store.minute_bars.before(code("600519.SH"), BarFreq::Min60, time, count);
    assert_eq!(read(Timestamp::MIN, 9).await.unwrap(), []);
    assert_eq!(read(hour(9), 9).await.unwrap(), bars[..2]);
    assert_eq!(read(hour(9), 1).await.unwrap(), bars[1..2]);
    assert_eq!(read(hour(3), 9).await.unwrap(), bars[..1], "a bar that ends at the time is not before it");
    assert_eq!(store.minute_bars.freqs(code("600519.SH")).await.unwrap(), [BarFreq::Min1, BarFreq::Min60]);
    assert_eq!(store.minute_bars.freqs(code("600000.SH")).await.unwrap(), []);
}

pub async fn a_coin_shows_its_newest_row_the_most_valuable_first(store: &Store) {
    let coin = |id: &str, symbol: &str, market_cap, time| CryptoMarket {
        id: id.into(),
        symbol: symbol.into(),
        name: None,
        price: Some(1.5),
        market_cap,
        volume_24h: None,
        change_24h: Some(-1.25),
        last_updated: time,
    };
    let new = coin("bitcoin", "BTC", Some(9.0), hour(2));
    let others = [
        coin("zero", "BTC", None, hour(1)),
        coin("ethereum", "ETH", Some(5.0), hour(1)),
        coin("other-btc", "BTC", Some(7.0), hour(1)),
    ];
    assert!(!store.crypto_markets.any().await.unwrap());
    // The older answer comes in last and changes nothing.
    for rows in [[&[new.clone()][..], &others].concat(), vec![coin("bitcoin", "BTC", Some(1.0), hour(1))]] {
        let mut run = start(store).await;
        assert!(run.write_crypto_markets(numbered(rows)).await.unwrap().is_empty());
        run.commit(RowCounts::default(), START).await.unwrap();
    }
    let [zero, ethereum, other] = others;
    let latest = store.crypto_markets.latest().await.unwrap();
    assert_eq!(latest, [new.clone(), other.clone(), ethereum.clone(), zero.clone()]);
    let symbols = ["ETH", "DOGE", "BTC"].map(str::to_owned);
    assert_eq!(store.crypto_markets.latest_of(&symbols).await.unwrap(), [ethereum, new, other, zero]);
    assert!(store.crypto_markets.any().await.unwrap() && !store.candles.any().await.unwrap());
}
