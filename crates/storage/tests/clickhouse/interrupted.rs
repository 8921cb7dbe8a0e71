//! Runs whose process or server ends on the way.

use std::time::Duration;

use jiff::Timestamp;
use stockpile_clickhouse_local::{Config, Engine};
use stockpile_market::{AdjFactor, SecurityKind};
use stockpile_storage::{
    BarRange, Error, NewRun, RowCounts, RunState, RunWriter, Store,
    clickhouse::{Options, open},
    contract::{bar, code, date, ingest, numbered, start},
};

use tempfile::TempDir;

use super::{
    engine::{Database, fresh, left_out},
    proxy::{Cut, Mode, Proxy},
};

const STOCK: SecurityKind = SecurityKind::Stock;
const NOW: Timestamp = Timestamp::UNIX_EPOCH;
/// A killed run's lock ends after it.
const SHORT: Duration = Duration::from_millis(1500);

/// The next run, as soon as the lock of the dead one has ended.
pub(crate) async fn start_after_lease(store: &Store) -> Box<dyn RunWriter> {
    let run = || NewRun { source: "next.csv".into(), kind: "daily".into(), started_at: NOW };
    loop {
        match store.ingest.start(run()).await {
            Ok(run) => return run,
            Err(Error::Locked { .. }) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(error) => panic!("{error:?}"),
        }
    }
}

pub(crate) async fn rows(store: &Store) -> (usize, usize, u32) {
    let bars = store.bars.of(STOCK, code("000001.SZ"), BarRange::Last(100), 100).await.unwrap().len();
    let factors = store.adj_factors.of(code("000001.SZ")).await.unwrap().len();
    (bars, factors, store.bars.day_counts(STOCK).await.unwrap().iter().map(|day| day.rows).sum())
}

/// A run of two tables through a proxy that cuts it off; what it was told.
async fn cut_off(database: &Database, words: &'static str, when: Cut) -> Error {
    let proxy = Proxy::before(database.options.port).await;
    let options = database.options.clone().port(proxy.port).lease(SHORT);
    let store = open(&options).await.unwrap();
    let mut run = start(&store).await;
    run.write_bars(STOCK, numbered([bar("000001.SZ", "20250102", 10.0)])).await.unwrap();
    let factor = AdjFactor { ts_code: code("000001.SZ"), trade_date: date("20250102"), adj_factor: 2.0 };
    run.write_factors(numbered([factor])).await.unwrap();
    proxy.cut(words, when);
    run.commit(RowCounts { read: 2, written: 2, rejected: 0 }, NOW).await.unwrap_err()
}

#[tokio::test]
async fn a_run_cut_off_before_its_commit_leaves_nothing() {
    let Some((database, store)) = fresh().await else { return };
    let told = cut_off(&database, "INTO+%60stage_", Cut::After).await;
    let told_plus = matches!(told, Error::Unreachable { .. });
    assert!(told_plus, "{told}");
    assert_eq!(rows(&store).await, (0, 0, 0));
    let short = open(&database.options.clone().lease(SHORT)).await.unwrap();
    start_after_lease(&short).await.commit(RowCounts::default(), NOW).await.unwrap();
    assert_eq!(rows(&store).await, (0, 0, 0));
    let runs = store.ingest.latest(2).await.unwrap();
    assert_eq!((runs[1].state, runs[1].error.as_deref()), (RunState::Failed, Some("interrupted")));
    let stages =
        "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name LIKE 'stage%'";
    assert_eq!(database.number(stages).await, 0, "its staged rows are gone");
}

async fn is_finished_by_the_next_run(words: &'static str, when: Cut) {
    let Some((database, store)) = fresh().await else { return };
    let before = store.ingest.revision().await.unwrap();
    cut_off(&database, words, when).await;
    assert_eq!(store.ingest.latest(1).await.unwrap()[0].state, RunState::Running);
    let short = open(&database.options.clone().lease(SHORT)).await.unwrap();
    let next = start_after_lease(&short).await;
    assert_eq!(rows(&store).await, (1, 1, 1));
    let run = &store.ingest.latest(2).await.unwrap()[1];
    assert_eq!((run.state, run.rows.written, run.ended_at), (RunState::Done, 2, Some(NOW)));
    assert!(store.ingest.revision().await.unwrap() > before);
    next.commit(RowCounts::default(), NOW).await.unwrap();
    assert_eq!(rows(&store).await, (1, 1, 1));
}

#[tokio::test]
async fn a_run_cut_off_before_its_first_table_is_in_is_finished_by_the_next_run() {
    is_finished_by_the_next_run("ATTACH PARTITION", Cut::Before).await;
}

#[tokio::test]
async fn a_run_cut_off_between_its_tables_is_finished_by_the_next_run() {
    is_finished_by_the_next_run("ATTACH PARTITION", Cut::After).await;
}

