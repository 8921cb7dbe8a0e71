use jiff::Timestamp;
use stockpile_market::{AdjFactor, CalendarDay, Candle, DailyBar, DailyBasic, PriceLimit};
use stockpile_storage::{RowCounts, RunWriter, SourceRow, sqlite};

use super::*;

fn date(text: &str) -> TradeDate {
    text.parse().unwrap()
}

fn code(text: &str) -> TsCode {
    text.parse().unwrap()
}

fn numbered<T>(rows: impl IntoIterator<Item = T>) -> Vec<SourceRow<T>> {
    rows.into_iter().zip(1..).map(|(row, line)| SourceRow { line, row }).collect()
}

fn bar(ts_code: &str, day: &str) -> DailyBar {
    DailyBar {
        ts_code: code(ts_code),
        trade_date: date(day),
        open: None,
        high: None,
        low: None,
        close: 10.0,
        pre_close: None,
        change: None,
        pct_chg: None,
        vol: None,
        amount: None,
    }
}

/// A store with what `write` puts into it, looked through.
async fn checked(write: impl AsyncFnOnce(&mut dyn RunWriter)) -> Quality {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite::open(&folder.path().join("market.db")).await.unwrap();
    let started_at = Timestamp::UNIX_EPOCH;
    let run = stockpile_storage::NewRun { source: "a.csv".into(), kind: "bars".into(), started_at };
    let mut run = store.ingest.start(run).await.unwrap();
    write(run.as_mut()).await;
    run.commit(RowCounts::default(), started_at).await.unwrap();
    check(&store, date("20250210")).await.unwrap()
}

const DAYS: [&str; 5] = ["20250203", "20250204", "20250205", "20250206", "20250207"];

#[tokio::test]
async fn a_day_lacks_what_stands_beside_bars_only_in_the_span_of_it() {
    let stock = "000001.SZ";
    let quality = checked(async |run: &mut dyn RunWriter| {
        run.write_bars(SecurityKind::Stock, numbered(DAYS.map(|day| bar(stock, day)))).await.unwrap();
        let factors = [DAYS[0], DAYS[3]].map(|day| AdjFactor {
            ts_code: code(stock),
            trade_date: date(day),
            adj_factor: 1.0,
        });
        run.write_factors(numbered(factors)).await.unwrap();
        let limits = [DAYS[1], DAYS[3], DAYS[4]].map(|day| PriceLimit {
            ts_code: code(stock),
            trade_date: date(day),
            pre_close: None,
            up_limit: 11.0,
            down_limit: 9.0,
        });
        run.write_price_limits(numbered(limits)).await.unwrap();
        let basics = [DAYS[2], DAYS[4]].map(|day| DailyBasic::empty(code(stock), date(day)));
        run.write_basics(numbered(basics)).await.unwrap();
    })
    .await;
    let report = &quality.bars[0];
    assert_eq!(report.without_factors, [DAYS[1], DAYS[2]].map(date));
    assert_eq!(report.without_limits, [date(DAYS[2])]);
    assert_eq!(report.without_valuations, [date(DAYS[3])]);
    assert_eq!(report.gaps, []);
}

#[tokio::test]
async fn what_was_never_brought_in_is_not_lacking() {
    let quality = checked(async |run: &mut dyn RunWriter| {
        let bars = numbered([bar("000001.SZ", DAYS[0]), bar("000001.SZ", DAYS[2])]);
        run.write_bars(SecurityKind::Stock, bars).await.unwrap();
    })
    .await;
    let report = &quality.bars[0];
    assert_eq!((&report.without_factors, &report.without_limits), (&vec![], &vec![]));
    assert_eq!(report.gaps, [], "a stock may be suspended");
    assert_eq!(quality.candles, []);
}

#[tokio::test]
async fn an_index_that_traded_before_and_after_is_named_on_the_days_between() {
    let [whole, holed, young, old] = ["000001.SH", "000300.SH", "000688.SH", "399001.SZ"];
    let saturday = "20250208";
    let quality = checked(async |run: &mut dyn RunWriter| {
        let mut bars = DAYS.map(|day| bar(whole, day)).to_vec();
        bars.extend([DAYS[0], DAYS[1], DAYS[4], "20250210"].map(|day| bar(holed, day)));
        bars.extend([DAYS[3], DAYS[4]].map(|day| bar(young, day)));
        bars.extend([DAYS[0], DAYS[2]].map(|day| bar(old, day)));
        bars.push(bar(whole, saturday));
        run.write_bars(SecurityKind::Index, numbered(bars)).await.unwrap();
        let closed = CalendarDay {
            exchange: Exchange::Sse,
            cal_date: date(saturday),
            is_open: false,
            pretrade_date: None,
        };
        run.write_calendar(numbered([closed])).await.unwrap();
    })
    .await;
    let on = |day: &str, codes: &[&str]| DayCodes {
        trade_date: date(day),
        ts_codes: codes.iter().map(|text| code(text)).collect(),
    };
    let gaps = [on(DAYS[1], &[old]), on(DAYS[2], &[holed]), on(DAYS[3], &[holed])];
    assert_eq!(quality.bars[0].gaps, gaps);
}

#[tokio::test]
async fn missing_candles_are_counted_by_pair_and_interval() {
    let candle = |symbol: &str, interval: &str, time: &str| Candle {
        symbol: symbol.into(),
        interval: interval.parse().unwrap(),
        time: time.parse().unwrap(),
        open: 1.0,
        high: 1.0,
        low: 1.0,
        close: 1.0,
        volume: None,
        quote_volume: None,
    };
    let quality = checked(async |run: &mut dyn RunWriter| {
        let hours = ["T00:00Z", "T01:00Z", "T03:00Z", "T23:00Z"];
        let hours = hours.map(|time| candle("BTCUSDT", "1h", &format!("2025-02-05{time}")));
        let days =
            ["02-05", "02-07", "02-08"].map(|day| candle("ADAUSDT", "1d", &format!("2025-{day}T00:00Z")));
        // Half an hour late: one is missing, not one and a half.
        let shifted =
            ["T00:00Z", "T01:30Z"].map(|time| candle("XRPUSDT", "1h", &format!("2025-02-05{time}")));
        // Minutes are not looked at.
        let minutes =
            ["T00:00Z", "T09:00Z"].map(|time| candle("BTCUSDT", "1m", &format!("2025-02-05{time}")));
        let candles = hours.into_iter().chain(days).chain(shifted).chain(minutes);
        run.write_candles(numbered(candles)).await.unwrap();
    })
    .await;
    let gap = |first: &str, last: &str, missing| MissingCandles {
        first: first.parse().unwrap(),
        last: last.parse().unwrap(),
        missing,
    };
    let of = |symbol: &str, interval: &str, missing, gaps: &[MissingCandles]| CandleQuality {
        symbol: symbol.into(),
        interval: interval.parse().unwrap(),
        missing,
        gaps: gaps.to_vec(),
    };
    let hours =
        [gap("2025-02-05T02:00Z", "2025-02-05T02:00Z", 1), gap("2025-02-05T04:00Z", "2025-02-05T22:00Z", 19)];
    let expected = [
        of("BTCUSDT", "1h", 20, &hours),
        of("XRPUSDT", "1h", 1, &[gap("2025-02-05T01:00Z", "2025-02-05T01:00Z", 1)]),
        of("ADAUSDT", "1d", 1, &[gap("2025-02-06T00:00Z", "2025-02-06T00:00Z", 1)]),
    ];
    assert_eq!(quality.candles, expected);
}
