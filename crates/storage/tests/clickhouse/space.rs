//! A disk that is full.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use jiff::Timestamp;
use stockpile_clickhouse_local::{Config, Engine};
use stockpile_market::{DailyBar, SecurityKind};
use stockpile_storage::{
    Error, RowCounts, RunState,
    clickhouse::{Options, open},
    contract::{bar, ingest, numbered, start},
};

use super::{engine::left_out, interrupted::start_after_lease, proxy::Proxy};

const STOCK: SecurityKind = SecurityKind::Stock;
/// A run's lock that could not be released ends after it.
const SHORT: Duration = Duration::from_millis(1500);
const SIZE_MIB: u32 = 64;

/// A small file system of its own; it goes with this.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        let size = format!("size={SIZE_MIB}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output();
        mounted.is_ok_and(|done| done.status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Bars whose figures do not compress.
fn noise(batch: u64) -> Vec<DailyBar> {
    let mut state = batch.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut figure = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Some(f64::from_bits(state >> 12 | 0x3FF0_0000_0000_0000))
    };
    (0..50_000)
        .map(|number| DailyBar {
            open: figure(),
            high: figure(),
            low: figure(),
            pre_close: figure(),
            change: figure(),
            pct_chg: figure(),
            vol: figure(),
            amount: figure(),
            ..bar(&format!("{number:06}.SZ"), &format!("20{:02}0105", 10 + batch), 10.0)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_gives_its_space_back() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else {
        // Not a matter of a missing engine, so it fails nowhere.
        return not_permitted();
    };
    let engine = match Engine::start_in(folder.path(), &Config::default()) {
        Ok(engine) => engine,
        Err(error) => return left_out(&error.to_string()),
    };
    let store = open(&Options::new("127.0.0.1").port(engine.port())).await.unwrap();
    ingest(&store, STOCK, [bar("000001.SZ", "20250102", 10.0)]).await;

    let mut run = start(&store).await;
    let mut refused = None;
    for batch in 0..40 {
        if let Err(error) = run.write_bars(STOCK, numbered(noise(batch))).await {
            refused = Some(error);
            break;
        }
    }
    let refused = refused.unwrap();
    assert!(matches!(refused, Error::DiskFull { .. }), "{refused:?}");
    run.abandon(RowCounts::default(), Timestamp::UNIX_EPOCH, &refused.to_string()).await.unwrap();

    assert_eq!(store.ingest.latest(1).await.unwrap()[0].state, RunState::Failed);
    assert_eq!(store.bars.day_counts(STOCK).await.unwrap().len(), 1, "what was there is whole");
    ingest(&store, STOCK, noise(0)).await;
    assert_eq!(store.bars.day_counts(STOCK).await.unwrap().len(), 2);
    drop(engine);
    drop(disk);
}

/// Takes the rest of the disk.
fn fill(folder: &Path) -> PathBuf {
    let path = folder.join("filler");
    let mut filler = File::create(&path).unwrap();
    for size in [1 << 20, 4096, 1] {
        while filler.write_all(&vec![1; size]).is_ok() {}
    }
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_during_a_commit_loses_no_run_and_shows_none_by_halves() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else { return not_permitted() };
    let engine = match Engine::start_in(folder.path(), &Config::default()) {
        Ok(engine) => engine,
        Err(error) => return left_out(&error.to_string()),
    };
    let options = Options::new("127.0.0.1").port(engine.port()).lease(SHORT);
    let direct = open(&options).await.unwrap();
    for (number, words) in ["INTO+%60ingest_run", "INSERT INTO bar_day"].into_iter().enumerate() {
        let proxy = Proxy::before(engine.port()).await;
        let store = open(&options.clone().port(proxy.port)).await.unwrap();
        let mut run = start_after_lease(&store).await;
        run.write_bars(STOCK, numbered(noise(number as u64))).await.unwrap();
        proxy.hold(words);
        let committing = tokio::spawn(run.commit(RowCounts::default(), Timestamp::UNIX_EPOCH));
        proxy.until_held().await;
        let filler = fill(folder.path());
        proxy.let_go();
        let refused = committing.await.unwrap().unwrap_err();
        assert!(matches!(refused, Error::DiskFull { .. }), "{words}: {refused:?}");
        fs::remove_file(filler).unwrap();

        start_after_lease(&direct).await.commit(RowCounts::default(), Timestamp::UNIX_EPOCH).await.unwrap();
        // Before its record nobody knows that a run is whole; after it the next one finishes it.
        let (days, state) = [(0, RunState::Failed), (1, RunState::Done)][number];
        assert_eq!(direct.bars.day_counts(STOCK).await.unwrap().len(), days, "{words}");
        assert_eq!(direct.ingest.latest(2).await.unwrap()[1].state, state, "{words}");
    }
    drop(engine);
    drop(disk);
}

#[allow(clippy::print_stderr, reason = "a test that is left out must be noticed")]
fn not_permitted() {
    eprintln!("LEFT OUT: only root may mount the small disk of this test");
}
