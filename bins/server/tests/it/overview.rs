use serde_json::{Value, json};

use crate::app::{HEADER, TestApp};

#[tokio::test]
async fn market_stats_count_each_board_by_its_own_limit() {
    let app = TestApp::with_a_small_market().await;
    let stats = app.json("/api/overview/market-stats?date=20250205").await;
    // 10 % for 000001.SZ, 20 % down for 300750.SZ, 20 % for 688981.SH, 30 % for 839493.BJ.
    assert_eq!(stats["limit_up_count"], 3);
    assert_eq!(stats["limit_down_count"], 1);
    assert_eq!(stats["limit_basis"], "board_rule");
    assert_eq!(
        (&stats["up_count"], &stats["flat_count"], &stats["down_count"]),
        (&json!(3), &json!(1), &json!(1))
    );
    assert_eq!(stats["total_amount"], json!(1.86));
    assert_eq!(stats["total_vol"], json!(5000.0));
    assert_eq!((&stats["trade_date"], &stats["complete"]), (&json!("20250205"), &json!(true)));
    assert_eq!(stats["suspended_count"], Value::Null);
}

#[tokio::test]
async fn without_a_date_the_latest_complete_day_of_the_kind_is_shown() {
    let app = TestApp::with_a_small_market().await;
    app.ingest("half-a-day.csv", HEADER.to_owned() + "600519.SH,20250206,10,10,10,10,10,0,0,1,1\n").await;
    app.ingest("etf.csv", HEADER.to_owned() + "510300.SH,20250206,4,4,4,4,4,0,0,1,1\n").await;
    assert_eq!(app.json("/api/overview/market-stats").await["trade_date"], "20250205");
    assert_eq!(app.json("/api/overview/hot-stocks").await["trade_date"], "20250205");
    assert_eq!(app.json("/api/overview/hot-etfs").await["trade_date"], "20250206");
    let half = app.json("/api/overview/market-stats?date=20250206").await;
    assert_eq!((&half["trade_date"], &half["complete"]), (&json!("20250206"), &json!(false)));
}

#[tokio::test]
async fn a_hot_list_is_ranked_and_named() {
    let app = TestApp::with_a_small_market().await;
    let list = app.json("/api/overview/hot-stocks?sort_by=pct_chg&limit=2").await;
    assert_eq!(list["sort_by"], "pct_chg");
    assert_eq!(
        list["data"][0],
        json!({
            "rank": 1, "ts_code": "839493.BJ", "name": null, "close": 98.16, "pct_chg": 29.996,
            "amount": 9816.0, "vol": 1000.0, "turnover_rate": null,
        })
    );
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    let by_amount = app.json("/api/overview/hot-stocks").await;
    assert_eq!(
        (&by_amount["sort_by"], &by_amount["data"][0]["name"]),
        (&json!("amount"), &json!("贵州茅台"))
    );
    let sse = app.json("/api/overview/hot-stocks?exchange=sse").await;
    let codes: Vec<&str> =
        sse["data"].as_array().unwrap().iter().map(|row| row["ts_code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["600519.SH", "688981.SH"]);
}

#[tokio::test]
async fn a_suspended_stock_is_not_hot() {
    let app = TestApp::start().await;
    app.ingest(
        "daily.csv",
        HEADER.to_owned()
            + "600519.SH,20250205,10,10,10,10,10,0,0,0,0\n000001.SZ,20250205,10,11,9,10,10,0,0,5,5\n",
    )
    .await;
    let list = app.json("/api/overview/hot-stocks").await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["data"][0]["ts_code"], "000001.SZ");
}

#[tokio::test]
async fn indices_are_named_and_by_code() {
    let app = TestApp::with_a_small_market().await;
    let indices = app.json("/api/overview/indices?date=2025-02-05").await;
    assert_eq!(indices["trade_date"], "20250205");
    assert_eq!(
        indices["data"][0],
        json!({
            "ts_code": "000001.SH", "name": "上证指数", "close": 3229.4912, "change": -21.11,
            "pct_chg": -0.6494, "vol": 300.0, "amount": 400.0,
        })
    );
    assert_eq!(indices["data"][1]["ts_code"], "399001.SZ");
}

#[tokio::test]
async fn a_day_without_bars_says_why() {
    let app = TestApp::with_a_small_market().await;
    for (date, note) in [
        ("20250126", "not a trading day"),
        ("20240102", "no data for this day"),
        ("20991231", "no data for this day"),
    ] {
        let stats = app.json(&format!("/api/overview/market-stats?date={date}")).await;
        assert_eq!((&stats["trade_date"], &stats["note"]), (&json!(date), &json!(note)));
        for figure in
            ["up_count", "down_count", "flat_count", "limit_up_count", "limit_basis", "total_amount"]
        {
            assert_eq!(stats[figure], Value::Null, "{date}: {figure}");
        }
        for list in ["hot-stocks", "hot-etfs", "indices"] {
            let list = app.json(&format!("/api/overview/{list}?date={date}")).await;
            assert_eq!((&list["data"], &list["note"]), (&json!([]), &json!(note)));
        }
    }
}

#[tokio::test]
async fn an_empty_store_has_no_day_yet() {
    let app = TestApp::start().await;
    for route in ["market-stats", "hot-stocks", "hot-etfs", "indices"] {
        let answer = app.json(&format!("/api/overview/{route}")).await;
        assert_eq!(
            (&answer["trade_date"], &answer["note"]),
            (&Value::Null, &json!("no data yet")),
            "{route}"
        );
    }
}