#[tokio::test]
async fn a_run_cut_off_before_its_days_are_counted_is_finished_by_the_next_run() {
    is_finished_by_the_next_run("INSERT INTO bar_day", Cut::Before).await;
}

#[tokio::test]
async fn a_run_cut_off_before_the_revision_rises_is_finished_by_the_next_run() {
    is_finished_by_the_next_run("INTO+%60revision", Cut::Before).await;
}

#[tokio::test]
async fn a_repair_finishes_a_run_cut_off_in_its_commit() {
    let Some((database, store)) = fresh().await else { return };
    cut_off(&database, "ATTACH PARTITION", Cut::After).await;
    let short = open(&database.options.clone().lease(SHORT)).await.unwrap();
    let repaired = loop {
        match short.ingest.repair(NOW).await {
            Err(Error::Locked { .. }) => tokio::time::sleep(Duration::from_millis(50)).await,
            other => break other.unwrap(),
        }
    };
    assert!(repaired.runs.is_empty(), "no run failed");
    assert_eq!(rows(&store).await, (1, 1, 1));
}

#[tokio::test]
async fn a_repair_counts_days_that_were_counted_wrong() {
    let Some((database, store)) = fresh().await else { return };
    let days = ["20250205", "20250206"];
    ingest(&store, STOCK, days.map(|day| bar("000001.SZ", day, 11.37))).await;
    let before = store.bars.day_counts(STOCK).await.unwrap();
    database
        .execute("INSERT INTO bar_day VALUES (1, '2025-02-05', 7, 0, 1), (2, '2025-02-05', 3, 0, 1)")
        .await;
    database
        .execute("ALTER TABLE bar_day DELETE WHERE trade_date = '2025-02-06' SETTINGS mutations_sync = 1")
        .await;
    database.execute("OPTIMIZE TABLE bar_day FINAL").await;
    let revision = store.ingest.revision().await.unwrap();
    let repaired = store.ingest.repair(NOW).await.unwrap();
    assert_eq!(repaired.recounted_days, 3);
    assert_eq!(store.bars.day_counts(STOCK).await.unwrap(), before);
    assert_eq!(store.bars.day_counts(SecurityKind::Etf).await.unwrap(), []);
    assert!(store.ingest.revision().await.unwrap() > revision);
}

#[tokio::test]
async fn a_writer_that_lost_its_lock_commits_nothing() {
    let Some((database, store)) = fresh().await else { return };
    let proxy = Proxy::before(database.options.port).await;
    let second = Duration::from_secs(1);
    let options = database.options.clone().port(proxy.port).lease(SHORT).timeouts(second, second);
    let cut = open(&options).await.unwrap();
    let mut run = start(&cut).await;
    run.write_bars(STOCK, numbered([bar("000001.SZ", "20250102", 10.0)])).await.unwrap();
    proxy.set(Mode::Silent);
    let short = open(&database.options.clone().lease(SHORT)).await.unwrap();
    let mut next = start_after_lease(&short).await;
    proxy.set(Mode::Pass);
    let refused = run.commit(RowCounts::default(), NOW).await.unwrap_err();
    assert!(matches!(refused, Error::LockLost), "{refused:?}");
    assert_eq!(rows(&store).await, (0, 0, 0));
    next.write_bars(STOCK, numbered([bar("000001.SZ", "20250103", 10.0)])).await.unwrap();
    next.commit(RowCounts::default(), NOW).await.unwrap();
    assert_eq!(rows(&store).await, (1, 0, 1));
}

#[tokio::test]
async fn a_commit_by_another_handle_shows_at_once_and_its_run_is_noticed() {
    let Some((database, store)) = fresh().await else { return };
    let other = database.open().await;
    let before = store.ingest.revision().await.unwrap();
    let mut run = start(&other).await;
    assert!(store.ingest.is_writing().await.unwrap());
    let second = NewRun { source: "second.csv".into(), kind: "daily".into(), started_at: NOW };
    let refused = store.ingest.start(second).await.unwrap_err();
    let Error::Locked { source } = refused else { panic!("{refused}") };
    assert!(source.to_string().contains("is writing, or was killed less than 30 s ago"), "{source}");
    run.write_bars(STOCK, numbered([bar("000001.SZ", "20250102", 10.0)])).await.unwrap();
    run.commit(RowCounts::default(), NOW).await.unwrap();
    assert!(!store.ingest.is_writing().await.unwrap());
    assert!(store.ingest.revision().await.unwrap() > before);
    assert_eq!(rows(&store).await, (1, 0, 1));
}

/// An engine on a folder of the test's own, which outlives its kills.
struct Own {
    engine: Engine,
    _folder: TempDir,
}

