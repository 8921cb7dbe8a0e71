//! Answers cached in Redis: shared by servers, and never missed when Redis is.

use std::time::{Duration, Instant};

use serde_json::json;
use stockpile_redis_local::Server;

use crate::{
    app::TestApp,
    collector::{
        server, sources_once,
        upstream::{
            Reply,
            tushare::{Market, serve as serve_tushare},
        },
    },
};

const STATS: &str = "/api/overview/market-stats?date=20250205";

async fn serve(redis: &Server) -> TestApp {
    let app = TestApp::start_with(&[("CACHE_URL", &redis.url(""))]).await;
    app.ingest_the_small_market().await;
    app
}

/// Asks until the dependency is said to be as wanted.
async fn wait_for(app: &TestApp, status: &str, redis: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let health = app.json("/health").await;
        if (&health["status"], &health["services"]["redis"]) == (&json!(status), &json!(redis)) {
            return;
        }
        assert!(Instant::now() < deadline, "{health}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn servers_share_their_answers_in_database_1() {
    let Some(redis) = Server::start("") else { return };
    let first = serve(&redis).await;
    wait_for(&first, "healthy", "connected").await;
    let miss = first.get(STATS).await;
    assert_eq!(miss.headers()["x-cache"], "miss");
    let body = miss.bytes().await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !redis.keys(1).iter().any(|key| key.starts_with("stock:overview:")) {
        assert!(Instant::now() < deadline, "{:?}", redis.keys(1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(redis.keys(0), [""; 0]);
    assert!(redis.keys(1).iter().all(|key| key.starts_with("stock:")));

    let second =
        TestApp::start_with(&[("CACHE_URL", &redis.url("")), ("STORAGE_URL", &first.storage_url)]).await;
    wait_for(&second, "healthy", "connected").await;
    let hit = second.get(STATS).await;
    assert_eq!(hit.headers()["x-cache"], "hit");
    assert_eq!(hit.bytes().await.unwrap(), body);
}

#[tokio::test]
async fn stores_that_share_a_cache_never_answer_for_each_other() {
    let Some(redis) = Server::start("") else { return };
    let (first, second) = (serve(&redis).await, serve(&redis).await);
    second.ingest("other.csv", "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount\n600000.SH,20250205,10,12,9,11,10,1,10,5,6\n").await;
    first.ingest("same.csv", "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount\n600519.SH,20250205,1436,1436,1436,1436,1436,0,0,5,6\n").await;
    for _ in 0..3 {
        assert_ne!(first.json(STATS).await["up_count"], second.json(STATS).await["up_count"]);
    }
}

#[tokio::test]
async fn redis_that_dies_freezes_or_comes_late_fails_no_request() {
    let Some(mut redis) = Server::stopped() else { return };
    let app = serve(&redis).await;
    for round in 0..2 {
        wait_for(&app, "degraded", "disconnected").await;
        for number in 0..20 {
            let target = format!("/api/overview/hot-stocks?limit={}", 1 + (round * 20 + number) % 50);
            assert_eq!(app.get(&target).await.status(), 200);
        }
        redis.restart();
        wait_for(&app, "healthy", "connected").await;
        redis.freeze();
        for number in 0..20 {
            let target = format!("/api/overview/hot-etfs?limit={}", 1 + (round * 20 + number) % 50);
            assert_eq!(app.get(&target).await.status(), 200);
        }
        redis.thaw();
        wait_for(&app, "healthy", "connected").await;
        redis.kill();
        assert_eq!(app.get("/api/overview/indices").await.status(), 200);
        app.get(&format!("/api/stock/600519.SH/daily?start=2024010{}", round + 1)).await;
    }
}

#[tokio::test]
async fn of_servers_that_share_redis_one_collects_at_a_time() {
    let Some(redis) = Server::start("") else { return };
    let has_turn = || redis.keys(1).iter().any(|key| key == "stock:collector:tushare");
    let settings = [("CACHE_URL", redis.url(""))];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let good = serve_tushare(Market::default());
    let alone = server(&good, &settings).await;
    sources_once(&alone, |sources| sources[0]["last_round"].is_string()).await;
    let deadline = Instant::now() + Duration::from_secs(20);
    while has_turn() {
        assert!(Instant::now() < deadline, "the turn was not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let silent = serve_tushare(Market { always: vec![("*", Reply::Silence)], ..Market::default() });
    let _busy = server(&silent, &settings).await;
    while !has_turn() {
        assert!(Instant::now() < deadline, "nobody took the turn");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let idle = serve_tushare(Market::default());
    let waits = server(&idle, &settings).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(waits.json("/health").await["sources"][0]["last_round"], json!(null));
    assert!(idle.asked.lock().unwrap().is_empty(), "another has the turn");
}
