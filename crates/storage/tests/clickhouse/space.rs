//! A disk that is full.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use jiff::Timestamp;
use stockpile_clickhouse_local::{Config, Engine};
use stockpile_market::{DailyBar, SecurityKind};
use stockpile_storage::{
    Error, RowCounts, RunState,
    clickhouse::{Options, open},
    contract::{bar, ingest, numbered, start},
};

use super::engine::left_out;

const STOCK: SecurityKind = SecurityKind::Stock;
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

#[allow(clippy::print_stderr, reason = "a test that is left out must be noticed")]
fn not_permitted() {
    eprintln!("LEFT OUT: only root may mount the small disk of this test");
}
