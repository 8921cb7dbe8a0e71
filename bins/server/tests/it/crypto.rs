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

#[tokio::test]
async fn a_forecast_lies_in_its_interval_and_says_how_it_was_made() {
    let app = TestApp::with_a_small_market().await;
    for symbol in ["BTC", "btcusdt"] {
        let forecast = app.json(&format!("/api/crypto/{symbol}/predictions")).await;
        assert_eq!(
            (&forecast["symbol"], &forecast["pair"]),
            (&json!(symbol.to_uppercase()), &json!("BTCUSDT"))
        );
        assert_eq!((&forecast["horizon"], &forecast["interval"]["level"]), (&json!("24h"), &json!(80.0)));
        // There are too few hours, so it rests on days, of which the newest may be unfinished.
        assert_eq!(forecast["as_of"], "2025-02-05T00:00:00Z");
        let figure = |pointer: &str| forecast.pointer(pointer).unwrap().as_f64().unwrap();
        let (low, price, high) =
            (figure("/interval/low"), figure("/predicted_price"), figure("/interval/high"));
        assert!(0.0 < low && low < price && price < high, "{forecast}");
        assert!(figure("/backtest/mape") > 0.0 && figure("/backtest/windows") >= 16.0, "{forecast}");
    }
}

#[tokio::test]
async fn a_forecast_without_candles_enough_is_not_found_and_says_why() {
    let app = TestApp::with_a_small_market().await;
    for (target, why) in [
        (
            "/api/crypto/BTC/predictions?horizon=1h",
            "BTCUSDT has 4 finished candles of 1h in a row; a forecast of 1h needs 49",
        ),
        (
            "/api/crypto/BTC/predictions?horizon=7d",
            "BTCUSDT has 59 finished candles of 1d in a row; a forecast of 7d needs 193",
        ),
        ("/api/crypto/DOGE/predictions", "no candles of this symbol"),
    ] {
        let response = app.get(target).await;
        assert_eq!(response.status(), 404, "{target}");
        let problem = response.json::<Value>().await.unwrap();
        assert_eq!((&problem["code"], &problem["detail"]), (&json!("not_found"), &json!(why)), "{target}");
    }
    assert_eq!(app.get("/api/crypto/BTC/predictions?horizon=2d").await.status(), 400);
}

#[tokio::test]
async fn new_candles_make_a_new_forecast_at_once() {
    let app = TestApp::with_a_small_market().await;
    let before = app.json("/api/crypto/BTC/predictions").await;
    app.ingest(
        "day.csv",
        "symbol,interval,ts,open,high,low,close,volume\nBTCUSDT,1d,2025-02-06T00:00:00Z,98000,99000,97000,98500,20000\n",
    )
    .await;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(3);
    while app.json("/api/crypto/BTC/predictions").await["as_of"] == before["as_of"] {
        assert!(std::time::Instant::now() < deadline, "the old forecast stays");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(app.json("/api/crypto/BTC/predictions").await["as_of"], "2025-02-06T00:00:00Z");
}

#[tokio::test]
async fn health_scores_what_is_known_and_names_what_is_not() {
    let app = TestApp::with_a_small_market().await;
    // Ethereum has a price and no candles: volume is all that is known.
    let health = app.json("/api/crypto/eth/health").await;
    let volume = &health["parts"]["volume"];
    assert_eq!((&health["symbol"], &health["overall_score"]), (&json!("ETH"), volume));
    assert_eq!(health["missing"], json!(["liquidity", "volatility", "holders", "age"]));
    assert_eq!((&health["level"], &health["parts"]["liquidity"]), (&json!("excellent"), &Value::Null));
    let bitcoin = app.json("/api/crypto/BTC/health").await;
    assert_eq!(bitcoin["missing"], json!(["holders", "age"]));
    assert_eq!(app.json("/api/crypto/BTCUSDT/health").await, bitcoin);
    let part = |name: &str| bitcoin["parts"][name].as_f64().unwrap();
    let mean = (30.0 * part("liquidity") + 25.0 * part("volume") + 20.0 * part("volatility")) / 75.0;
    assert!((bitcoin["overall_score"].as_f64().unwrap() - mean).abs() < 0.1, "{bitcoin}");
    assert_eq!(bitcoin["red_flags"], json!(["stale_price"]));
    assert_eq!(app.get("/api/crypto/DOGE/health").await.status(), 404);
}

#[tokio::test]
async fn candles_that_reach_back_four_years_make_a_coin_of_full_age() {
    let app = TestApp::with_a_small_market().await;
    app.ingest(
        "old.csv",
        "symbol,interval,ts,open,high,low,close,volume\nBTCUSDT,1w,2020-02-03T00:00:00Z,9000,9500,8900,9400,1000\n",
    )
    .await;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(3);
    while app.json("/api/crypto/BTC/health").await["parts"]["age"] != json!(100.0) {
        assert!(std::time::Instant::now() < deadline, "the age stays unknown");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(app.json("/api/crypto/BTC/health").await["missing"], json!(["holders"]));
}

#[tokio::test]
async fn the_dashboard_sums_up_what_is_known() {
    let app = TestApp::with_a_small_market().await;
    let dashboard = app.json("/api/crypto/dashboard").await;
    assert_eq!(dashboard["time"], "2025-02-05T04:30:00Z");
    assert_eq!(dashboard["market_cap"], json!(2_281_000_000_000.0));
    assert_eq!(dashboard["volume_24h"], json!(81_000_000_000.0));
    assert_eq!(dashboard["btc_dominance"], json!(85.3135));
    assert_eq!(dashboard["prices"], app.json("/api/crypto/prices").await["data"]);
    let mut forecast = app.json("/api/crypto/BTC/predictions").await;
    forecast["generated_at"] = dashboard["predictions"][0]["generated_at"].clone();
    assert_eq!(dashboard["predictions"], json!([forecast]), "the coin without candles has none");
    let empty = TestApp::start().await.json("/api/crypto/dashboard").await;
    assert_eq!(
        empty,
        json!({
            "time": null, "market_cap": null, "volume_24h": null, "btc_dominance": null, "prices": [], "predictions": [],
            "note": "no data yet",
        })
    );
}

#[tokio::test]
async fn every_family_has_its_lifetime() {
    let app = TestApp::with_a_small_market().await;
    for (target, ttl) in [
        ("/api/crypto/prices", 30),
        ("/api/crypto/BTC/health", 600),
        ("/api/crypto/BTC/predictions", 3600),
        ("/api/crypto/dashboard", 60),
        ("/api/crypto/BTC/ohlcv", 300),
    ] {
        let response = app.get(target).await;
        let control = response.headers()["cache-control"].to_str().unwrap().to_owned();
        assert_eq!(control, format!("public, max-age={ttl}, stale-while-revalidate={ttl}"), "{target}");
        assert_eq!(app.get(target).await.headers()["x-cache"], "hit", "{target}");
    }
    let app = TestApp::start_with(&[("CACHE_TTL_CRYPTO_DASHBOARD", "7")]).await;
    let control = app.get("/api/crypto/dashboard").await.headers()["cache-control"].clone();
    assert!(control.to_str().unwrap().contains("max-age=7,"));
}
