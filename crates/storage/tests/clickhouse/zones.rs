//! Servers in other time zones.

use jiff::{SignedDuration, Timestamp};
use stockpile_clickhouse_local::{Config, Engine};
use stockpile_market::{
    BarFreq, CalendarDay, Candle, CryptoMarket, Exchange, Interval, MinuteBar, Security, SecurityKind,
};
use stockpile_storage::{
    BarRange, RowCounts, Store,
    contract::{bar, code, date, numbered, start},
};

use super::engine::{Database, fresh, left_out};

const STOCK: SecurityKind = SecurityKind::Stock;

/// Around midnight in each zone, and on the night clocks change in New York.
fn times() -> Vec<Timestamp> {
    [
        "2025-01-01T00:00:00.001Z",
        "2025-01-01T15:59:59Z",
        "2025-01-01T16:00:00Z",
        "2025-03-09T07:30:00Z",
        "2025-11-02T05:30:00Z",
        "2025-11-02T06:30:00Z",
    ]
    .map(|time| time.parse().unwrap())
    .to_vec()
}

async fn fill(store: &Store) {
    let hour: Interval = "1h".parse().unwrap();
    let candle = |time| Candle {
        symbol: "BTCUSDT".into(),
        interval: hour,
        time,
        open: 1.0,
        high: 2.0,
        low: 0.5,
        close: 0.1 + 0.2,
        volume: None,
        quote_volume: Some(-0.0),
    };
    let minute = |time| MinuteBar {
        ts_code: code("000001.SZ"),
        freq: BarFreq::Min60,
        time,
        open: 1.0,
        high: 2.0,
        low: 0.5,
        close: f64::MIN_POSITIVE,
        vol: Some(f64::MAX),
        amount: None,
    };
    let coin = |time| CryptoMarket {
        id: "bitcoin".into(),
        symbol: "BTC".into(),
        name: None,
        price: Some(1.5),
        market_cap: None,
        volume_24h: None,
        change_24h: None,
        last_updated: time,
    };
    let listed = |ts_code, first: &str, last: &str| Security {
        list_date: Some(date(first)),
        delist_date: Some(date(last)),
        ..Security::unknown(code(ts_code), STOCK)
    };
    let days = ["19691231", "19700101", "20250101", "20250309", "20251102", "22991231"];
    let mut run = start(store).await;
    run.write_bars(STOCK, numbered(days.map(|day| bar("000001.SZ", day, 10.0)))).await.unwrap();
    run.write_candles(numbered(times().into_iter().map(candle))).await.unwrap();
    run.write_minute_bars(numbered(times().into_iter().map(minute))).await.unwrap();
    run.write_crypto_markets(numbered(times().into_iter().map(coin))).await.unwrap();
    run.write_securities(numbered([
        listed("000001.SZ", "19910403", "99991231"),
        listed("000002.SZ", "18501231", "19000101"),
    ]))
    .await
    .unwrap();
    let open = |cal_date| CalendarDay {
        exchange: Exchange::Sse,
        cal_date: date(cal_date),
        is_open: true,
        pretrade_date: Some(date("20241231")),
    };
    run.write_calendar(numbered(days.map(open))).await.unwrap();
    run.commit(RowCounts::default(), Timestamp::UNIX_EPOCH).await.unwrap();
}

/// Every answer, as text.
async fn answers(store: &Store) -> Vec<String> {
    let hour: Interval = "1h".parse().unwrap();
    let mut answers = vec![
        format!("{:?}", store.bars.day_counts(STOCK).await.unwrap()),
        format!("{:?}", store.bars.of(STOCK, code("000001.SZ"), BarRange::Last(9), 9).await.unwrap()),
        format!("{:?}", store.bars.on(STOCK, date("20250101")).await.unwrap()),
        format!("{:?}", store.crypto_markets.latest().await.unwrap()),
        format!("{:?}", store.securities.all().await.unwrap()),
        format!("{:?}", store.calendar.days(Exchange::Sse).await.unwrap()),
        format!("{:?}", store.ingest.latest(1).await.unwrap()[0].started_at),
    ];
    let range = BarRange::Between(date("10000101"), date("99991231"));
    answers.push(format!("{:?}", store.bars.of(STOCK, code("000001.SZ"), range, 9).await.unwrap()));
    for time in times() {
        for time in [time, time + SignedDuration::from_millis(1)] {
            answers.push(format!("{:?}", store.candles.before("BTCUSDT", hour, time, 9).await.unwrap()));
            let bars = store.minute_bars.before(code("000001.SZ"), BarFreq::Min60, time, 9).await.unwrap();
            answers.push(format!("{bars:?}"));
        }
    }
    answers
}

#[tokio::test]
async fn a_server_of_another_time_zone_gives_the_same_answers() {
    let Some((_database, store)) = fresh().await else { return };
    fill(&store).await;
    let expected = answers(&store).await;
    assert!(expected[4].contains("99991231") && expected[4].contains("18501231"), "{}", expected[4]);
    for zone in ["Asia/Shanghai", "America/New_York"] {
        let engine = match Engine::start(&Config { time_zone: Some(zone.into()), ..Config::default() }) {
            Ok(engine) => engine,
            Err(error) => return left_out(&error.to_string()),
        };
        let store = Database::at(&engine.url()).open().await;
        fill(&store).await;
        assert_eq!(answers(&store).await, expected, "{zone}");
        drop(engine);
    }
}
