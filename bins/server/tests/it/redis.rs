//! Answers cached in Redis: shared by servers, and never missed when Redis is.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering::SeqCst},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;

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

/// A server on a port of its own, ended with the test.
struct Redis {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
}

/// A port nobody listens on, below those the system gives to clients, so that it is free again after a restart.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 12_000).unwrap();
    let mut ports = std::iter::repeat_with(|| 20_000 + (start + NEXT.fetch_add(1, SeqCst)) % 12_000);
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

impl Redis {
    /// `None` where there is no `redis-server`, unless tests must have one.
    fn install() -> Option<Self> {
        let found = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_ok();
        assert!(found || std::env::var_os("REQUIRE_BACKENDS").is_none(), "redis-server is not installed");
        found.then(|| Self { folder: tempfile::tempdir().unwrap(), port: free_port(), process: None })
    }

    fn running() -> Option<Self> {
        let mut redis = Self::install()?;
        redis.start();
        Some(redis)
    }

    fn start(&mut self) {
        let port = self.port.to_string();
        let process = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(process);
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < deadline, "redis-server does not start");
            sleep(Duration::from_millis(10));
        }
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn keys(&self, database: u8) -> Vec<String> {
        let output = Command::new("redis-cli")
            .args(["-p", &self.port.to_string(), "-n", &database.to_string(), "--scan"])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn serve(redis: &Redis) -> TestApp {
    let app = TestApp::start_with(&[("CACHE_URL", &redis.url())]).await;
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
    let Some(redis) = Redis::running() else { return };
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

    let store = format!("sqlite://{}", first.folder.path().join("stockpile.db").display());
    let second = TestApp::start_with(&[("CACHE_URL", &redis.url()), ("STORAGE_URL", &store)]).await;
    wait_for(&second, "healthy", "connected").await;
    let hit = second.get(STATS).await;
    assert_eq!(hit.headers()["x-cache"], "hit");
    assert_eq!(hit.bytes().await.unwrap(), body);
}

#[tokio::test]
async fn stores_that_share_a_cache_never_answer_for_each_other() {
    let Some(redis) = Redis::running() else { return };
    let (first, second) = (serve(&redis).await, serve(&redis).await);
    second.ingest("other.csv", "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount\n600000.SH,20250205,10,12,9,11,10,1,10,5,6\n").await;
    first.ingest("same.csv", "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount\n600519.SH,20250205,1436,1436,1436,1436,1436,0,0,5,6\n").await;
    for _ in 0..3 {
        assert_ne!(first.json(STATS).await["up_count"], second.json(STATS).await["up_count"]);
    }
}

#[tokio::test]
async fn redis_that_dies_freezes_or_comes_late_fails_no_request() {
    let Some(mut redis) = Redis::install() else { return };
    let app = serve(&redis).await;
    for round in 0..2 {
        wait_for(&app, "degraded", "disconnected").await;
        for number in 0..20 {
            let target = format!("/api/overview/hot-stocks?limit={}", 1 + (round * 20 + number) % 50);
            assert_eq!(app.get(&target).await.status(), 200);
        }
        redis.start();
        wait_for(&app, "healthy", "connected").await;
        redis.signal("-STOP");
        for number in 0..20 {
            let target = format!("/api/overview/hot-etfs?limit={}", 1 + (round * 20 + number) % 50);
            assert_eq!(app.get(&target).await.status(), 200);
        }
        redis.signal("-CONT");
        wait_for(&app, "healthy", "connected").await;
        redis.kill();
        assert_eq!(app.get("/api/overview/indices").await.status(), 200);
        app.get(&format!("/api/stock/600519.SH/daily?start=2024010{}", round + 1)).await;
    }
}

#[tokio::test]
async fn of_servers_that_share_redis_one_collects_at_a_time() {
    let Some(redis) = Redis::running() else { return };
    let has_turn = || redis.keys(1).iter().any(|key| key == "stock:collector:tushare");
    let settings = [("CACHE_URL", redis.url())];
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
