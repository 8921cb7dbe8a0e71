//! Coins.

use jiff::Timestamp;
use stockpile_market::{Candle, Interval, aggregate};
use stockpile_storage::sqlite;

use super::*;

const PAIRS: usize = 14;

fn coins(today: &str) -> DemoCoins {
    DemoMarket::new(date(today)).coins()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn interval(name: &str) -> Interval {
    name.parse().unwrap()
}

fn of(candles: &[Candle], symbol: &str, name: &str) -> Vec<Candle> {
    let of = |candle: &&Candle| candle.symbol == symbol && candle.interval == interval(name);
    candles.iter().filter(of).cloned().collect()
}

#[test]
fn every_coin_has_hours_of_180_days_and_days_since_the_market_began() {
    let candles = coins("20220630").candles(None, time("2022-06-30T12:30:00Z"));
    let mut symbols: Vec<&str> = candles.iter().map(|candle| candle.symbol.as_str()).collect();
    symbols.sort_unstable();
    symbols.dedup();
    assert_eq!(symbols.len(), PAIRS);
    for symbol in symbols {
        let hours = of(&candles, symbol, "1h");
        assert_eq!((hours.len(), of(&candles, symbol, "1d").len()), (179 * 24 + 13, 228), "{symbol}");
        assert_eq!(hours.last().unwrap().time, time("2022-06-30T12:00:00Z"));
    }
}

#[test]
fn every_candle_holds_together_and_opens_where_the_one_before_closed() {
    for pair in coins("20220630").candles(None, time("2022-06-30T12:30:00Z")).windows(2) {
        let [one, next] = pair else { panic!() };
        assert!(one.low > 0.0 && one.volume > Some(0.0), "{one:?}");
        assert!(one.high >= one.open.max(one.close) && one.low <= one.open.min(one.close), "{one:?}");
        let average = one.quote_volume.unwrap() / one.volume.unwrap();
        assert!(one.low * 0.99 <= average && average <= one.high * 1.01, "{one:?}");
        if (&one.symbol, one.interval) == (&next.symbol, next.interval) {
            assert_eq!(one.close, next.open, "{next:?}");
            assert!(one.time < next.time);
        }
    }
}

#[test]
fn a_day_is_what_its_hours_add_up_to_so_far() {
    let candles = coins("20220215").candles(None, time("2022-02-15T20:15:00Z"));
    let days = of(&candles, "ETHUSDT", "1d");
    let hours = of(&candles, "ETHUSDT", "1h");
    let merged = aggregate(&hours, interval("1h"), interval("1d"));
    for (merged, day) in merged.iter().rev().zip(days.iter().rev()) {
        let merged = &merged.candle;
        assert_eq!((merged.time, merged.open, merged.close), (day.time, day.open, day.close));
        assert_eq!((merged.high, merged.low), (day.high, day.low));
        assert!((merged.volume.unwrap() - day.volume.unwrap()).abs() < 0.1);
    }
    assert!(merged.len() > 90);
}

#[test]
fn a_later_day_adds_candles_and_changes_no_finished_one() {
    let early = coins("20220215").candles(None, time("2022-02-15T20:00:00Z"));
    let late = coins("20220220").candles(None, time("2022-02-20T03:10:00Z"));
    let (short, long) = (of(&early, "BTCUSDT", "1d"), of(&late, "BTCUSDT", "1d"));
    assert_eq!(short[..short.len() - 1], long[..short.len() - 1]);
    let (short, long) = (of(&early, "BTCUSDT", "1h"), of(&late, "BTCUSDT", "1h"));
    let last = long.iter().position(|candle| candle.time == short[short.len() - 1].time).unwrap();
    assert_eq!(short[..], long[last + 1 - short.len()..=last]);
}

#[test]
fn prices_move_within_the_hour_and_are_those_of_the_candles() {
    let coins = coins("20220215");
    let (one, other) = (time("2022-02-15T20:15:00Z"), time("2022-02-15T20:16:30Z"));
    let (early, late) = (coins.at(one), coins.at(other));
    assert_eq!(early.len(), PAIRS);
    assert!(early.iter().zip(&late).filter(|(one, other)| one.price != other.price).count() > PAIRS / 2);
    let candles = coins.candles(None, one);
    for price in early {
        let hours = of(&candles, &format!("{}USDT", price.symbol), "1h");
        assert_eq!((price.price, price.last_updated), (Some(hours[hours.len() - 1].close), one));
        let full = &hours[hours.len() - 25..];
        let traded: f64 = full.iter().map(|hour| hour.quote_volume.unwrap()).sum();
        let volume = price.volume_24h.unwrap();
        assert!(volume <= traded && volume >= traded - full[0].quote_volume.unwrap(), "{price:?}");
        let range = (full[0].low..=full[0].high)
            .contains(&(price.price.unwrap() / (1.0 + price.change_24h.unwrap() / 100.0)));
        assert!(range, "{price:?} {:?}", full[0]);
        assert!(price.market_cap > price.volume_24h, "{price:?}");
    }
}

#[test]
fn after_the_last_hour_drawn_the_last_price_stands_with_its_own_time() {
    let coins = coins("20220215");
    let end = time("2022-02-17T00:00:00Z");
    assert_eq!(coins.at(time("2023-01-01T00:00:00Z")), coins.at(end));
    assert_eq!(coins.at(end)[0].last_updated, end);
    assert_eq!(coins.at(time("2022-02-10T00:00:00Z")), []);
}

#[tokio::test]
async fn coins_written_hour_by_hour_are_those_written_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| {
        let path = folder.path().join(name);
        async move { sqlite::open(&path).await.unwrap() }
    };
    let (step, once) = (open("step.db").await, open("once.db").await);
    let end = time("2022-01-04T01:20:00Z");
    coins("20211230").write(&step, time("2021-12-30T07:40:00Z")).await.unwrap();
    for now in
        ["2022-01-03T22:05:00Z", "2022-01-03T23:00:00Z", "2022-01-04T00:00:30Z", "2022-01-04T01:20:00Z"]
    {
        let rows = coins("20220103").write(&step, time(now)).await.unwrap();
        assert!(now.starts_with("2022-01-03T22") || rows < 100, "{rows}");
    }
    coins("20220104").write(&once, end).await.unwrap();
    for name in ["1h", "1d"] {
        let read = |store: &stockpile_storage::Store| {
            let store = store.clone();
            async move { store.candles.before("SOLUSDT", interval(name), Timestamp::MAX, 9999).await.unwrap() }
        };
        assert_eq!(read(&step).await, read(&once).await, "{name}");
    }
    assert_eq!(step.crypto_markets.latest().await.unwrap(), once.crypto_markets.latest().await.unwrap());
    assert_eq!(once.ingest.latest(9).await.unwrap()[0].kind, "demo");
}
