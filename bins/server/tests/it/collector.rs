//! What a server fetches by itself, over a server that speaks as Tushare does.

#[path = "../../../../crates/ingest/tests/it/upstream/mod.rs"]
pub(crate) mod upstream;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::upstream::{
    Reply,
    tushare::{Market, Served, TOKEN, serve},
};
use crate::app::TestApp;

/// Far beyond what a round takes.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn server(served: &Served, more: &[(&str, &str)]) -> TestApp {
    let url = served.upstream.url();
    let settings = [
        ("TUSHARE_TOKEN", TOKEN),
        ("TUSHARE_URL", &url),
        ("TUSHARE_CALLS_PER_MINUTE", "6000"),
        // Servers that share a Redis take turns, and each test has its own server.
        ("CACHE_URL", "memory://"),
    ];
    TestApp::start_with(&[&settings[..], more].concat()).await
}

/// The sources that `/health` tells of, once this is so.
pub(crate) async fn sources_once(app: &TestApp, is_so: impl Fn(&Value) -> bool) -> Value {
    let asked = Instant::now();
    loop {
        let sources = app.json("/health").await["sources"].clone();
        if is_so(&sources) {
            return sources;
        }
        assert!(asked.elapsed() < PATIENCE, "{sources}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_server_with_an_account_collects_and_tells_how_it_went() {
    let served = serve(Market::default());
    let app = server(&served, &[]).await;
    let sources = sources_once(&app, |sources| sources[0]["last_round"].is_string()).await;
    // The market it is given had its last day long ago: there are its facts and its calendar.
    assert_eq!((&sources[0]["source"], &sources[0]["run_count"]), (&json!("tushare"), &json!(4)));
    assert_eq!((&sources[0]["error"], sources.as_array().unwrap().len()), (&Value::Null, 2));
    assert_eq!(sources[1]["source"], "quotes");
    let found = app.json("/api/stocks/search?q=000001").await;
    assert_eq!(found["data"][0]["name"], "平安银行");
    assert!(!app.get("/health").await.text().await.unwrap().contains(TOKEN));
}

#[tokio::test]
async fn a_source_that_says_nothing_holds_up_neither_start_nor_answers() {
    let served = serve(Market { always: vec![("*", Reply::Silence)], ..Market::default() });
    let app = server(&served, &[]).await;
    assert_eq!(app.get("/livez").await.status(), 200);
    let sources = app.json("/health").await["sources"].clone();
    assert_eq!((&sources[0]["last_round"], &sources[0]["error"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_token_that_is_refused_is_told_in_a_word() {
    let served = serve(Market::default());
    let app = server(&served, &[("TUSHARE_TOKEN", "c0ffee5ecre7")]).await;
    let sources = sources_once(&app, |sources| sources[0]["last_round"].is_string()).await;
    assert_eq!(sources[0]["error"], "bad_token");
}

#[tokio::test]
async fn quotes_that_are_not_wanted_are_no_source() {
    let served = serve(Market::default());
    let app = server(&served, &[("QUOTES_LIVE", "off")]).await;
    let sources = sources_once(&app, |sources| sources[0]["last_round"].is_string()).await;
    assert_eq!(sources.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn without_an_account_nothing_is_asked_of_anybody() {
    let served = serve(Market::default());
    let app = server(&served, &[("TUSHARE_TOKEN", "")]).await;
    assert_eq!(app.json("/health").await["sources"], json!([]));
    assert!(served.asked.lock().unwrap().is_empty());
}
