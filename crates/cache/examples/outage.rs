//! What callers see while Redis is frozen for ten seconds, and while it is killed for ten: the table of `docs/outage.md`.
//!
//! `cargo run --release -p stockpile-cache --features redis --example outage`. Needs `redis-server`.

use std::{
    io::Write,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use stockpile_cache::{Answer, Cache, Kind, Tier};
use stockpile_redis_local::Server;

/// Callers at a time, each with a pause between its requests.
const CALLERS: u64 = 16;
const PAUSE: Duration = Duration::from_millis(5);
const KEYS: u64 = 500;
const CALM: Duration = Duration::from_secs(3);
const OUTAGE: Duration = Duration::from_secs(10);
/// The part of an outage in which it is noticed; a row of its own.
const NOTICED: Duration = Duration::from_millis(200);

const PAGE: Kind<Bytes> = Kind::new("page").ttl(Duration::from_secs(60)).stale(Duration::from_secs(600));

const HEAD: &str =
    "| Redis | requests | failed | loads | p50 | p99 | max | added p50 | added p99 | added max |
|---|---|---|---|---|---|---|---|---|---|";

/// What was seen since the last row.
#[derive(Default)]
struct Seen {
    waits: Mutex<Vec<Duration>>,
    /// What of them was not the loader's time. Not of requests that joined the load of another.
    added: Mutex<Vec<Duration>>,
    failed: AtomicU64,
    loads: AtomicU64,
    /// Whether Redis has answered a request.
    hit: AtomicBool,
}

impl Seen {
    fn row(&self, what: &str) -> String {
        let (waits, added) = (take(&self.waits), take(&self.added));
        let (failed, loads) = (self.failed.swap(0, Relaxed), self.loads.swap(0, Relaxed));
        format!("| {what} | {} | {failed} | {loads} | {} | {} |", waits.len(), spread(&waits), spread(&added))
    }
}

fn add(to: &Mutex<Vec<Duration>>, wait: Duration) {
    to.lock().unwrap_or_else(PoisonError::into_inner).push(wait);
}

/// What was collected, shortest first.
fn take(from: &Mutex<Vec<Duration>>) -> Vec<Duration> {
    let mut waits = std::mem::take(&mut *from.lock().unwrap_or_else(PoisonError::into_inner));
    waits.sort_unstable();
    waits
}

/// Median, 99th percentile and maximum.
fn spread(waits: &[Duration]) -> String {
    let at =
        |percent: usize| match waits.get((waits.len() * percent / 100).min(waits.len().saturating_sub(1))) {
            Some(wait) => format!("{:.2} ms", wait.as_secs_f64() * 1000.0),
            None => "-".to_owned(),
        };
    [50, 99, 100].map(at).join(" | ")
}

/// Asks for one page after the other. Without a tier in process each of them asks Redis, which is the worst there is.
async fn call(cache: Cache, seen: Arc<Seen>, caller: u64) {
    for number in 0.. {
        let key = ((caller * 7919 + number * 31) % KEYS).to_string();
        let begun = Instant::now();
        let counted = Arc::clone(&seen);
        let load = |_| async move {
            counted.loads.fetch_add(1, Relaxed);
            // The store behind it all.
            tokio::time::sleep(Duration::from_millis(2)).await;
            Ok::<_, std::convert::Infallible>(Bytes::from(vec![7; 2048]))
        };
        let answer = cache.entry(&PAGE, &key).with_outcome().get_or_load(load).await;
        let wait = begun.elapsed();
        add(&seen.waits, wait);
        match answer {
            Ok((_, outcome)) => {
                if outcome.tier() == Some(Tier::L2) {
                    seen.hit.store(true, Relaxed);
                }
                match outcome.answer {
                    Answer::Loaded { took, .. } => add(&seen.added, wait.saturating_sub(took)),
                    Answer::Joined => {}
                    _ => add(&seen.added, wait),
                }
            }
            Err(_) => drop(seen.failed.fetch_add(1, Relaxed)),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until Redis answers requests again; says how long that took.
async fn recovery(seen: &Seen) -> Duration {
    let begun = Instant::now();
    seen.hit.store(false, Relaxed);
    while !seen.hit.load(Relaxed) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    begun.elapsed()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(mut server) = Server::start("") else { return Err("redis-server is not installed".into()) };
    let cache = Cache::builder().l1_max_bytes(0).url(&server.url(""))?.build()?;
    let seen = Arc::new(Seen::default());
    for caller in 0..CALLERS {
        tokio::spawn(call(cache.clone(), Arc::clone(&seen), caller));
    }
    // Everything is there.
    tokio::time::sleep(CALM).await;
    seen.row("");
    let mut out = std::io::stdout();
    writeln!(out, "{HEAD}")?;
    tokio::time::sleep(CALM).await;
    writeln!(out, "{}", seen.row("answers"))?;

    server.freeze();
    tokio::time::sleep(NOTICED).await;
    writeln!(out, "{}", seen.row("frozen, first 200 ms"))?;
    tokio::time::sleep(OUTAGE - NOTICED).await;
    writeln!(out, "{}", seen.row("frozen, up to 10 s"))?;
    server.thaw();
    let thawed = recovery(&seen).await;
    tokio::time::sleep(CALM).await;
    writeln!(out, "{}", seen.row("answers again"))?;

    server.kill();
    tokio::time::sleep(NOTICED).await;
    writeln!(out, "{}", seen.row("killed, first 200 ms"))?;
    tokio::time::sleep(OUTAGE - NOTICED).await;
    writeln!(out, "{}", seen.row("killed, up to 10 s"))?;
    server.restart();
    let restarted = recovery(&seen).await;
    tokio::time::sleep(CALM).await;
    writeln!(out, "{}", seen.row("back, and empty"))?;
    writeln!(
        out,
        "\nFirst answer of Redis {thawed:.0?} after it went on, and {restarted:.0?} after it was started again."
    )?;
    Ok(())
}
