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
    assert!(app.folder.path().join("demo.db").exists());
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
