use serde_json::{Value, json};

use crate::app::TestApp;

#[tokio::test]
async fn prices_are_the_newest_of_each_coin() {
    let app = TestApp::with_a_small_market().await;
    let all = app.json("/api/crypto/prices").await;
    assert_eq!((&all["currency"], all["data"].as_array().unwrap().len()), (&json!("USD"), 2));
    let one = app.json("/api/crypto/prices?symbols=eth,doge").await;
    assert_eq!(
        one["data"],
        json!([{
            "symbol": "ETH", "price": 2780.5, "change_24h": -1.5, "volume_24h": 30000000000.0,
            "market_cap": 335000000000.0, "time": "2025-02-05T04:30:00Z",
        }])
    );
}

#[tokio::test]
async fn coarse_candles_are_merged_from_finer_ones() {
    let app = TestApp::with_a_small_market().await;
    let hours = app.json("/api/crypto/BTC/ohlcv?limit=2").await;
    assert_eq!((&hours["symbol"], &hours["interval"]), (&json!("BTCUSDT"), &json!("1h")));
    let complete: Vec<&Value> =
        hours["data"].as_array().unwrap().iter().map(|candle| &candle["complete"]).collect();
    assert_eq!(complete, [&json!(true), &json!(false)], "the newest may be unfinished");
    let four = app.json("/api/crypto/btcusdt/ohlcv?interval=4h").await;
    assert_eq!(
        four["data"][0],
        json!({
            "time": "2025-02-05T00:00:00Z", "open": 97700.0, "high": 98200.0, "low": 97400.0, "close": 98150.0,
            "volume": 3600.0, "complete": true,
        })
    );
    assert_eq!(four["data"][1]["complete"], false);
}

#[tokio::test]
async fn candles_that_do_not_add_up_are_not_found() {
    let app = TestApp::with_a_small_market().await;
    app.ingest(
        "days.csv",
        "symbol,interval,ts,open,high,low,close,volume\nETHUSDT,1d,2025-02-05T00:00:00Z,1,2,1,2,5\n",
    )
    .await;
    for target in ["/api/crypto/ETH/ohlcv", "/api/crypto/DOGE/ohlcv"] {
        let response = app.get(target).await;
        assert_eq!(response.status(), 404, "{target}");
        assert_eq!(response.json::<Value>().await.unwrap()["code"], "not_found");
    }
    assert_eq!(app.json("/api/crypto/ETH/ohlcv?interval=1w").await["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_bad_symbol_is_named() {
    let app = TestApp::start().await;
    for target in [
        "/api/crypto/BTC-USDT/ohlcv",
        "/api/crypto/prices?symbols=BTC,,ETH",
        "/api/crypto/BTC/ohlcv?interval=5m",
    ] {
        assert_eq!(app.get(target).await.status(), 400, "{target}");
    }
    assert_eq!(app.json("/api/crypto/prices").await["note"], "no data yet");
}
