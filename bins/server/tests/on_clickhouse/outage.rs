//! A server whose store's engine is frozen, killed and started again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use stockpile_clickhouse_local::{Config as EngineConfig, Engine};
use stockpile_postgres_local::{Config as ServerConfig, Server};
use tokio::net::{TcpListener, TcpStream};

use crate::app::{HEADER, TestApp};

const CACHED: [&str; 3] =
    ["/api/overview/market-stats?date=20250205", "/api/overview/hot-stocks", "/api/stock/600519.SH/daily"];
/// Far more than a probe takes, far less than a query may.
const SOON: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(40);

/// The engine of this test's store, to be spoilt.
enum Own {
    ClickHouse(Engine),
    Postgres(Server),
}

impl Own {
    /// Nothing where there is none, which the other tests of this binary have said.
    fn start() -> Option<Self> {
        if env!("CARGO_CRATE_NAME") == "on_clickhouse" {
            Engine::start(&EngineConfig::default()).ok().map(Self::ClickHouse)
        } else {
            Server::start(&ServerConfig::default()).ok().map(Self::Postgres)
        }
    }

    fn port(&self) -> u16 {
        match self {
            Self::ClickHouse(engine) => engine.port(),
            Self::Postgres(server) => server.port(),
        }
    }

    fn url(&self, port: u16) -> String {
        match self {
            Self::ClickHouse(_) => format!("clickhouse://default@127.0.0.1:{port}/stock_data"),
            Self::Postgres(_) => format!("postgres://postgres@127.0.0.1:{port}/stock_data"),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::ClickHouse(_) => "clickhouse",
            Self::Postgres(_) => "postgres",
        }
    }

    fn freeze(&self) {
        match self {
            Self::ClickHouse(engine) => engine.freeze().unwrap(),
            Self::Postgres(server) => server.freeze_whole().unwrap(),
        }
    }

    fn thaw(&self) {
        match self {
            Self::ClickHouse(engine) => engine.thaw().unwrap(),
            Self::Postgres(server) => server.thaw().unwrap(),
        }
    }

    fn kill(&mut self) {
        match self {
            Self::ClickHouse(engine) => engine.kill().unwrap(),
            Self::Postgres(server) => server.kill().unwrap(),
        }
    }

    fn restart(&mut self) {
        match self {
            Self::ClickHouse(engine) => engine.restart(&EngineConfig::default()).unwrap(),
            Self::Postgres(server) => server.restart(&ServerConfig::default()).unwrap(),
        }
    }
}

/// An address that stays while the engine behind it comes back on another port.
struct Line {
    port: u16,
    engine: Arc<AtomicU16>,
}

impl Line {
    async fn to(engine: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let engine = Arc::new(AtomicU16::new(engine));
        let to = engine.clone();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let to = to.load(SeqCst);
                tokio::spawn(async move {
                    if let Ok(mut engine) = TcpStream::connect(("127.0.0.1", to)).await {
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut engine).await;
                    }
                });
            }
        });
        Self { port, engine }
    }
}

/// Waits until the server says so of its store; every answer comes soon.
async fn health_once(app: &TestApp, engine: &str, expected: (u16, &str)) {
    let began = Instant::now();
    loop {
        let asked = Instant::now();
        let response = app.get("/health").await;
        let status = response.status().as_u16();
        let health: Value = response.json().await.unwrap();
        assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
        if (status, &health["services"][engine]) == (expected.0, &json!(expected.1)) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{health}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn bodies(app: &TestApp) -> Vec<Value> {
    let mut bodies = Vec::new();
    for target in CACHED {
        let asked = Instant::now();
        bodies.push(app.json(target).await["data"].clone());
        assert!(asked.elapsed() < SOON, "{target}: {:?}", asked.elapsed());
    }
    bodies
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_freezes_or_dies_is_told_what_is_cached_is_served_and_then_all_is_well_again() {
    let Some(mut own) = Own::start() else { return };
    let line = Line::to(own.port()).await;
    let app = TestApp::start_with(&[("STORAGE_URL", &own.url(line.port))]).await;
    app.ingest_the_small_market().await;
    health_once(&app, own.name(), (200, "connected")).await;
    let known = bodies(&app).await;

    own.freeze();
    health_once(&app, own.name(), (503, "disconnected")).await;
    assert_eq!(bodies(&app).await, known);
    assert_eq!(app.get("/livez").await.status(), 200);
    assert_eq!(app.get("/readyz").await.status(), 503);
    own.thaw();
    health_once(&app, own.name(), (200, "connected")).await;
    assert_eq!(app.get("/api/overview/hot-etfs").await.status(), 200, "what was not asked before");

    own.kill();
    health_once(&app, own.name(), (503, "disconnected")).await;
    assert_eq!(bodies(&app).await, known);
    assert_eq!(app.get("/api/overview/hot-stocks?limit=3").await.status(), 503, "what nobody knows");
    own.restart();
    line.engine.store(own.port(), SeqCst);
    health_once(&app, own.name(), (200, "connected")).await;
    assert_eq!(app.get("/api/overview/hot-stocks?limit=3").await.status(), 200);
    assert_eq!(bodies(&app).await, known);

    // News shows as before the outage.
    app.ingest("news.csv", HEADER.to_owned() + "600519.SH,20250206,10,10,10,10,10,0,0,1,1\n").await;
    let began = Instant::now();
    while app.json("/api/stock/600519.SH/daily").await["data"] == known[2] {
        assert!(began.elapsed() < PATIENCE, "the new bar does not show");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
