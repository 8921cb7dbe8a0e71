//! Promises about ingest runs.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use jiff::{SignedDuration, Timestamp};
use stockpile_market::{AdjFactor, SecurityKind};

use super::{bar, code, date, ingest, numbered, series::candle, start};
use crate::{BarRange, Error, NewRun, Part, Repaired, RowCounts, RunState, SourceRow, Store};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

async fn rows(store: &Store) -> u32 {
    let counts = store.bars.day_counts(SecurityKind::Stock).await.unwrap();
    let bars = store.bars.of(SecurityKind::Stock, code("000001.SZ"), BarRange::Last(100), 100).await.unwrap();
    let counted: u32 = counts.iter().map(|day| day.rows).sum();
    assert_eq!(counted as usize, bars.len(), "bars and their counts show together");
    counted
}

pub async fn rows_show_all_at_once_when_a_run_commits(store: &Store) {
    let mut run = start(store).await;
    let days = ["20250102", "20250103"];
    run.write_bars(SecurityKind::Stock, numbered(days.map(|day| bar("000001.SZ", day, 10.0)))).await.unwrap();
    assert_eq!(rows(store).await, 0);
    let factor = AdjFactor { ts_code: code("000001.SZ"), trade_date: date("20250102"), adj_factor: 2.0 };
    run.write_factors(numbered([factor])).await.unwrap();
    assert_eq!(store.adj_factors.of(code("000001.SZ")).await.unwrap(), []);
    assert_eq!(store.ingest.latest(1).await.unwrap()[0].state, RunState::Running);

    let counts = RowCounts { read: 3, written: 2, rejected: 1 };
    let id = run.id();
    run.commit(counts, NOW + SignedDuration::from_secs(9)).await.unwrap();
    assert_eq!(rows(store).await, 2);
    assert_eq!(store.adj_factors.of(code("000001.SZ")).await.unwrap().len(), 1);
    let recorded = &store.ingest.latest(1).await.unwrap()[0];
    assert_eq!((recorded.id, recorded.state, recorded.rows), (id, RunState::Done, counts));
    assert_eq!(recorded.ended_at, Some(NOW + SignedDuration::from_secs(9)));
}

pub async fn an_abandoned_run_leaves_no_rows_and_a_reason(store: &Store) {
    let mut run = start(store).await;
    run.write_bars(SecurityKind::Stock, numbered([bar("000001.SZ", "20250102", 10.0)])).await.unwrap();
    run.abandon(RowCounts { read: 1, written: 1, rejected: 0 }, NOW, "truncated").await.unwrap();
    assert_eq!(rows(store).await, 0);
    let recorded = &store.ingest.latest(1).await.unwrap()[0];
    assert_eq!((recorded.state, recorded.error.as_deref()), (RunState::Failed, Some("truncated")));
    assert_eq!(recorded.rows, RowCounts { read: 1, written: 0, rejected: 0 });
}

pub async fn a_dropped_run_leaves_no_rows_and_no_lock(store: &Store) {
    let mut run = start(store).await;
    run.write_bars(SecurityKind::Stock, numbered([bar("000001.SZ", "20250102", 10.0)])).await.unwrap();
    drop(run);
    assert_eq!(rows(store).await, 0);
    ingest(store, SecurityKind::Stock, [bar("000001.SZ", "20250103", 10.0)]).await;
    assert_eq!(rows(store).await, 1);
}

pub async fn a_run_that_never_ended_is_recorded_as_interrupted(store: &Store) {
    drop(start(store).await);
    start(store).await.commit(RowCounts::default(), NOW).await.unwrap();
    let runs = store.ingest.latest(2).await.unwrap();
    assert_eq!((runs[0].state, runs[1].state), (RunState::Done, RunState::Failed));
    assert_eq!((runs[1].error.as_deref(), runs[1].ended_at), (Some("interrupted"), None));
}

pub async fn a_second_writer_is_told_to_wait(store: &Store) {
    let run = start(store).await;
    let second = NewRun { source: "second.csv".into(), kind: "daily".into(), started_at: NOW };
    let refused = store.ingest.start(second).await.unwrap_err();
    assert!(matches!(refused, Error::Locked { .. }), "{refused}");
    assert!(refused.is_transient());
    run.commit(RowCounts::default(), NOW).await.unwrap();
    start(store).await.commit(RowCounts::default(), NOW).await.unwrap();
}

pub async fn every_commit_raises_the_revision(store: &Store) {
    let before = store.ingest.revision().await.unwrap();
    let first = start(store).await.commit(RowCounts::default(), NOW).await.unwrap();
    let second = start(store).await.commit(RowCounts::default(), NOW).await.unwrap();
    assert!(before < first && first < second);
    assert_eq!(store.ingest.revision().await.unwrap(), second);
}

pub async fn every_commit_makes_a_fingerprint_of_what_it_wrote_that_was_not_there_before(store: &Store) {
    let fingerprints = || async {
        let mut read = Vec::new();
        for part in Part::ALL {
            read.push(store.ingest.fingerprint(part).await.unwrap());
        }
        (read[0], read[1])
    };
    let mut seen = vec![fingerprints().await];
    assert_eq!(fingerprints().await, seen[0], "the same rows");
    for round in 0..3 {
        ingest(store, SecurityKind::Stock, [bar("000001.SZ", "20250102", f64::from(round))]).await;
        let (market, coins) = fingerprints().await;
        assert!(seen.iter().all(|(before, _)| *before != market));
        assert_eq!(coins, seen.last().unwrap().1, "no coin has changed");
        let mut run = start(store).await;
        let candle = SourceRow { line: 2, row: candle("BTCUSDT", "1h", NOW, f64::from(round)) };
        run.write_candles(vec![candle]).await.unwrap();
        run.commit(RowCounts::default(), NOW).await.unwrap();
        let after = fingerprints().await;
        assert_eq!(after.0, market, "no bar has changed");
        assert!(seen.iter().all(|(_, before)| *before != after.1));
        start(store).await.commit(RowCounts::default(), NOW).await.unwrap();
        assert_eq!(fingerprints().await, after, "nothing was written");
        seen.push(after);
    }
}

