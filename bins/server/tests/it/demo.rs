use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::app::{HEADER, TestApp};

const ROUTES: [&str; 7] = [
    "/api/overview/market-stats",
    "/api/overview/hot-stocks",
    "/api/overview/hot-etfs",
    "/api/overview/indices",
    "/api/stock/600519.SH/basic",
    "/api/stock/600519.SH/daily?adjust=qfq",
    "/api/stock/600519.SH/quote",
];

#[tokio::test]
async fn the_demo_market_is_labelled_and_leaves_when_real_bars_come() {
    let app = TestApp::start_with(&[("DEMO", "auto")]).await;
    for target in ROUTES {
        for _ in 0..2 {
            let response = app.get(target).await;
            assert_eq!(
                (response.status().as_u16(), &response.headers()["x-data"]),
                (200, &"demo".parse().unwrap()),
                "{target}"
            );
            let body = response.text().await.unwrap();
            assert!(body.starts_with("{\"demo\":true,"), "{target}: {body}");
        }
    }
    let stats = app.json("/api/overview/market-stats").await;
    assert!(stats["up_count"].as_u64().unwrap() + stats["down_count"].as_u64().unwrap() > 100, "{stats}");
    assert_eq!(stats["complete"], true);
    let quote = app.json("/api/stock/600519.SH/quote").await;
    assert_eq!(quote["source"], "demo");
    assert!(quote["time"].as_str().unwrap().ends_with("+08:00"), "{quote}");
    assert!(
        quote["low"].as_f64() <= quote["price"].as_f64() && quote["price"].as_f64() <= quote["high"].as_f64()
    );
    let indices = app.json("/api/overview/indices").await;
    assert_eq!(indices["data"].as_array().unwrap().len(), 8);
    assert_eq!(app.folder.path().join("demo.db").exists(), app.backends.is_embedded());
    // A day that is not in the demo market has a label too: the note is about an invented calendar.
    assert_eq!(app.json("/api/overview/market-stats?date=19990101").await["demo"], true);

    app.ingest("daily.csv", HEADER.to_owned() + "600519.SH,20250205,10,10,10,10,10,0,0,1,1\n").await;
    let deadline = Instant::now() + Duration::from_secs(3);
    while app.json(ROUTES[0]).await["trade_date"] != json!("20250205") {
        assert!(Instant::now() < deadline, "the demo market stays");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for target in &ROUTES[..5] {
        let response = app.get(target).await;
        assert!(!response.headers().contains_key("x-data"), "{target}");
        assert_eq!(response.json::<Value>().await.unwrap()["demo"], Value::Null, "{target}");
    }
    let quote = app.json("/api/stock/600519.SH/quote").await;
    assert_eq!((&quote["source"], &quote["time"]), (&json!("daily"), &json!("2025-02-05T15:00:00+08:00")));
    // What only the demo market had is unknown now.
    assert_eq!(app.get("/api/stock/300750.SZ/basic").await.status(), 404);
}

#[tokio::test]
async fn without_the_demo_market_an_empty_store_is_empty() {
    let app = TestApp::start_with(&[("DEMO", "off")]).await;
    let stats = app.get("/api/overview/market-stats").await;
    assert!(!stats.headers().contains_key("x-data"));
    assert_eq!(stats.json::<Value>().await.unwrap()["note"], "no data yet");
    assert!(!app.folder.path().join("demo.db").exists());
}

const CRYPTO_ROUTES: [&str; 13] = [
    "/api/crypto/prices",
    "/api/crypto/prices?symbols=ETH,BTC",
    "/api/crypto/dashboard",
    "/api/crypto/BTC/health",
    "/api/crypto/UNI/health",
    "/api/crypto/BTC/ohlcv",
    "/api/crypto/BTC/ohlcv?interval=4h&limit=1000",
    "/api/crypto/ETH/ohlcv?interval=1d&limit=1000",
    "/api/crypto/ETH/ohlcv?interval=1w&limit=200",
    "/api/crypto/BTC/predictions?horizon=1h",
    "/api/crypto/SOL/predictions?horizon=4h",
    "/api/crypto/ETH/predictions",
    "/api/crypto/BTC/predictions?horizon=7d",
];
const COINS: &str = r#"[{"id":"bitcoin","symbol":"btc","name":"Bitcoin","current_price":98200,
    "market_cap":1946000000000,"total_volume":51000000000,"price_change_percentage_24h":0.42,
    "last_updated":"2025-02-05T04:30:00.000Z"}]"#;

async fn is_labelled(app: &TestApp, target: &str) -> bool {
    let response = app.get(target).await;
    assert!(matches!(response.status().as_u16(), 200 | 404), "{target}");
    let labelled = response.headers().get("x-data").is_some_and(|label| label == "demo");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["demo"] == json!(true), labelled, "{target}");
    labelled
}

