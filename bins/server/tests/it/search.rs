use serde_json::{Value, json};

use crate::app::TestApp;

async fn found(app: &TestApp, query: &str) -> Vec<String> {
    let answer = app.json(&format!("/api/stocks/search?{query}")).await;
    let data = answer["data"].as_array().unwrap().iter();
    data.map(|found| found["ts_code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_security_is_found_by_code_name_and_initials() {
    let app = TestApp::with_a_small_market().await;
    for (q, by) in [
        ("600519", "code"),
        ("sh6005", "code"),
        ("茅台", "name"),
        ("GZMT", "pinyin"),
        ("%EF%BC%A7zm", "pinyin"),
    ] {
        let answer = app.json(&format!("/api/stocks/search?q={q}")).await;
        assert_eq!(
            answer,
            json!({"data": [{"ts_code": "600519.SH", "name": "贵州茅台", "board": "main", "kind": "stock", "match": by}]}),
            "{q}"
        );
    }
    assert_eq!(found(&app, "q=hs300").await, ["510300.SH"], "initials are derived where the facts have none");
}

#[tokio::test]
async fn a_security_without_facts_is_found_by_its_code() {
    let app = TestApp::with_a_small_market().await;
    let answer = app.json("/api/stocks/search?q=839493").await;
    assert_eq!((&answer["data"][0]["name"], &answer["data"][0]["board"]), (&Value::Null, &json!("bse")));
    // An index the exchanges name themselves.
    assert_eq!(found(&app, "q=szzs").await, ["000001.SH"]);
}

#[tokio::test]
async fn a_search_keeps_to_a_kind_and_a_limit() {
    let app = TestApp::with_a_small_market().await;
    assert_eq!(found(&app, "q=000001").await, ["000001.SZ", "000001.SH"]);
    assert_eq!(found(&app, "q=000001&kind=index").await, ["000001.SH"]);
    assert_eq!(found(&app, "q=000001&limit=1").await, ["000001.SZ"]);
    assert_eq!(found(&app, "q=nobody").await, [""; 0]);
}

#[tokio::test]
async fn searches_that_read_the_same_share_a_body_and_others_do_not() {
    let app = TestApp::with_a_small_market().await;
    let cached = async |q: &str| {
        let response = app.get(&format!("/api/stocks/search?q={q}")).await;
        response.headers()["x-cache"].to_str().unwrap().to_owned()
    };
    assert_eq!(cached("gzmt").await, "miss");
    assert_eq!(cached("GZ%20MT").await, "hit");
    for q in ["gzmt:gzip", "gzmt:r1", "gzmt%3Agzip%3Ar1", "*", "%0A", "%00"] {
        let status = app.get(&format!("/api/stocks/search?q={q}")).await.status();
        assert!(status == 200 || (q == "%0A" && status == 400), "{q}: {status}");
    }
    assert_eq!(cached("gzmt:gzip:").await, "miss");
}

#[tokio::test]
async fn a_security_shows_in_the_search_once_it_is_brought_in() {
    let app = TestApp::start().await;
    assert_eq!(found(&app, "q=gzmt").await, [""; 0]);
    app.ingest_the_small_market().await;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(3);
    while found(&app, "q=gzmt").await.is_empty() {
        assert!(std::time::Instant::now() < deadline, "it does not show");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
