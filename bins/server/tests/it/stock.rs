use serde_json::{Value, json};

use crate::app::{HEADER, TestApp};

const FACTORS: &str = "ts_code,trade_date,adj_factor\n\
    000001.SZ,20250124,100\n000001.SZ,20250127,100\n000001.SZ,20250205,125\n";

#[tokio::test]
async fn a_code_may_be_written_in_every_usual_form() {
    let app = TestApp::with_a_small_market().await;
    for code in ["600519.SH", "600519.sh", "SH600519", "sh600519", "600519"] {
        let basic = app.json(&format!("/api/stock/{code}/basic")).await;
        assert_eq!(basic["ts_code"], "600519.SH", "{code}");
    }
    // Six digits: the stock before the index.
    assert_eq!(app.json("/api/stock/000001/basic").await["ts_code"], "000001.SZ");
    assert_eq!(app.json("/api/stock/399001/basic").await["kind"], "index");
}

#[tokio::test]
async fn basic_tells_what_is_known() {
    let app = TestApp::with_a_small_market().await;
    assert_eq!(
        app.json("/api/stock/300750.SZ/basic").await,
        json!({
            "ts_code": "300750.SZ", "symbol": "300750", "name": "宁德时代", "kind": "stock", "area": "福建",
            "industry": "电气设备", "board": "chinext", "exchange": "SZSE", "list_date": "20180611",
            "list_status": "L", "valuation": null,
        })
    );
    let etf = app.json("/api/stock/510300.SH/basic").await;
    assert_eq!(
        (&etf["kind"], &etf["board"], &etf["name"]),
        (&json!("etf"), &Value::Null, &json!("沪深300ETF"))
    );
}

