//! A page that takes long to make, asked for by many at once, then while its maker is broken.
//!
//! `cargo run -p stockpile-cache --example report`

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use stockpile_cache::{Cache, Kind, LoadError, Outcome};

const REPORT: Kind<Bytes> = Kind::new("report")
    .ttl(Duration::from_millis(200))
    .stale(Duration::from_secs(60))
    .throttle(Duration::from_secs(1));

#[derive(Debug, thiserror::Error)]
#[error("the database is closed")]
struct Closed;

/// Something slow that can break.
#[derive(Debug, Default)]
struct Database {
    queries: AtomicU32,
    closed: AtomicBool,
}

impl Database {
    async fn report(&self) -> Result<Bytes, Closed> {
        let number = self.queries.fetch_add(1, Ordering::Relaxed) + 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
        if self.closed.load(Ordering::Relaxed) { Err(Closed) } else { Ok(format!("report {number}").into()) }
    }
}

async fn report(cache: &Cache, database: &Arc<Database>) -> Result<(Bytes, Outcome), LoadError<Closed>> {
    let database = Arc::clone(database);
    cache.entry(&REPORT, "today").with_outcome().get_or_load(|_| async move { database.report().await }).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (cache, database) = (Cache::in_memory(), Arc::new(Database::default()));
    let mut out = std::io::stdout();

    let readers: Vec<_> = (0..100)
        .map(|_| {
            let (cache, database) = (cache.clone(), Arc::clone(&database));
            tokio::spawn(async move { report(&cache, &database).await })
        })
        .collect();
    for reader in readers {
        reader.await??;
    }
    writeln!(out, "100 readers, {} query", database.queries.load(Ordering::Relaxed))?;

    let (body, outcome) = report(&cache, &database).await?;
    writeln!(out, "{}: {body:?}, fresh for {:?}", outcome.label(), outcome.fresh_for)?;

    tokio::time::sleep(Duration::from_millis(250)).await;
    database.closed.store(true, Ordering::Relaxed);
    let (body, outcome) = report(&cache, &database).await?;
    writeln!(out, "{}: {body:?}, {:?}, {:?} old", outcome.label(), outcome.answer, outcome.age)?;

    writeln!(out, "{:#?}", cache.stats().kind("report"))?;
    Ok(())
}
