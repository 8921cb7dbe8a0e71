//! The contract on the embedded store, and what only a file can get wrong.
#![allow(clippy::unwrap_used, reason = "test")]

use std::{fs, path::PathBuf, task::Poll};

use stockpile_market::SecurityKind;
use stockpile_storage::{
    Error, NewRun, Part, RowCounts, Store,
    contract::{bar, ingest, numbered, start},
    contract_suite, sqlite,
};
use tempfile::TempDir;

async fn fresh() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite::open(&folder.path().join("stockpile.db")).await.unwrap();
    (folder, store)
}

contract_suite!(sqlite_file, async { Some(fresh().await) });

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("stockpile.db")
}

#[tokio::test]
async fn missing_folders_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/stockpile.db");
    sqlite::open(&path).await.unwrap();
    assert!(path.exists());
}

#[tokio::test]
async fn data_is_there_after_reopening() {
    let (folder, store) = fresh().await;
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250205", 11.37)]).await;
    drop(store);
    let store = sqlite::open(&file(&folder)).await.unwrap();
    assert_eq!(store.bars.day_counts(SecurityKind::Stock).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_commit_by_another_handle_shows_at_once() {
    let (folder, store) = fresh().await;
    let other = sqlite::open(&file(&folder)).await.unwrap();
    let before = store.ingest.revision().await.unwrap();
    ingest(&other, SecurityKind::Stock, [bar("000001.SZ", "20250205", 11.37)]).await;
    assert!(store.ingest.revision().await.unwrap() > before);
    assert_eq!(store.bars.day_counts(SecurityKind::Stock).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_start_nobody_waits_for_leaves_no_lock() {
    let (_folder, store) = fresh().await;
    for _ in 0..20 {
        let run =
            NewRun { source: "a".into(), kind: "daily".into(), started_at: jiff::Timestamp::UNIX_EPOCH };
        // The first poll hands the work to the connection's thread.
        let mut starting = store.ingest.start(run);
        assert!(
            std::future::poll_fn(|context| Poll::Ready(starting.as_mut().poll(context))).await.is_pending()
        );
        drop(starting);
        ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250205", 11.37)]).await;
    }
}

#[tokio::test]
async fn opening_never_waits_for_a_run_of_another_handle() {
    let (folder, store) = fresh().await;
    let mut run = start(&store).await;
    run.write_bars(SecurityKind::Stock, numbered([bar("000001.SZ", "20250205", 11.37)])).await.unwrap();
    let other = sqlite::open(&file(&folder)).await.unwrap();
    assert!(other.bars.day_counts(SecurityKind::Stock).await.unwrap().is_empty());
    run.commit(RowCounts::default(), jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(other.bars.day_counts(SecurityKind::Stock).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_openers_of_a_new_file_migrate_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let openers: Vec<_> = (0..8)
        .map(|_| {
            let path = file(&folder);
            tokio::spawn(async move { sqlite::open(&path).await })
        })
        .collect();
    for opener in openers {
        opener.await.unwrap().unwrap();
    }
    let applied: i64 = rusqlite::Connection::open(file(&folder))
        .unwrap()
        .query_row("SELECT count(*) FROM schema_migration", [], |row| row.get(0))
        .unwrap();
    assert_eq!(applied, 4);
}

#[tokio::test]
async fn a_commit_of_the_release_before_changes_the_fingerprints_of_both_parts() {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite::open(&file(&folder)).await.unwrap();
    let fingerprints = || async {
        let of = |part| store.ingest.fingerprint(part);
        (of(Part::Market).await.unwrap(), of(Part::Coins).await.unwrap())
    };
    let before = fingerprints().await;
    let other = rusqlite::Connection::open(file(&folder)).unwrap();
    other.execute("UPDATE revision SET revision = revision + 1", []).unwrap();
    let after = fingerprints().await;
    assert!(before.0 != after.0 && before.1 != after.1, "{before:?} then {after:?}");
}

#[tokio::test]
async fn somebody_elses_file_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = rusqlite::Connection::open(file(&folder)).unwrap();
    foreign.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(foreign);
    let before = fs::read(file(&folder)).unwrap();
    assert!(matches!(sqlite::open(&file(&folder)).await, Err(Error::Foreign { .. })));
    assert_eq!(fs::read(file(&folder)).unwrap(), before);

    fs::write(file(&folder), "ts_code,trade_date\n".repeat(500)).unwrap();
    assert!(matches!(sqlite::open(&file(&folder)).await, Err(Error::Foreign { .. })));
}

#[tokio::test]
async fn a_store_of_a_newer_release_is_refused() {
    let (folder, store) = fresh().await;
    drop(store);
    rusqlite::Connection::open(file(&folder))
        .unwrap()
        .execute("INSERT INTO schema_migration VALUES (9, 'later', 0, '')", [])
        .unwrap();
    let refused = sqlite::open(&file(&folder)).await.unwrap_err();
    assert!(matches!(refused, Error::NewerSchema { found: 9, .. }), "{refused}");
}

#[tokio::test]
async fn a_migration_edited_after_its_release_is_noticed() {
    let (folder, store) = fresh().await;
    drop(store);
    rusqlite::Connection::open(file(&folder))
        .unwrap()
        .execute("UPDATE schema_migration SET checksum = 1", [])
        .unwrap();
    let refused = sqlite::open(&file(&folder)).await.unwrap_err();
    assert!(matches!(refused, Error::ChangedMigration { version: 1 }), "{refused}");
}

#[tokio::test]
async fn a_store_of_the_first_release_keeps_its_rows_and_gains_tables() {
    let (folder, store) = fresh().await;
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250205", 11.37)]).await;
    drop(store);
    let file_now = rusqlite::Connection::open(file(&folder)).unwrap();
    let tables = ["daily_basic", "suspension", "minute_bar", "candle", "crypto_market"];
    file_now
        .execute_batch(
            &tables
                .iter()
                .map(|table| format!("DROP TABLE {table};"))
                .chain(["DELETE FROM schema_migration WHERE version = 2".into()])
                .collect::<String>(),
        )
        .unwrap();
    drop(file_now);
    let store = sqlite::open(&file(&folder)).await.unwrap();
    assert_eq!(store.bars.day_counts(SecurityKind::Stock).await.unwrap().len(), 1);
    assert_eq!(store.candles.intervals("BTCUSDT").await.unwrap(), []);
}

#[tokio::test]
async fn a_path_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let refused = sqlite::open(folder.path()).await.unwrap_err();
    assert!(refused.to_string().contains(&folder.path().display().to_string()), "{refused}");
}

#[tokio::test]
async fn the_log_gives_its_space_back_after_a_run() {
    let (folder, store) = fresh().await;
    let bars = (0..20_000).map(|number| bar(&format!("{number:06}.SZ"), "20250205", 10.0));
    ingest(&store, SecurityKind::Stock, bars).await;
    let log = fs::metadata(folder.path().join("stockpile.db-wal")).map_or(0, |file| file.len());
    assert!(log < 64 * 1024, "the log keeps {log} bytes");
}

#[tokio::test]
async fn a_file_removed_or_replaced_while_it_is_open_is_noticed() {
    let (folder, store) = fresh().await;
    let (elsewhere, _other) = fresh().await;
    fs::rename(file(&elsewhere), file(&folder)).unwrap();
    assert!(matches!(store.ingest.revision().await, Err(Error::Replaced { .. })));
    fs::remove_file(file(&folder)).unwrap();
    assert!(matches!(store.ingest.revision().await, Err(Error::Replaced { .. })));
}

#[tokio::test]
async fn a_repair_counts_days_that_were_counted_wrong() {
    let (folder, store) = fresh().await;
    let days = ["20250205", "20250206"];
    ingest(&store, SecurityKind::Stock, days.map(|day| bar("000001.SZ", day, 11.37))).await;
    let before = store.bars.day_counts(SecurityKind::Stock).await.unwrap();
    rusqlite::Connection::open(file(&folder))
        .unwrap()
        .execute_batch(
            "UPDATE bar_day SET rows = 7 WHERE trade_date = 20250205; DELETE FROM bar_day WHERE trade_date = 20250206;
             INSERT INTO bar_day VALUES (2, 20250205, 3, 0);",
        )
        .unwrap();
    let revision = store.ingest.revision().await.unwrap();
    let repaired = store.ingest.repair(jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(repaired.recounted_days, 3);
    assert_eq!(store.bars.day_counts(SecurityKind::Stock).await.unwrap(), before);
    assert_eq!(store.bars.day_counts(SecurityKind::Etf).await.unwrap(), []);
    assert!(store.ingest.revision().await.unwrap() > revision);
}

#[tokio::test]
async fn a_run_of_another_process_is_noticed_without_waiting() {
    let (folder, store) = fresh().await;
    let blocker = rusqlite::Connection::open(file(&folder)).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(store.ingest.is_writing().await.unwrap());
    blocker.execute_batch("ROLLBACK").unwrap();
    assert!(!store.ingest.is_writing().await.unwrap());
}

#[tokio::test]
async fn a_run_of_another_process_is_waited_for_then_named() {
    let (folder, store) = fresh().await;
    let blocker = rusqlite::Connection::open(file(&folder)).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let run =
        NewRun { source: "a.csv".into(), kind: "daily".into(), started_at: jiff::Timestamp::UNIX_EPOCH };
    let refused = store.ingest.start(run).await.unwrap_err();
    assert!(matches!(refused, Error::Locked { .. }), "{refused}");
}