async fn wait_for_real_coins(app: &TestApp) {
    let deadline = Instant::now() + Duration::from_secs(3);
    while is_labelled(app, "/api/crypto/prices").await {
        assert!(Instant::now() < deadline, "the invented coins stay");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn invented_coins_are_labelled_and_leave_with_the_first_real_coin() {
    let app = TestApp::start_with(&[("DEMO", "auto")]).await;
    for target in CRYPTO_ROUTES {
        assert_eq!(app.json(target).await["demo"], true, "{target}");
        assert!(is_labelled(&app, target).await, "{target}");
    }
    let now = jiff::Timestamp::now();
    let prices = app.json("/api/crypto/prices").await;
    let prices = prices["data"].as_array().unwrap();
    assert_eq!(prices.len(), 14);
    for price in prices {
        let time: jiff::Timestamp = price["time"].as_str().unwrap().parse().unwrap();
        assert!(time.duration_until(now).abs() < jiff::SignedDuration::from_mins(5), "{price}");
    }
    for (interval, limit, least) in
        [("1h", 1000, 1000), ("4h", 1000, 1000), ("1d", 1000, 1000), ("1w", 500, 150)]
    {
        let candles = app.json(&format!("/api/crypto/BTC/ohlcv?interval={interval}&limit={limit}")).await;
        let candles = candles["data"].as_array().unwrap();
        assert!(candles.len() >= least, "{interval}: {}", candles.len());
    }
    let newest = app.json("/api/crypto/BTC/ohlcv?limit=1").await["data"][0]["time"].clone();
    let newest: jiff::Timestamp = newest.as_str().unwrap().parse().unwrap();
    assert!(newest.duration_until(now) < jiff::SignedDuration::from_mins(65), "{newest}");
    let health = app.json("/api/crypto/BTC/health").await;
    assert_eq!((&health["missing"], &health["red_flags"]), (&json!(["holders"]), &json!([])), "{health}");

    app.ingest("coins.json", COINS).await;
    wait_for_real_coins(&app).await;
    for target in CRYPTO_ROUTES {
        assert!(!is_labelled(&app, target).await, "{target}");
    }
    assert_eq!(app.json("/api/crypto/prices").await["data"].as_array().unwrap().len(), 1);
    assert_eq!(app.get("/api/crypto/BTC/predictions").await.status(), 404);
    // Stocks have a market of their own: there are still no real bars.
    assert!(is_labelled(&app, ROUTES[0]).await);
}

#[tokio::test]
async fn invented_coins_leave_with_the_first_candle_and_beside_real_bars_there_are_none() {
    let candle = "symbol,interval,ts,open,high,low,close,volume\nBTCUSDT,1h,2025-02-05T00:00:00Z,1,2,1,2,5\n";
    let bar = HEADER.to_owned() + "600519.SH,20250205,10,10,10,10,10,0,0,1,1\n";
    for (name, rows) in [("candles.csv", candle.to_owned()), ("daily.csv", bar)] {
        let app = TestApp::start_with(&[("DEMO", "auto")]).await;
        assert!(is_labelled(&app, "/api/crypto/prices").await);
        app.ingest(name, rows).await;
        wait_for_real_coins(&app).await;
        let prices = app.json("/api/crypto/prices").await;
        assert_eq!((&prices["data"], &prices["note"]), (&json!([]), &json!("no data yet")), "{name}");
        assert_eq!(app.json("/api/crypto/dashboard").await["predictions"], json!([]), "{name}");
    }
}

#[tokio::test]
async fn a_server_that_is_told_to_shows_the_demo_market_beside_real_data() {
    let real = TestApp::with_a_small_market().await;
    let app = TestApp::start_with(&[("DEMO", "on"), ("STORAGE_URL", &real.storage_url)]).await;
    for target in [ROUTES[0], "/api/crypto/prices", "/api/crypto/BTC/ohlcv", "/api/crypto/dashboard"] {
        assert!(is_labelled(&app, target).await && !is_labelled(&real, target).await, "{target}");
    }
}

#[tokio::test]
async fn where_no_demo_market_can_stand_an_empty_store_is_served_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("demo.db")).unwrap();
    let store = format!("sqlite://{}", folder.path().join("stockpile.db").display());
    let app = TestApp::start_with(&[("DEMO", "auto"), ("STORAGE_URL", &store)]).await;
    let stats = app.json(ROUTES[0]).await;
    assert_eq!((&stats["demo"], &stats["note"]), (&Value::Null, &json!("no data yet")), "{stats}");
}