pub async fn a_failed_run_leaves_the_revision(store: &Store) {
    let before = store.ingest.revision().await.unwrap();
    start(store).await.abandon(RowCounts::default(), NOW, "no").await.unwrap();
    drop(start(store).await);
    assert_eq!(store.ingest.revision().await.unwrap(), before);
}

pub async fn a_key_met_twice_in_a_run_keeps_its_first_row(store: &Store) {
    ingest(store, SecurityKind::Stock, [bar("000001.SZ", "20250102", 9.0)]).await;
    let mut run = start(store).await;
    let bars = [bar("000001.SZ", "20250102", 10.0), bar("000001.SZ", "20250102", 11.0)];
    let within = run.write_bars(SecurityKind::Stock, numbered(bars)).await.unwrap();
    assert_eq!(within.iter().map(|duplicate| duplicate.line).collect::<Vec<_>>(), [3]);
    assert!(within[0].key.contains("000001.SZ") && within[0].key.contains("20250102"), "{}", within[0].key);
    let across = numbered([bar("000001.SZ", "20250102", 12.0)]);
    assert_eq!(run.write_bars(SecurityKind::Stock, across).await.unwrap().len(), 1);
    run.commit(RowCounts::default(), NOW).await.unwrap();
    let stored = store.bars.on(SecurityKind::Stock, date("20250102")).await.unwrap();
    assert_eq!(stored, [bar("000001.SZ", "20250102", 10.0)]);
}

pub async fn runs_are_listed_newest_first(store: &Store) {
    for _ in 0..3 {
        start(store).await.commit(RowCounts::default(), NOW).await.unwrap();
    }
    let ids: Vec<_> = store.ingest.latest(2).await.unwrap().iter().map(|run| run.id).collect();
    assert_eq!(ids.len(), 2);
    assert!(ids[0] > ids[1]);
}

pub async fn a_dead_run_is_marked_failed_by_a_repair(store: &Store) {
    let mut run = start(store).await;
    run.write_bars(SecurityKind::Stock, numbered([bar("000001.SZ", "20250102", 10.0)])).await.unwrap();
    let id = run.id();
    assert!(store.ingest.is_writing().await.unwrap());
    let refused = store.ingest.repair(NOW).await.unwrap_err();
    assert!(matches!(refused, Error::Locked { .. }), "{refused}");
    drop(run);
    assert!(!store.ingest.is_writing().await.unwrap());
    let revision = store.ingest.revision().await.unwrap();
    let repaired = store.ingest.repair(NOW).await.unwrap();
    assert_eq!((repaired.runs, repaired.recounted_days), (vec![id], 0));
    let recorded = &store.ingest.latest(1).await.unwrap()[0];
    assert_eq!((recorded.state, recorded.ended_at), (RunState::Failed, Some(NOW)));
    assert!(recorded.error.is_some());
    assert_eq!(store.ingest.repair(NOW).await.unwrap(), Repaired::default(), "once is enough");
    assert_eq!(store.ingest.revision().await.unwrap(), revision, "no data changed");
}

pub async fn readers_see_a_commit_all_at_once_as_far_as_promised(store: &Store) {
    const RUNS: u32 = 10;
    let done = Arc::new(AtomicBool::new(false));
    let readers = [(); 2].map(|()| tokio::spawn(watch(store.clone(), done.clone())));
    for day in (1..=RUNS).map(|number| format!("202502{number:02}")) {
        let mut run = start(store).await;
        for (kind, ts_code) in [(SecurityKind::Stock, "000001.SZ"), (SecurityKind::Etf, "510300.SH")] {
            run.write_bars(kind, numbered([bar(ts_code, &day, 10.0)])).await.unwrap();
        }
        let factor = AdjFactor { ts_code: code("000001.SZ"), trade_date: date(&day), adj_factor: 1.0 };
        run.write_factors(numbered([factor])).await.unwrap();
        run.commit(RowCounts::default(), NOW).await.unwrap();
    }
    done.store(true, SeqCst);
    for reader in readers {
        let seen = reader.await.unwrap();
        assert_eq!(seen, [RUNS as usize; 4], "what is committed shows");
    }
}

/// Counts the rows of four tables in turn until told to stop; each commit adds a row to every table.
async fn watch(store: Store, done: Arc<AtomicBool>) -> [usize; 4] {
    let range = BarRange::Last(100);
    let mut seen = [0; 4];
    loop {
        let is_last = done.load(SeqCst);
        for table in 0..4 {
            let rows = match table {
                0 => store.bars.of(SecurityKind::Stock, code("000001.SZ"), range, 100).await.unwrap().len(),
                1 => store.adj_factors.of(code("000001.SZ")).await.unwrap().len(),
                2 => store.bars.of(SecurityKind::Etf, code("510300.SH"), range, 100).await.unwrap().len(),
                _ => store.bars.day_counts(SecurityKind::Stock).await.unwrap().len(),
            };
            assert!(rows >= seen[table], "rows of table {table} went away");
            if store.promises.commit_is_atomic {
                assert!(seen.iter().all(|other| rows >= *other), "table {table} is behind: {rows}, {seen:?}");
            }
            seen[table] = rows;
        }
        if is_last {
            return seen;
        }
    }
}
