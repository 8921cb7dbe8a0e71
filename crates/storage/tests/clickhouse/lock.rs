//! Writers that are suspended where it hurts, and what the others do meanwhile.

use std::time::Duration;

use jiff::Timestamp;
use stockpile_market::{AdjFactor, SecurityKind};
use stockpile_storage::{
    Error, NewRun, RowCounts, RunState, Store,
    clickhouse::{Options, open},
    contract::{bar, code, date, ingest, numbered, start},
};

use super::{
    engine::{Database, fresh},
    interrupted::{rows, start_after_lease},
    proxy::Proxy,
};

const STOCK: SecurityKind = SecurityKind::Stock;
const NOW: Timestamp = Timestamp::UNIX_EPOCH;
/// A suspended writer's lock ends after it.
const SHORT: Duration = Duration::from_millis(1500);
const COUNTS: RowCounts = RowCounts { read: 2, written: 2, rejected: 0 };

fn behind(database: &Database, proxy: &Proxy) -> Options {
    database.options.clone().port(proxy.port).lease(SHORT)
}

async fn states(store: &Store) -> Vec<RunState> {
    store.ingest.latest(10).await.unwrap().into_iter().map(|run| run.state).collect()
}

#[tokio::test]
async fn a_writer_that_makes_a_lock_of_the_past_gives_up_and_harms_nobody() {
    let Some((database, store)) = fresh().await else { return };
    let proxy = Proxy::before(database.options.port).await;
    let late = open(&database.options.clone().port(proxy.port)).await.unwrap();
    proxy.hold("CREATE TABLE run_lock_");
    let taking = tokio::spawn(async move {
        let run = NewRun { source: "late.csv".into(), kind: "daily".into(), started_at: NOW };
        late.ingest.start(run).await.map(|_| ())
    });
    proxy.until_held().await;
    // The number that waits to be made is used and dropped, and the next one is held.
    ingest(&store, STOCK, [bar("000001.SZ", "20250102", 10.0)]).await;
    let mut run = start(&store).await;
    run.write_bars(STOCK, numbered([bar("000001.SZ", "20250103", 10.0)])).await.unwrap();
    proxy.let_go();
    let refused = taking.await.unwrap().unwrap_err();
    assert!(matches!(refused, Error::Locked { .. }), "{refused:?}");
    run.commit(COUNTS, NOW).await.unwrap();
    assert_eq!(rows(&store).await, (2, 0, 2));
    assert_eq!(states(&store).await, [RunState::Done, RunState::Done]);
    let locks =
        "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name LIKE 'run_lock%'";
    assert_eq!(database.number(locks).await, 1);
}

/// A run of two tables whose writer is suspended at a request of its commit until another run of the same bar has begun and,
/// if it is told to, committed; what the first one was told.
async fn overtaken(store: &Store, database: &Database, words: &'static str) -> Result<u64, Error> {
    let proxy = Proxy::before(database.options.port).await;
    let slow = open(&behind(database, &proxy)).await.unwrap();
    let mut run = start(&slow).await;
    run.write_bars(STOCK, numbered([bar("000001.SZ", "20250102", 10.0)])).await.unwrap();
    let factor = AdjFactor { ts_code: code("000001.SZ"), trade_date: date("20250102"), adj_factor: 2.0 };
    run.write_factors(numbered([factor])).await.unwrap();
    proxy.hold(words);
    let committing = tokio::spawn(run.commit(COUNTS, NOW));
    proxy.until_held().await;
    let short = open(&database.options.clone().lease(SHORT)).await.unwrap();
    let mut next = start_after_lease(&short).await;
    next.write_bars(STOCK, numbered([bar("000001.SZ", "20250102", 11.0)])).await.unwrap();
    next.commit(COUNTS, NOW).await.unwrap();
    proxy.let_go();
    let told = committing.await.unwrap();
    let close = store.bars.on(STOCK, date("20250102")).await.unwrap()[0].close;
    assert!((close - 11.0).abs() < f64::EPSILON, "the newer run's bar counts");
    told
}

