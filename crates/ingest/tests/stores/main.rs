//! The same files into every store: SQLite, ClickHouse and PostgreSQL answer every query of every repository alike, row by row.
//!
//! ClickHouse and PostgreSQL are servers of the test's own, or those that `TEST_CLICKHOUSE_URL` and `TEST_POSTGRES_URL` name;
//! where one is missing the others are compared, which is said, or the test fails with `REQUIRE_BACKENDS=1`. Real files are those of the folder `MARKET_DATA_DIR`, all of them.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests, which say what they leave out")]

mod answers;
mod files;
mod question;
mod questions;
mod stores;

use std::path::{Path, PathBuf};

use stockpile_ingest::Ingested;
use stockpile_market::SecurityKind;

use self::stores::Stores;

/// Real market files are ingested whole, in the order of their names.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_answers_alike_on_real_market_files() {
    let Some(folder) = std::env::var_os("MARKET_DATA_DIR").map(PathBuf::from) else {
        eprintln!("LEFT OUT: MARKET_DATA_DIR is not set, no store was compared on real market files");
        return;
    };
    let names = files::names(&folder);
    assert!(!names.is_empty(), "{} has no market files", folder.display());
    let Some(stores) = Stores::open().await else { return };
    alike(&stores, &folder, &names).await;
}

/// What the real files lack: valuations, limits, suspensions, rows met twice, rows refused, a second ingest.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_answers_alike_on_the_kinds_that_are_seldom_published() {
    let Some(stores) = Stores::open().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let names = files::made(folder.path());
    let ingested = alike(&stores, folder.path(), &names).await;
    assert!(ingested.iter().any(|file| file.rows.rejected > 0));
}

/// Ingests files into the stores and compares what they tell of it, then everything they answer.
async fn alike(stores: &Stores, folder: &Path, names: &[String]) -> Vec<Ingested> {
    let ingested = stores.ingest(folder, names).await;
    let questions = questions::all(stores.reference(), files::pairs(folder, names)).await;
    let compared = answers::compare(stores, &questions).await;
    eprintln!("{} stores, {} queries, {compared} rows, all alike", stores.all.len(), questions.len());
    everything_was_compared(stores, &ingested, compared).await;
    ingested
}

/// Stores that are alike because they are empty prove nothing.
async fn everything_was_compared(stores: &Stores, ingested: &[Ingested], compared: usize) {
    let written: u64 = ingested.iter().map(|file| file.rows.written).sum();
    let mut bars = 0;
    for kind in SecurityKind::ALL {
        let days = stores.reference().bars.day_counts(kind).await.unwrap();
        bars += days.iter().map(|day| u64::from(day.rows)).sum::<u64>();
    }
    let sources: u64 = ingested.iter().map(|file| file.bars.stock + file.bars.etf + file.bars.index).sum();
    assert!(bars > 0 && bars <= sources, "{bars} bars of {sources}");
    assert!(compared as u64 >= written, "{compared} rows compared of {written} written");
}
