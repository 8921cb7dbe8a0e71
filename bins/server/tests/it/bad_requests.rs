use reqwest::Method;
use serde_json::{Value, json};

use crate::app::TestApp;

async fn problem(app: &TestApp, target: &str, status: u16, code: &str) -> Value {
    let response = app.get(target).await;
    assert_eq!(response.status(), status, "{target}");
    assert_eq!(response.headers()["content-type"], "application/problem+json", "{target}");
    let request_id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let problem: Value = response.json().await.unwrap();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)), "{target}: {problem}");
    assert_eq!(problem["request_id"], json!(request_id));
    problem
}

#[tokio::test]
async fn a_bad_parameter_is_named() {
    let app = TestApp::start().await;
    for (target, parameter) in [
        ("/api/overview/hot-stocks?limit=0", "limit"),
        ("/api/overview/hot-stocks?limit=51", "limit"),
        ("/api/overview/hot-etfs?limit=abc", "limit"),
        ("/api/overview/hot-stocks?limit=", "limit"),
        ("/api/overview/hot-stocks?date=20251340", "date"),
        ("/api/overview/market-stats?date=%FF%FE", "date"),
        ("/api/overview/indices?date=today", "date"),
        ("/api/overview/hot-stocks?lmit=5", "lmit"),
        ("/api/overview/hot-stocks?%FF=5", "\u{fffd}"),
        ("/api/overview/hot-stocks?sort_by=volume", "sort_by"),
        ("/api/overview/hot-stocks?exchange=nyse", "exchange"),
        ("/api/overview/hot-stocks?limit=5&limit=6", "limit"),
        ("/api/stock/600519.SH/daily?adjust=fq", "adjust"),
        ("/api/stock/600519.SH/daily?start=20250205&end=20250204", "end"),
        ("/api/stock/600519.SH/basic?verbose=1", "verbose"),
        ("/api/stock/60051/basic", "code"),
        ("/api/stock/600519.HK/basic", "code"),
        ("/api/stock/%FF%FE/daily", "code"),
        ("/api/stock/600519%00SH/daily", "code"),
        ("/api/stocks/search", "q"),
        ("/api/stocks/search?q=", "q"),
        ("/api/stocks/search?q=%20%E3%80%80", "q"),
        ("/api/stocks/search?q=123456789012345678901234567890123", "q"),
        ("/api/stocks/search?q=a&limit=51", "limit"),
        ("/api/stocks/search?q=a&kind=bond", "kind"),
        ("/api/daily", "date"),
        ("/api/daily?kind=etf", "date"),
        ("/api/daily?date=20250205&codes=600519", "codes"),
        ("/api/daily?date=20250205&start=20250205", "start"),
        ("/api/daily?codes=600519&limit=5", "limit"),
        ("/api/daily?codes=600519&kind=stock", "kind"),
        ("/api/daily?codes=", "codes"),
        ("/api/daily?codes=600519,", "codes"),
        ("/api/daily?codes=600519.HK", "codes"),
        ("/api/daily?codes=600519&start=20250206&end=20250205", "end"),
        ("/api/daily?date=20250205&limit=6001", "limit"),
        ("/api/daily?date=20250205&kind=bond", "kind"),
        ("/api/daily?date=20250205&cursor=abc", "cursor"),
        ("/api/daily?date=20250205&cursor=ffffffffffffffffffffffffffffffff", "cursor"),
        ("/api/overview/hot-stocks?format=xml", "format"),
        ("/api/overview/market-stats?format=csv", "format"),
        ("/api/stock/600519.SH/basic?format=csv", "format"),
        ("/api/crypto/BTC/predictions?horizon=1w", "horizon"),
        ("/api/crypto/BTC/predictions?limit=1", "limit"),
        ("/api/crypto/BTC-USDT/predictions", "symbol"),
        ("/api/crypto/%FF/health", "symbol"),
        ("/api/crypto/BTC/health?x=1", "x"),
        ("/api/crypto/dashboard?x=1", "x"),
        ("/api/stream/quotes", "codes"),
        ("/api/stream/quotes?codes=600519,x", "codes"),
        ("/health?x=1", "x"),
        ("/livez?x=1", "x"),
        ("/readyz?x=1", "x"),
        ("/api?x=1", "x"),
    ] {
        let problem = problem(&app, target, 400, "invalid_parameter").await;
        assert_eq!(problem["errors"][0]["parameter"], json!(parameter), "{target}");
    }
}