impl Own {
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        match Engine::start_in(folder.path(), &Config::default()) {
            Ok(engine) => Some(Self { engine, _folder: folder }),
            Err(error) => {
                left_out(&error.to_string());
                None
            }
        }
    }

    fn options(&self) -> Options {
        Options::new("127.0.0.1").port(self.engine.port()).lease(SHORT)
    }

    /// Kills the engine while a proxy before it holds a request, then lets the request go to where nothing is.
    fn kill_behind(&mut self, proxy: &Proxy) {
        self.engine.kill().unwrap();
        proxy.set(Mode::Dead);
        proxy.let_go();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_killed_in_the_middle_of_an_insert_loses_nothing_and_keeps_nothing_of_the_run() {
    let Some(mut own) = Own::start() else { return };
    let direct = open(&own.options()).await.unwrap();
    ingest(&direct, STOCK, [bar("000001.SZ", "20250102", 10.0)]).await;
    let bars = || numbered((0..150_000).map(|number| bar(&format!("{number:06}.SZ"), "20250103", 10.0)));

    let proxy = Proxy::before(own.engine.port()).await;
    let store = open(&own.options().port(proxy.port)).await.unwrap();
    let mut run = start(&store).await;
    // Rows go packed, so that this is a part of a batch.
    proxy.hold_after("INTO+%60stage_", 100_000);
    let writing = tokio::spawn(async move {
        run.write_bars(STOCK, bars()).await.unwrap();
        run.commit(RowCounts::default(), NOW).await
    });
    proxy.until_held().await;
    let client = clickhouse::Client::default().with_url(own.engine.url());
    let under_way = "SELECT count() FROM system.processes WHERE query LIKE 'INSERT INTO %stage\\_%'";
    assert_eq!(client.query_raw(under_way).fetch_one::<u64>().await.unwrap(), 1, "an insert is under way");
    own.kill_behind(&proxy);
    let told = writing.await.unwrap().unwrap_err();
    assert!(matches!(told, Error::Unreachable { .. }), "{told:?}");

    own.engine.restart(&Config::default()).unwrap();
    let store = open(&own.options()).await.unwrap();
    assert_eq!(rows(&store).await, (1, 0, 1));
    assert_eq!(store.bars.on(STOCK, date("20250103")).await.unwrap(), []);
    let mut again = start_after_lease(&store).await;
    assert!(again.write_bars(STOCK, bars()).await.unwrap().is_empty());
    again.commit(RowCounts::default(), NOW).await.unwrap();
    assert_eq!(rows(&store).await, (2, 0, 150_001));
}

/// Each step of a commit, at whose request the engine is killed.
const STEPS: [&str; 5] = [
    "ALTER TABLE daily_bar ATTACH PARTITION",
    "ALTER TABLE adj_factor ATTACH PARTITION",
    "INSERT INTO bar_day",
    "INTO+%60revision",
    // The first of a commit is let through: what follows is that the run is done.
    "INTO+%60ingest_run",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_engine_is_killed_on_the_way_is_finished_on_the_same_folder() {
    let Some(mut own) = Own::start() else { return };
    for (number, words) in STEPS.into_iter().enumerate() {
        let day = format!("2025010{}", number + 1);
        let proxy = Proxy::before(own.engine.port()).await;
        let store = open(&own.options().port(proxy.port)).await.unwrap();
        let mut run = start_after_lease(&store).await;
        let revision = store.ingest.revision().await.unwrap();
        run.write_bars(STOCK, numbered([bar("000001.SZ", &day, 10.0)])).await.unwrap();
        let factor = AdjFactor { ts_code: code("000001.SZ"), trade_date: date(&day), adj_factor: 2.0 };
        run.write_factors(numbered([factor])).await.unwrap();
        // The record that the commit has begun has the same words as the one that it is done.
        let before = if words == "INTO+%60ingest_run" { "INTO+%60revision" } else { words };
        proxy.hold(before);
        let counts = RowCounts { read: 2, written: 2, rejected: 0 };
        let committing = tokio::spawn(run.commit(counts, NOW));
        proxy.until_held().await;
        if before != words {
            proxy.hold(words);
            proxy.go_on();
            proxy.until_held().await;
        }
        own.kill_behind(&proxy);
        let told = committing.await.unwrap().unwrap_err();
        assert!(matches!(told, Error::Unreachable { .. }), "{words}: {told:?}");

        own.engine.restart(&Config::default()).unwrap();
        let store = open(&own.options()).await.unwrap();
        start_after_lease(&store).await.commit(RowCounts::default(), NOW).await.unwrap();
        let all = number + 1;
        assert_eq!(rows(&store).await, (all, all, u32::try_from(all).unwrap()), "{words}");
        assert_eq!(
            store.bars.on(STOCK, date(&day)).await.unwrap(),
            [bar("000001.SZ", &day, 10.0)],
            "{words}"
        );
        assert!(store.ingest.revision().await.unwrap() > revision, "{words}");
        let finished = &store.ingest.latest(2).await.unwrap()[1];
        assert_eq!((finished.state, finished.rows), (RunState::Done, counts), "{words}");
    }
}