#[tokio::test]
async fn a_security_with_bars_but_no_facts_is_kept() {
    let app = TestApp::with_a_small_market().await;
    let basic = app.json("/api/stock/839493.BJ/basic").await;
    assert_eq!(
        (&basic["name"], &basic["board"], &basic["list_date"]),
        (&Value::Null, &json!("bse"), &Value::Null)
    );
    assert_eq!(app.json("/api/stock/839493/daily").await["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_security_with_facts_but_no_bars_has_no_bars() {
    let app = TestApp::start().await;
    app.ingest("stock_basic.csv", "ts_code,name,area,industry,list_date\n600519.SH,贵州茅台,,,20010827\n")
        .await;
    assert_eq!(app.json("/api/stock/600519/daily").await["data"], json!([]));
    assert_eq!(app.json("/api/stock/600519/basic").await["area"], Value::Null);
}

#[tokio::test]
async fn bars_keep_within_their_range_both_ends_included() {
    let app = TestApp::with_a_small_market().await;
    let days = |answer: Value| -> Vec<String> {
        answer["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|bar| bar["trade_date"].as_str().unwrap().to_owned())
            .collect()
    };
    for (query, expected) in [
        ("", vec!["20250124", "20250127", "20250205"]),
        ("?start=20250127", vec!["20250127", "20250205"]),
        ("?end=2025-01-27", vec!["20250124", "20250127"]),
        ("?start=20250125&end=20250127", vec!["20250127"]),
        ("?start=20250128&end=20250204", vec![]),
    ] {
        assert_eq!(days(app.json(&format!("/api/stock/600519.SH/daily{query}")).await), expected, "{query}");
    }
    let bar = &app.json("/api/stock/000001.SZ/daily?start=20250205").await["data"][0];
    assert_eq!(
        *bar,
        json!({
            "trade_date": "20250205", "open": 11.47, "high": 12.62, "low": 11.47, "close": 12.62, "pre_close": 11.47,
            "change": 1.15, "pct_chg": 10.0262, "vol": 1000.0, "amount": 1262.0,
        })
    );
}

#[tokio::test]
async fn a_qfq_price_does_not_depend_on_the_window() {
    let app = TestApp::with_a_small_market().await;
    app.ingest("adj.csv", FACTORS).await;
    let whole = app.json("/api/stock/000001.SZ/daily?adjust=qfq").await;
    assert_eq!((&whole["adjust"], &whole["anchor"]), (&json!("qfq"), &json!("20250205")));
    assert_eq!(whole["data"][0]["close"], json!(9.12));
    assert_eq!(whole["data"][2]["close"], json!(12.62));
    for query in ["start=20250124&end=20250124", "end=20250127", "start=20250101&end=20250124"] {
        let part = app.json(&format!("/api/stock/000001.SZ/daily?adjust=qfq&{query}")).await;
        assert_eq!(part["data"][0], whole["data"][0], "{query}");
    }
    let hfq = app.json("/api/stock/000001.SZ/daily?adjust=hfq").await;
    assert_eq!((&hfq["anchor"], &hfq["data"][0]["close"]), (&Value::Null, &json!(1140.0)));
}

#[tokio::test]
async fn bars_without_factors_cannot_be_adjusted() {
    let app = TestApp::with_a_small_market().await;
    for target in ["/api/stock/600519.SH/daily?adjust=qfq", "/api/stock/000001.SH/daily?adjust=hfq"] {
        let response = app.get(target).await;
        assert_eq!(response.status(), 409, "{target}");
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["code"], "no_adjustment");
    }
}

#[tokio::test]
async fn bars_that_the_source_adjusted_are_not_adjusted_again() {
    let app = TestApp::with_a_small_market().await;
    app.ingest("adj.csv", FACTORS).await;
    app.ingest("adjusted.csv", HEADER.to_owned() + "000001.SZ,20250206,11.1234,12,11,11.5,11,0,0,1,1\n")
        .await;
    let response = app.get("/api/stock/000001.SZ/daily?adjust=qfq").await;
    assert_eq!(response.status(), 409);
    let problem: Value = response.json().await.unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("20250206"), "{problem}");
}

#[tokio::test]
async fn a_code_nobody_has_is_unknown() {
    let app = TestApp::with_a_small_market().await;
    for code in ["600000.SH", "600000", "sz600519"] {
        for part in ["basic", "daily"] {
            let response = app.get(&format!("/api/stock/{code}/{part}")).await;
            assert_eq!(response.status(), 404, "{code}");
            assert_eq!(response.json::<Value>().await.unwrap()["code"], "not_found");
        }
    }
}

#[tokio::test]
async fn valuations_suspensions_and_published_limits_are_shown_once_they_are_there() {
    let app = TestApp::with_a_small_market().await;
    app.ingest(
        "daily_basic.csv",
        "ts_code,trade_date,turnover_rate,pe_ttm,pb,total_mv,circ_mv\n\
         600519.SH,20250205,0.2,20.5,7.9,180000000,180000000\n000001.SZ,20250127,0.4,5.1,0.5,22000000,22000000\n",
    )
    .await;
    app.ingest("suspend.csv", "ts_code,trade_date,suspend_timing,suspend_type\n000002.SZ,20250205,,S\n600000.SH,20250205,09:30-10:00,S\n").await;
    let limits = [
        ("600519.SH", 1579.6, 1292.4),
        ("000001.SZ", 12.62, 10.32),
        ("300750.SZ", 306.0, 204.0),
        ("688981.SH", 110.4, 73.6),
        ("839493.BJ", 98.16, 52.86),
    ];
    let limits = limits.map(|(code, up, down)| format!("{code},20250205,{up},{down}\n"));
    app.ingest("stk_limit.csv", format!("ts_code,trade_date,up_limit,down_limit\n{}", limits.concat())).await;

    let basic = app.json("/api/stock/600519.SH/basic").await;
    assert_eq!(
        basic["valuation"],
        json!({
            "trade_date": "20250205", "pe_ttm": 20.5, "pb": 7.9, "total_mv": 180000000.0, "circ_mv": 180000000.0,
            "turnover_rate": 0.2,
        })
    );
    let hot = app.json("/api/overview/hot-stocks?limit=50").await;
    let rate = |code: &str| {
        let rows = hot["data"].as_array().unwrap();
        rows.iter().find(|row| row["ts_code"] == code).unwrap()["turnover_rate"].clone()
    };
    // The other valuation is of another day.
    assert_eq!((rate("600519.SH"), rate("000001.SZ")), (json!(0.2), Value::Null));
    let stats = app.json("/api/overview/market-stats").await;
    assert_eq!((&stats["suspended_count"], &stats["limit_basis"]), (&json!(1), &json!("exchange")));
    assert_eq!((&stats["limit_up_count"], &stats["limit_down_count"]), (&json!(3), &json!(1)));
    assert_eq!(stats["limit_note"], Value::Null);
}