#[tokio::test]
async fn every_mistake_of_a_request_is_told_at_once() {
    let app = TestApp::start().await;
    let problem =
        problem(&app, "/api/overview/hot-stocks?limit=99&date=x&sort=1", 400, "invalid_parameter").await;
    assert_eq!(problem["errors"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn an_answer_is_not_much_longer_than_its_question() {
    let app = TestApp::start().await;
    let target = format!("/health?{}", "a&".repeat(10_000));
    let response = app.get(&target).await;
    assert_eq!(response.status(), 400);
    let body = response.bytes().await.unwrap();
    assert!(body.len() < 4096, "{} bytes", body.len());
}

#[tokio::test]
async fn more_bars_than_an_answer_holds_are_refused() {
    let app = TestApp::start().await;
    let mut rows = crate::app::HEADER.to_owned();
    for year in 2000..2018 {
        for month in 1..=12 {
            for day in 1..=28 {
                rows += &format!("600519.SH,{year}{month:02}{day:02},10,10,10,10,10,0,0,1,1\n");
            }
        }
    }
    app.ingest("long.csv", rows).await;
    problem(&app, "/api/stock/600519.SH/daily?start=19900101", 400, "invalid_parameter").await;
    let some = app.json("/api/stock/600519.SH/daily?start=20010101&end=20101231").await;
    assert_eq!(some["data"].as_array().unwrap().len(), 10 * 12 * 28);
    assert_eq!(app.json("/api/stock/600519.SH/daily").await["data"].as_array().unwrap().len(), 250);
}

#[tokio::test]
async fn more_codes_or_bars_than_an_answer_holds_are_refused() {
    let app = TestApp::start().await;
    let codes =
        |count: u32| (0..count).map(|number| (600_000 + number).to_string()).collect::<Vec<_>>().join(",");
    problem(&app, &format!("/api/daily?codes={}", codes(101)), 400, "invalid_parameter").await;
    problem(&app, &format!("/api/daily?codes={}", codes(100)), 404, "not_found").await;
    let mut rows = crate::app::HEADER.to_owned();
    for year in 1991..2025 {
        for month in 1..=12 {
            for code in 600_000..600_063 {
                rows += &format!("{code}.SH,{year}{month:02}01,10,10,10,10,10,0,0,1,1\n");
            }
        }
    }
    app.ingest("long.csv", rows).await;
    let target = format!("/api/daily?codes={}&start=1990-01-01", codes(63));
    let problem = problem(&app, &target, 400, "invalid_parameter").await;
    assert_eq!(problem["errors"][0]["parameter"], "codes");
    let some = app.json(&format!("/api/daily?codes={}&start=1990-01-01", codes(61))).await;
    assert_eq!(some["data"].as_array().unwrap().len(), 61 * 12 * 34);
}

#[tokio::test]
async fn an_unknown_route_is_not_found() {
    let app = TestApp::start().await;
    for target in [
        "/",
        "/api/nope",
        "/api/overview",
        "/api/overview/nope",
        "/api/stock/600519.SH/nope",
        "/api/stock//basic",
    ] {
        problem(&app, target, 404, "not_found").await;
    }
}

#[tokio::test]
async fn another_method_is_told_which_ones_there_are() {
    let app = TestApp::start().await;
    for target in ["/health", "/api/overview/hot-stocks", "/api/stock/600519.SH/basic"] {
        let response = app.send(Method::POST, target).await;
        assert_eq!(response.status(), 405, "{target}");
        assert_eq!(response.headers()["allow"], "GET, HEAD");
        assert_eq!(response.json::<Value>().await.unwrap()["code"], "method_not_allowed");
    }
}

#[tokio::test]
async fn a_client_that_takes_no_json_is_told_so() {
    let app = TestApp::start().await;
    for (accept, status) in [
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("text/html, */*;q=0.1", 200),
        ("application/*", 200),
        ("application/JSON", 200),
        ("text/csv", 200),
    ] {
        let response = app.get_with("/api/overview/indices", &[("accept", accept)]).await;
        assert_eq!(response.status(), status, "{accept}");
    }
    // Without a CSV form.
    let response = app.get_with("/api/overview/market-stats", &[("accept", "text/csv")]).await;
    assert_eq!(response.status(), 406);
    let response =
        app.get_with("/api/overview/indices", &[("accept-encoding", "identity;q=0, x-unknown")]).await;
    assert_eq!(response.status(), 406);
}

#[tokio::test]
async fn nothing_internal_shows() {
    let app = TestApp::start().await;
    for target in
        ["/api/stock/x'%20OR%201=1/basic", "/api/overview/hot-stocks?date=';DROP%20TABLE%20daily_bar"]
    {
        let text = app.get(target).await.text().await.unwrap().to_lowercase();
        for word in ["sqlite", "select", "panicked", "src/", app.folder.path().to_str().unwrap()] {
            assert!(!text.contains(word), "{target}: {text}");
        }
    }
}
