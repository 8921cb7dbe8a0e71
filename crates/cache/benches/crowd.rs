//! What does not grow: loads and commands with the callers of one moment, and the time of an invalidation with the
//! entries it takes.
//!
//! `cargo bench -p stockpile-cache --all-features --bench crowd`. Starts a server of its own on loopback; needs
//! `redis-server`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "bench")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use cpu_time::ProcessTime;
use stockpile_cache::{Cache, CacheBuilder, Kind};
use stockpile_redis_local::Server;
use tokio::task::JoinSet;

const PAGE: Kind<Bytes> = Kind::new("page").ttl(Duration::from_secs(3600)).tags(&["page"]);
/// What the loader takes, so that all callers come while it runs.
const LOAD: Duration = Duration::from_millis(200);
const ROUNDS: usize = 101;

fn main() {
    // `cargo test` and `cargo bench -- --list` only want to know that it starts.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let Some(server) = Server::start("") else {
        println!("redis-server is not installed: nothing measured");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        println!(
            "{:<10} {:>8} {:>6} {:>6} {:>8} {:>18}",
            "waiters", "loads", "GET", "SET", "joins", "CPU us/waiter"
        );
        for waiters in [1, 10, 100, 1000, 10_000] {
            wait_together(&server, waiters).await;
        }
        println!("\n{:<10} {:<10} {:>12} {:>12}", "entries", "kept in", "median us", "p90 us");
        for entries in [100, 10_000, 100_000] {
            invalidate("process", entries, Cache::builder()).await;
            invalidate("both", entries, in_redis(&server)).await;
        }
    });
}

fn in_redis(server: &Server) -> CacheBuilder {
    Cache::builder().url(&server.url("")).unwrap().budget(Duration::from_secs(10)).l1_max_bytes(1 << 30)
}

async fn wait_together(server: &Server, waiters: u32) {
    let cache = in_redis(server).namespace(format!("waiters{waiters}")).build().unwrap();
    while cache.strict().set(&PAGE, "first", Bytes::new()).await.is_err() {}
    server.ask(&["CONFIG", "RESETSTAT"]);
    let (loads, cpu, mut callers) = (Arc::new(AtomicU64::new(0)), ProcessTime::now(), JoinSet::new());
    for _ in 0..waiters {
        let (cache, loads) = (cache.clone(), Arc::clone(&loads));
        callers.spawn(async move {
            let load = |_| async move {
                loads.fetch_add(1, Relaxed);
                tokio::time::sleep(LOAD).await;
                Ok::<_, std::convert::Infallible>(Bytes::from_static(b"v"))
            };
            cache.entry(&PAGE, "k").get_or_load(load).await.unwrap();
        });
    }
    callers.join_all().await;
    let cpu = cpu.elapsed();
    // The write goes on after the callers have their answer.
    while calls(server, "set") == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    println!(
        "{waiters:<10} {:>8} {:>6} {:>6} {:>8} {:>18.1}",
        loads.load(Relaxed),
        calls(server, "get"),
        calls(server, "set"),
        cache.stats().kind("page").joins,
        cpu.as_secs_f64() * 1e6 / f64::from(waiters),
    );
}

fn calls(server: &Server, command: &str) -> u64 {
    let line = server.info("commandstats", &format!("cmdstat_{command}")).unwrap_or_default();
    let calls = line.split(',').next().and_then(|calls| calls.strip_prefix("calls="));
    calls.map_or(0, |calls| calls.parse().unwrap())
}

/// Fills a cache, and takes all of it back by its tag, again and again.
async fn invalidate(kept: &str, entries: u32, builder: CacheBuilder) {
    let cache = builder.namespace(format!("entries{entries}")).build().unwrap();
    for number in 0..entries {
        cache.set(&PAGE, &number.to_string(), Bytes::from_static(b"v")).await;
    }
    assert!(cache.get(&PAGE, "0").await.is_some());
    let mut took = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        cache.set(&PAGE, "0", Bytes::from_static(b"v")).await;
        let begun = Instant::now();
        assert!(cache.remove_tag("page").await.complete);
        took.push(begun.elapsed());
        assert!(cache.get(&PAGE, "0").await.is_none());
    }
    took.sort_unstable();
    println!(
        "{entries:<10} {kept:<10} {:>12.1} {:>12.1}",
        took[ROUNDS / 2].as_secs_f64() * 1e6,
        took[ROUNDS * 9 / 10].as_secs_f64() * 1e6
    );
}
