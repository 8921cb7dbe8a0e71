//! Real market data, when `MARKET_DATA_DIR` names a folder that has it.

use std::path::PathBuf;

use serde_json::{Value, json};
use stockpile_market::SearchIndex;

use crate::app::TestApp;

/// A server over some of the real files, or `None` where there are none.
async fn with_files(names: &[&str]) -> Option<TestApp> {
    let Some(folder) = std::env::var_os("MARKET_DATA_DIR").map(PathBuf::from) else {
        eprintln!("skipped: MARKET_DATA_DIR is not set");
        return None;
    };
    let app = TestApp::start().await;
    for name in names {
        app.ingest_file(folder.join(name)).await;
    }
    Some(app)
}

#[tokio::test]
async fn a_real_day_has_its_known_breadth() {
    let Some(app) = with_files(&["a_daily_20250205.csv.gz"]).await else { return };
    let stats = app.json("/api/overview/market-stats?date=20250205").await;
    assert_eq!(
        ["up_count", "flat_count", "down_count", "total_amount"].map(|figure| stats[figure].clone()),
        [json!(3433), json!(100), json!(1850), json!(13002.86)]
    );
    // Counted from the file itself: main board 60 and 32, ChiNext and STAR 16 and 1, Beijing 1 and 0.
    assert_eq!((&stats["limit_up_count"], &stats["limit_down_count"]), (&json!(77), &json!(33)));
    let hottest = app.json("/api/overview/hot-stocks?sort_by=pct_chg&limit=1").await;
    assert_eq!(
        (&hottest["data"][0]["ts_code"], &hottest["data"][0]["pct_chg"]),
        (&json!("839493.BJ"), &json!(29.996))
    );
}

#[tokio::test]
async fn a_second_ingest_of_a_real_day_changes_no_count() {
    let day = "a_daily_20250205.csv.gz";
    let Some(app) = with_files(&[day, day]).await else { return };
    let stats = app.json("/api/overview/market-stats").await;
    assert_eq!((&stats["up_count"], &stats["total_amount"]), (&json!(3433), &json!(13002.86)));
}

#[tokio::test]
async fn an_adjusted_series_is_recognised_day_by_day() {
    let Some(folder) = std::env::var_os("MARKET_DATA_DIR").map(PathBuf::from) else {
        eprintln!("skipped: MARKET_DATA_DIR is not set");
        return;
    };
    let app = TestApp::start().await;
    let ingested = app.ingest_file(folder.join("a_daily_2022h2.csv.zst")).await;
    assert_eq!((ingested.rows.written, ingested.rows.rejected), (615_703, 0));
    // The share of adjusted bars falls from 21 % to 0.2 % over the half year and passes 1 % in mid-November.
    assert_eq!(ingested.adjusted_days.len(), 93);
    assert_eq!(ingested.adjusted_days.last().unwrap().to_string(), "20221116");
    let adjusted = app.json("/api/overview/market-stats?date=20220701").await;
    assert_eq!((&adjusted["limit_up_count"], &adjusted["limit_basis"]), (&Value::Null, &Value::Null));
    assert!(adjusted["limit_note"].as_str().unwrap().contains("993 of 4804"), "{adjusted}");
    assert!(adjusted["up_count"].is_u64());
    let raw = app.json("/api/overview/market-stats?date=20221230").await;
    assert!(raw["limit_up_count"].is_u64(), "{raw}");
}

#[tokio::test]
async fn etfs_and_indices_are_not_mistaken_for_an_adjusted_series() {
    let names = [
        "etf_daily_202207_202306.csv.zst",
        "index_daily.csv.gz",
        "fund_basic_etf.csv.gz",
        "trade_cal_sse.csv.gz",
    ];
    let Some(app) = with_files(&names).await else { return };
    let etfs = app.json("/api/overview/hot-etfs?limit=50").await;
    assert_eq!((&etfs["trade_date"], etfs["data"].as_array().unwrap().len()), (&json!("20230608"), 50));
    assert!(etfs["data"][0]["name"].is_string());
    let indices = app.json("/api/overview/indices").await;
    assert_eq!((&indices["trade_date"], indices["data"].as_array().unwrap().len()), (&json!("20260318"), 4));
    // No stock bar at all: nothing of these files counts as one.
    assert_eq!(app.json("/api/overview/market-stats").await["trade_date"], Value::Null);
    let first = app.json("/api/stock/000001.SH/daily?end=20180102").await;
    assert_eq!((&first["data"][0]["pre_close"], &first["data"][0]["pct_chg"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_real_qfq_price_does_not_depend_on_the_window() {
    let Some(app) = with_files(&["a_daily_adj_2024_szmain.csv.zst"]).await else { return };
    let raw = app.json("/api/stock/000001.SZ/daily").await;
    let whole = app.json("/api/stock/000001.SZ/daily?adjust=qfq").await;
    assert_eq!(whole["anchor"], "20241231");
    let last = whole["data"].as_array().unwrap().len() - 1;
    assert_eq!(whole["data"][last], raw["data"][last], "the anchor's day keeps its price");
    assert_ne!(whole["data"][0]["close"], raw["data"][0]["close"]);
    let january = app.json("/api/stock/000001.SZ/daily?adjust=qfq&start=20240102&end=20240131").await;
    for (part, all) in january["data"].as_array().unwrap().iter().zip(whole["data"].as_array().unwrap()) {
        assert_eq!(part, all);
    }
}

#[tokio::test]
async fn derived_initials_find_what_the_source_spells_out() {
    let Some(app) = with_files(&["stock_basic.csv.gz"]).await else { return };
    let mut securities = app.store().await.securities.all().await.unwrap();
    let spelled: Vec<Option<String>> =
        securities.iter_mut().map(|security| security.cnspell.take()).collect();
    let index = SearchIndex::new(securities.clone());
    let missed: Vec<String> = securities
        .iter()
        .zip(spelled)
        .filter_map(|(security, spelled)| Some((security, spelled?)))
        .filter(|(security, spelled)| {
            let hits = index.search(spelled, None, usize::MAX);
            !hits.iter().any(|hit| hit.security.ts_code == security.ts_code)
        })
        .map(|(security, spelled)| format!("{} {spelled}", security.ts_code))
        .collect();
    // The source spells these four by another name than the one it gives.
    let renamed = ["603284.SH LPFZ", "688579.SH DWZN", "688816.SH YSW", "688818.SH DKLT"].map(str::to_owned);
    assert_eq!((securities.len(), missed), (5485, renamed.into()));
}
