use std::collections::HashSet;

use jiff::SignedDuration;
use proptest::prelude::*;
use stockpile_market::{ListStatus, TradeDate};

use super::*;

fn numbered<T>(rows: impl IntoIterator<Item = T>) -> Vec<SourceRow<T>> {
    rows.into_iter().zip(2..).map(|(row, line)| SourceRow { line, row }).collect()
}

fn code(text: &str) -> TsCode {
    text.parse().unwrap()
}

fn date(text: &str) -> TradeDate {
    text.parse().unwrap()
}

fn factor(ts_code: &str, day: &str, adj_factor: f64) -> AdjFactor {
    AdjFactor { ts_code: code(ts_code), trade_date: date(day), adj_factor }
}

fn candle(symbol: &str, interval: &str, time: Timestamp) -> Candle {
    Candle {
        symbol: symbol.into(),
        interval: interval.parse().unwrap(),
        time,
        open: 1.0,
        high: 1.0,
        low: 1.0,
        close: 1.0,
        volume: None,
        quote_volume: None,
    }
}

#[test]
fn the_first_row_of_a_key_stays_within_a_batch_and_across_batches() {
    let mut seen = SeenKeys::default();
    let mut rows = numbered([
        factor("000001.SZ", "20250102", 1.0),
        factor("000001.SZ", "20250103", 2.0),
        factor("000001.SZ", "20250102", 3.0),
    ]);
    let met = seen.factors(&mut rows);
    assert_eq!(met, [Duplicate { line: 4, key: "(000001.SZ, 20250102)".into() }]);
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 3]);

    let mut again = numbered([factor("000001.SZ", "20250103", 4.0), factor("000002.SZ", "20250103", 5.0)]);
    assert_eq!(seen.factors(&mut again).iter().map(|met| met.line).collect::<Vec<_>>(), [2]);
    assert_eq!(again.len(), 1);
}

#[test]
fn tables_and_kinds_are_apart() {
    let mut seen = SeenKeys::default();
    let (code, day) = (code("000001.SZ"), date("20250102"));
    let bar = DailyBar {
        ts_code: code,
        trade_date: day,
        open: None,
        high: None,
        low: None,
        close: 1.0,
        pre_close: None,
        change: None,
        pct_chg: None,
        vol: None,
        amount: None,
    };
    for kind in SecurityKind::ALL {
        assert_eq!(seen.bars(kind, &mut numbered([bar.clone()])), [], "{kind:?}");
    }
    assert_eq!(seen.basics(&mut numbered([DailyBasic::empty(code, day)])), []);
    assert_eq!(seen.factors(&mut numbered([factor("000001.SZ", "20250102", 1.0)])), []);
    let security =
        Security { list_status: Some(ListStatus::Listed), ..Security::unknown(code, SecurityKind::Stock) };
    assert_eq!(seen.securities(&mut numbered([security.clone()])), []);
    assert_eq!(seen.securities(&mut numbered([security]))[0].key, "000001.SZ");
    let resumed = Suspension {
        ts_code: code,
        trade_date: day,
        suspend_timing: None,
        suspend_type: SuspendType::Resumed,
    };
    let suspended = Suspension { suspend_type: SuspendType::Suspended, ..resumed.clone() };
    assert_eq!(seen.suspensions(&mut numbered([resumed.clone(), suspended])), []);
    assert_eq!(seen.suspensions(&mut numbered([resumed]))[0].key, "(20250102, 000001.SZ, Resumed)");
}

#[test]
fn pairs_and_intervals_are_apart() {
    let mut seen = SeenKeys::default();
    let mut rows = numbered([
        candle("BTCUSDT", "1m", Timestamp::UNIX_EPOCH),
        candle("BTCUSDT", "1h", Timestamp::UNIX_EPOCH),
        candle("ETHUSDT", "1m", Timestamp::UNIX_EPOCH),
        candle("BTCUSDT", "1m", Timestamp::UNIX_EPOCH),
    ]);
    let met = seen.candles(&mut rows);
    assert_eq!(met, [Duplicate { line: 5, key: "(\"BTCUSDT\", Interval(60), 1970-01-01T00:00:00Z)".into() }]);
}

#[test]
fn a_million_daily_keys_take_three_megabytes() {
    let codes: Vec<TsCode> = (0..500).map(|number| code(&format!("{number:06}.SZ"))).collect();
    let first = date("20170103").civil();
    let days: Vec<TradeDate> = (0..2000_i64)
        .map(|number| first.checked_add(SignedDuration::from_hours(24 * (number * 7 / 5))).unwrap().into())
        .collect();
    let used = allocation_counter::measure(|| {
        let mut seen = Series::default();
        for trade_date in &days {
            for code in &codes {
                assert!(seen.insert((SecurityKind::Stock, *code), day(*trade_date)));
            }
        }
    });
    assert!(used.bytes_max < 4_000_000, "{} bytes", used.bytes_max);
}

proptest! {
    #[test]
    fn any_times_are_told_apart_by_the_millisecond(
        times in prop::collection::vec(-377_705_023_201_000_i64..=253_402_207_200_000, 1..50),
        steps_apart in prop::collection::vec(-5_i64..5, 1..50),
    ) {
        let near = steps_apart.iter().map(|step| step * 60_000 + step);
        let times: Vec<i64> = times.into_iter().chain(near).collect();
        let mut seen = SeenKeys::default();
        let mut expected = HashSet::new();
        for time in times {
            let row = candle("BTCUSDT", "1m", Timestamp::from_millisecond(time).unwrap());
            let met = seen.candles(&mut numbered([row]));
            prop_assert_eq!(met.is_empty(), expected.insert(time), "{}", time);
        }
    }
}
