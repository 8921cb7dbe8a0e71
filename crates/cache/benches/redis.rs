//! What a hit in Redis costs through the backend and through the bare driver, with one connection and with several;
//! and how soon a server is used again after an outage.
//!
//! `cargo bench -p stockpile-cache --all-features --bench redis`. Starts a server of its own on loopback; needs
//! `redis-server`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "bench")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use cpu_time::ProcessTime;
use stockpile_cache::{
    Backend, Lifetime, Namespace, RawKey,
    redis::{RedisBackend, fred::fred},
};

use fred::{
    prelude::{Builder, Client, ClientLike, Config},
    types::{ClusterHash, CustomCommand},
};

use stockpile_redis_local::Server;

const BODY: usize = 1024;
const READS: usize = 200_000;

fn main() {
    // `cargo test` and `cargo bench -- --list` only want to know that it starts.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let Some(server) = Server::start("") else {
        println!("redis-server is not installed: nothing measured");
        return;
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "GET of {BODY} bytes, {READS} times, {threads} worker threads (the server takes a share of them too)"
    );
    println!(
        "{:<28} {:>6} {:>10} {:>12} {:>9} {:>9}",
        "reader", "tasks", "reads/s", "CPU us/read", "p50 us", "p99 us"
    );
    for tasks in [1, 16, 128] {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            backend(&server, 1).await;
            let client = bare(&server).await;
            let read = async |client: Client| {
                let get = CustomCommand::new_static("GET", ClusterHash::FirstKey, false);
                assert!(
                    client.custom::<Option<Bytes>, _>(get, vec!["cache:bench:k"]).await.unwrap().is_some()
                );
            };
            measure("bare driver", tasks, move || read(client.clone())).await;
            for clients in [1, 2, 4] {
                let backend = backend(&server, clients).await;
                let read =
                    async |backend: RedisBackend| assert!(backend.get(&key()).await.unwrap().is_some());
                measure(&format!("backend, {clients} connection(s)"), tasks, move || read(backend.clone()))
                    .await;
            }
        });
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(outages(server));
}

fn key() -> RawKey {
    RawKey::new(&Namespace::default(), "bench", "k")
}

async fn bare(server: &Server) -> Client {
    let client = Builder::from_config(Config::from_url(&server.url("")).unwrap()).build().unwrap();
    client.init().await.unwrap();
    client
}

async fn backend(server: &Server, clients: usize) -> RedisBackend {
    let backend = RedisBackend::builder(server.url(""))
        .clients(clients)
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    backend.ping().await.unwrap();
    store(&backend).await.unwrap();
    backend
}

async fn store(backend: &RedisBackend) -> stockpile_cache::Result<()> {
    backend.set(&key(), Bytes::from(vec![b'x'; BODY]), Lifetime::new(Duration::from_secs(600)).unwrap()).await
}

async fn measure<F>(reader: &str, tasks: usize, read: impl Fn() -> F + Send + Sync + 'static)
where
    F: Future<Output = ()> + Send,
{
    // One at a time takes long enough with fewer.
    let reads = if tasks == 1 { READS / 10 } else { READS } / tasks;
    let read = Arc::new(read);
    let (start, cpu) = (Instant::now(), ProcessTime::now());
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            let read = Arc::clone(&read);
            tokio::spawn(async move {
                let mut took = Vec::with_capacity(reads);
                for _ in 0..reads {
                    let start = Instant::now();
                    read().await;
                    took.push(start.elapsed());
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in running {
        took.extend(task.await.unwrap());
    }
    let (time, cpu) = (start.elapsed(), cpu.elapsed());
    took.sort_unstable();
    println!(
        "{reader:<28} {tasks:>6} {:>10.0} {:>12.1} {:>9} {:>9}",
        took.len() as f64 / time.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / took.len() as f64,
        took[took.len() / 2].as_micros(),
        took[took.len() * 99 / 100].as_micros(),
    );
}

/// Reads every millisecond through outages, with a timeout of 50 ms.
async fn outages(mut server: Server) {
    println!(
        "\n{:<28} {:>8} {:>14} {:>14} {:>16}",
        "outage", "seconds", "p99 us in it", "worst us in it", "used again ms"
    );
    for seconds in [0.2, 1.0, 3.0] {
        let backend = patient(&server).await;
        server.kill();
        let (p99, worst) = during(&backend, seconds).await;
        server.restart();
        report("killed, then restarted", seconds, p99, worst, back(&backend).await);
    }
    for seconds in [0.2, 1.0, 4.0] {
        let backend = patient(&server).await;
        server.freeze();
        let (p99, worst) = during(&backend, seconds).await;
        server.thaw();
        report("frozen, then thawed", seconds, p99, worst, back(&backend).await);
    }
}

async fn patient(server: &Server) -> RedisBackend {
    let backend = RedisBackend::builder(server.url("")).timeout(Duration::from_millis(50)).build().unwrap();
    back(&backend).await;
    backend
}

async fn during(backend: &RedisBackend, seconds: f64) -> (Duration, Duration) {
    let (start, mut took) = (Instant::now(), Vec::new());
    while start.elapsed().as_secs_f64() < seconds {
        let asked = Instant::now();
        let _ = backend.get(&key()).await;
        took.push(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    took.sort_unstable();
    (took[took.len() * 99 / 100], took[took.len() - 1])
}

async fn back(backend: &RedisBackend) -> Duration {
    let start = Instant::now();
    while store(backend).await.is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    start.elapsed()
}

fn report(outage: &str, seconds: f64, p99: Duration, worst: Duration, back: Duration) {
    println!(
        "{outage:<28} {seconds:>8} {:>14} {:>14} {:>16}",
        p99.as_micros(),
        worst.as_micros(),
        back.as_millis()
    );
}
