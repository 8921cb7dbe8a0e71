use serde_json::{Value, json};

use crate::app::{HEADER, TestApp};

fn codes(answer: &Value) -> Vec<&str> {
    let data = answer["data"].as_array().unwrap().iter();
    data.map(|bar| bar["ts_code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_day_is_read_page_by_page() {
    let app = TestApp::with_a_small_market().await;
    let whole = app.json("/api/daily?date=2025-02-05").await;
    assert_eq!(codes(&whole), ["000001.SZ", "300750.SZ", "600519.SH", "688981.SH", "839493.BJ"]);
    assert_eq!(whole["next_cursor"], Value::Null);
    assert_eq!(
        whole["data"][0],
        json!({
            "ts_code": "000001.SZ", "trade_date": "20250205", "open": 11.47, "high": 12.62, "low": 11.47, "close": 12.62,
            "pre_close": 11.47, "change": 1.15, "pct_chg": 10.0262, "vol": 1000.0, "amount": 1262.0,
        })
    );
    let (mut target, mut pages) = ("/api/daily?date=20250205&limit=2".to_owned(), Vec::new());
    loop {
        let response = app.get(&target).await;
        let header =
            response.headers().get("x-next-cursor").map(|cursor| cursor.to_str().unwrap().to_owned());
        let page: Value = response.json().await.unwrap();
        assert_eq!(page["next_cursor"], json!(header), "the header is for formats without room for it");
        pages.extend(page["data"].as_array().unwrap().clone());
        let Some(cursor) = header else { break };
        target = format!("/api/daily?date=20250205&limit=2&cursor={cursor}");
    }
    assert_eq!(json!(pages), whole["data"]);
}

#[tokio::test]
async fn kinds_are_read_apart() {
    let app = TestApp::with_a_small_market().await;
    assert_eq!(codes(&app.json("/api/daily?date=20250205&kind=etf").await), ["510300.SH"]);
    assert_eq!(codes(&app.json("/api/daily?date=20250205&kind=index").await), ["000001.SH", "399001.SZ"]);
}

#[tokio::test]
async fn a_day_without_bars_says_why() {
    let app = TestApp::with_a_small_market().await;
    for (day, note) in [("20250125", "not a trading day"), ("20991231", "no data for this day")] {
        let answer = app.json(&format!("/api/daily?date={day}")).await;
        assert_eq!(answer, json!({"data": [], "next_cursor": null, "note": note}));
    }
}

#[tokio::test]
async fn a_cursor_outlives_other_days_and_ends_with_its_own() {
    let app = TestApp::with_a_small_market().await;
    let first = app.json("/api/daily?date=20250205&limit=2").await;
    let next = format!("/api/daily?date=20250205&limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    app.ingest("other-day.csv", HEADER.to_owned() + "600519.SH,20250206,10,10,10,10,10,0,0,1,1\n").await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(codes(&app.json(&next).await), ["600519.SH", "688981.SH"]);
    app.ingest("fix.csv", HEADER.to_owned() + "000001.SZ,20250205,10,10,10,10,10,0,0,1,1\n").await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let response = app.get(&next).await;
    assert_eq!(response.status(), 409);
    assert_eq!(response.json::<Value>().await.unwrap()["code"], "conflict");
}

#[tokio::test]
async fn a_cursor_of_another_day_or_kind_is_refused() {
    let app = TestApp::with_a_small_market().await;
    let first = app.json("/api/daily?date=20250205&limit=2").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    for query in ["date=20250127", "date=20250205&kind=etf"] {
        let response = app.get(&format!("/api/daily?{query}&cursor={cursor}")).await;
        assert_eq!(response.status(), 400, "{query}");
    }
}

#[tokio::test]
async fn securities_of_every_kind_are_read_together() {
    let app = TestApp::with_a_small_market().await;
    let answer = app.json("/api/daily?codes=sh600519,000001,510300.SH,600519&start=20250127").await;
    assert_eq!(codes(&answer), ["000001.SZ", "000001.SZ", "510300.SH", "600519.SH", "600519.SH"]);
    assert_eq!(answer["data"][0]["trade_date"], "20250127");
    assert_eq!(answer["next_cursor"], Value::Null);
    assert_eq!(codes(&app.json("/api/daily?codes=839493").await).len(), 3, "without a range, the last bars");
}

#[tokio::test]
async fn the_order_of_codes_changes_nothing() {
    let app = TestApp::with_a_small_market().await;
    let one = app.get("/api/daily?codes=600519.SH,000001.SZ").await;
    let other = app.get("/api/daily?codes=000001.SZ,600519.SH,600519.sh").await;
    assert_eq!(other.headers()["x-cache"], "hit");
    assert_eq!(one.text().await.unwrap(), other.text().await.unwrap());
}

#[tokio::test]
async fn an_unknown_code_among_many_is_named() {
    let app = TestApp::with_a_small_market().await;
    let response = app.get("/api/daily?codes=600519,600000.SH").await;
    assert_eq!(response.status(), 404);
    let problem: Value = response.json().await.unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("600000.SH"), "{problem}");
}
