//! The service on every cache there is here.

use std::{
    net,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use embed::{
    service::{Store, serve},
    shelf::Shelf,
};
use stockpile_cache::{Cache, conformance_suite, testkit::Subject};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

conformance_suite!(shelf, async { Some(Subject::new(Arc::new(Shelf::default()))) });

/// Starts the service on a cache; says where, and what is asked when nothing is kept.
async fn start(cache: Cache) -> (net::SocketAddr, Store) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, store) = (listener.local_addr().unwrap(), Store::default());
    tokio::spawn(serve(listener, cache, store.clone()));
    (address, store)
}

async fn ask(address: net::SocketAddr, question: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{question}\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).await.unwrap();
    answer
}

async fn serves(cache: Cache) {
    let (address, store) = start(cache).await;
    let mut clients = JoinSet::new();
    for _ in 0..50 {
        clients.spawn(ask(address, "GET 600519.SH"));
    }
    while let Some(answer) = clients.join_next().await {
        assert_eq!(answer.unwrap(), "600519.SH 1\n");
    }
    assert_eq!(store.questions(), 1);
    assert_eq!(ask(address, "CHANGED 600519.SH").await, "thanks\n");
    assert_eq!(ask(address, "GET 600519.SH").await, "600519.SH 2\n");
    assert!(ask(address, "GET closed").await.starts_with("sorry: "));
}

#[tokio::test]
async fn service_works_in_memory() {
    serves(Cache::from_url("memory://").unwrap()).await;
}

#[tokio::test]
async fn service_works_on_a_backend_of_its_own() {
    serves(Cache::builder().backend(Arc::new(Shelf::default())).build().unwrap()).await;
}

#[tokio::test]
async fn service_works_without_a_redis_that_is_down() {
    serves(Cache::from_url("redis://127.0.0.1:1").unwrap()).await;
}

#[tokio::test]
async fn two_services_share_a_redis() {
    let Some(redis) = Redis::start() else { return };
    let cache =
        || Cache::builder().url(&redis.url()).unwrap().budget(Duration::from_secs(5)).build().unwrap();
    let one = cache();
    while one.strict().ping().await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    serves(one.clone()).await;
    assert!(one.flush(Duration::from_secs(5)).await);
    let (address, store) = start(cache()).await;
    assert_eq!(ask(address, "GET 600519.SH").await, "600519.SH 2\n");
    assert_eq!(store.questions(), 0, "Redis had it");
}

/// A server for this test; `None` where it is not installed and need not be.
struct Redis {
    process: Child,
    port: u16,
}

impl Redis {
    fn start() -> Option<Self> {
        // Below the ports the system gives to clients, so that it is still free when the server takes it.
        let from = 12_000 + u16::try_from(std::process::id() % 8_000).unwrap();
        let port = (from..).find(|port| net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        match command.stdout(Stdio::null()).spawn() {
            Ok(process) => Some(Self { process, port }),
            Err(error) => {
                assert!(std::env::var_os("REQUIRE_BACKENDS").is_none(), "redis-server: {error}");
                None
            }
        }
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
