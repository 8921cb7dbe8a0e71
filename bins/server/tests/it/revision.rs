use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::{HEADER, TestApp};

#[tokio::test]
async fn an_ingest_by_another_process_shows_within_a_second() {
    let app = TestApp::with_a_small_market().await;
    assert_eq!(app.json("/api/overview/market-stats").await["trade_date"], "20250205");
    let rows: String =
        (0..6).map(|number| format!("60000{number}.SH,20250206,10,10,10,10,10,0,0,1,1\n")).collect();
    app.ingest("next-day.csv", HEADER.to_owned() + &rows).await;
    let committed = Instant::now();
    loop {
        let shown = app.json("/api/overview/market-stats").await["trade_date"] == json!("20250206");
        let waited = committed.elapsed();
        if shown {
            break;
        }
        // A generous bound for a busy machine; the promise itself is about what an answer rests on.
        assert!(waited < Duration::from_secs(3), "not shown after {waited:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_corrected_day_replaces_the_cached_one() {
    let app = TestApp::with_a_small_market().await;
    let target = "/api/stock/600519.SH/daily?start=20250205&end=20250205";
    assert_eq!(app.json(target).await["data"][0]["close"], json!(1436.0));
    app.ingest("fix.csv", HEADER.to_owned() + "600519.SH,20250205,10,10,10,10,10,0,0,1,1\n").await;
    let deadline = Instant::now() + Duration::from_secs(3);
    while app.json(target).await["data"][0]["close"] != json!(10.0) {
        assert!(Instant::now() < deadline, "the correction does not show");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn new_prices_of_coins_leave_the_markets_answers_where_they_are() {
    let app = TestApp::with_a_small_market().await;
    let (market, coins) = ("/api/overview/market-stats", "/api/crypto/prices");
    let cached = async |target| app.get(target).await.headers()["x-cache"].clone();
    assert_eq!(
        (cached(market).await, cached(coins).await),
        ("miss".parse().unwrap(), "miss".parse().unwrap())
    );
    app.ingest(
        "newer.json",
        r#"[{"id":"bitcoin","symbol":"btc","name":"Bitcoin","current_price":98500,"market_cap":1950000000000,
             "total_volume":51000000000,"price_change_percentage_24h":0.5,"last_updated":"2025-02-05T04:35:00.000Z"}]"#,
    )
    .await;
    let deadline = Instant::now() + Duration::from_secs(3);
    while app.json(coins).await["data"][0]["price"] != json!(98500.0) {
        assert!(Instant::now() < deadline, "the new price does not show");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(cached(market).await, "hit", "coins are no part of it");
    app.ingest("fix.csv", HEADER.to_owned() + "600519.SH,20250205,10,10,10,10,10,0,0,1,1\n").await;
    while cached(market).await == "hit" {
        assert!(Instant::now() < deadline + Duration::from_secs(3), "the correction does not show");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(cached(coins).await, "hit", "bars are no part of it");
}