#[tokio::test]
async fn a_writer_suspended_before_it_records_its_commit_is_told_that_nothing_of_it_is_in() {
    let Some((database, store)) = fresh().await else { return };
    let told = overtaken(&store, &database, "INTO+%60ingest_run").await.unwrap_err();
    assert!(matches!(told, Error::LockLost), "{told:?}");
    assert_eq!(rows(&store).await, (1, 0, 1));
    assert_eq!(states(&store).await, [RunState::Done, RunState::Failed]);
}

#[tokio::test]
async fn a_commit_that_the_next_run_finished_meanwhile_is_done() {
    for words in ["ATTACH PARTITION", "INSERT INTO bar_day", "INTO+%60revision"] {
        let Some((database, store)) = fresh().await else { return };
        overtaken(&store, &database, words).await.unwrap();
        assert_eq!(rows(&store).await, (1, 1, 1), "{words}");
        assert_eq!(states(&store).await, [RunState::Done, RunState::Done], "{words}");
    }
}

const PAGE: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 22\r\n\r\n<html>It works!</html>";

/// A run of two tables of which some requests are answered by a page; what it was told.
async fn answered_by_a_page(database: &Database, words: &'static str) -> Error {
    let proxy = Proxy::before(database.options.port).await;
    let store = open(&behind(database, &proxy)).await.unwrap();
    let mut run = start(&store).await;
    proxy.answer(words, PAGE);
    run.write_bars(STOCK, numbered([bar("000001.SZ", "20250102", 10.0)])).await.unwrap();
    let factor = AdjFactor { ts_code: code("000001.SZ"), trade_date: date("20250102"), adj_factor: 2.0 };
    run.write_factors(numbered([factor])).await.unwrap();
    run.commit(COUNTS, NOW).await.unwrap_err()
}

#[tokio::test]
async fn rows_that_a_page_was_the_answer_to_are_missed_before_the_commit() {
    for words in ["INTO+%60stage_", "CREATE TABLE IF NOT EXISTS stage_"] {
        let Some((database, store)) = fresh().await else { return };
        answered_by_a_page(&database, words).await;
        assert_eq!(rows(&store).await, (0, 0, 0), "{words}");
        assert_eq!(states(&store).await, [RunState::Failed], "{words}");
    }
}

#[tokio::test]
async fn a_commit_that_a_page_was_the_answer_to_is_finished_by_the_next_run() {
    for words in ["ATTACH PARTITION", "INSERT INTO bar_day", "INTO+%60revision", "INTO+%60ingest_run"] {
        let Some((database, store)) = fresh().await else { return };
        answered_by_a_page(&database, words).await;
        let short = open(&database.options.clone().lease(SHORT)).await.unwrap();
        let next = start_after_lease(&short).await;
        next.commit(RowCounts::default(), NOW).await.unwrap();
        let (expected, state) = match words {
            // Nobody knows that it was whole.
            "INTO+%60ingest_run" => ((0, 0, 0), RunState::Failed),
            _ => ((1, 1, 1), RunState::Done),
        };
        assert_eq!(rows(&store).await, expected, "{words}");
        assert_eq!(states(&store).await[1], state, "{words}");
    }
}

#[tokio::test]
async fn a_batch_that_was_sent_twice_is_whole() {
    let Some((database, store)) = fresh().await else { return };
    let mut run = start(&store).await;
    let id = run.id().0;
    let bars = (0..60_000).map(|number| bar(&format!("{number:06}.SZ"), "20250102", 10.0));
    run.write_bars(STOCK, numbered(bars)).await.unwrap();
    let bars = (60_000..120_000).map(|number| bar(&format!("{number:06}.SZ"), "20250102", 10.0));
    run.write_bars(STOCK, numbered(bars)).await.unwrap();
    let stage = format!("stage_{id}_daily_bar");
    // As a first try whose answer was lost leaves it.
    loop {
        let sent = format!(
            "SELECT ifNull(sum(total_rows), 0) FROM system.tables WHERE database = currentDatabase() AND name = '{stage}'"
        );
        if database.number(&sent).await > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    database.execute(&format!("INSERT INTO {stage} SELECT * FROM {stage} LIMIT 1000")).await;
    run.commit(COUNTS, NOW).await.unwrap();
    assert_eq!(store.bars.on(STOCK, date("20250102")).await.unwrap().len(), 120_000);
}
