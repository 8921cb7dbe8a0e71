//! What is said in the log, and how often. A process of its own: what is logged elsewhere at the same time would
//! decide whether these lines are made at all.
#![allow(clippy::unwrap_used, reason = "test")]

use std::{
    fmt::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use stockpile_cache::{Cache, Kind, MemoryBackend, testkit::ChaosBackend};
use tokio::time::sleep;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

const SECOND: Duration = Duration::from_secs(1);
const PAGE: Kind<Bytes> = Kind::new("page");

fn cache() -> (Cache, ChaosBackend) {
    let chaos = ChaosBackend::new(Arc::new(MemoryBackend::new(1 << 20)));
    (Cache::builder().backend(Arc::new(chaos.clone())).build().unwrap(), chaos)
}

/// Keeps every line of the cache that is not for debugging.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("stockpile_cache") && *metadata.level() <= Level::INFO
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} ", event.metadata().level()));
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn outage_is_a_line_at_its_start_one_at_its_end_and_few_between() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let (cache, chaos) = cache();
    chaos.fail(true);
    for round in 0..600 {
        for number in 0..5 {
            let key = format!("secret-key-{round}-{number}");
            cache.set(&PAGE, &key, Bytes::from_static(b"secret-value")).await;
            cache.get(&PAGE, &key).await;
            cache.delete(&PAGE, &key).await;
        }
        sleep(SECOND).await;
    }
    chaos.fail(false);
    sleep(SECOND).await;
    let lines = lines.0.lock().unwrap().clone();
    let first = lines.first().unwrap();
    assert!(first.starts_with("WARN") && first.contains("failure=\"unreachable\""), "{first}");
    let last = lines.last().unwrap();
    assert!(last.starts_with("INFO") && last.contains("is back") && last.contains("outage_ms="), "{last}");
    assert!((19..=22).contains(&lines.len()), "{} lines in {:?}", lines.len(), Duration::from_secs(600));
    assert!(lines.iter().all(|line| !line.contains("secret")), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn calm_cache_says_nothing() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let (cache, _chaos) = cache();
    for _ in 0..100 {
        cache.set(&PAGE, "k", Bytes::from_static(b"v")).await;
        cache.get(&PAGE, "l").await;
        sleep(SECOND).await;
    }
    assert!(lines.0.lock().unwrap().is_empty());
}
