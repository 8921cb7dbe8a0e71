//! A store of its own for each test, and files for it.

use std::{fs, path::PathBuf, sync::Arc};

use jiff::Timestamp;
use stockpile_ingest::{Error, FileIngest, Ingested, Outcome, Silent};
use stockpile_market::SecurityKind;
use stockpile_storage::{Store, sqlite};
use tempfile::TempDir;

pub(crate) const HEADER: &str =
    "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount\n";
pub(crate) const GOOD: &str =
    "000001.SZ,20250205,11.5,11.52,11.33,11.37,11.47,-0.1,-0.8718,843433.7,961193.579\n";

/// A store of its own and how files come into it.
pub(crate) struct Desk {
    pub(crate) folder: TempDir,
    pub(crate) ingest: FileIngest,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = sqlite::open(&folder.path().join("stockpile.db")).await.unwrap();
        let ingest = FileIngest {
            store,
            kind: None,
            adjusted: false,
            strict: false,
            report_folder: folder.path().join("reports"),
            wait: std::time::Duration::ZERO,
            now: || Timestamp::constant(1_767_225_600, 0), // 2026-01-01
            progress: Arc::new(Silent),
        };
        Self { folder, ingest }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.ingest.store
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) async fn try_ingest(&self, name: &str, content: impl AsRef<[u8]>) -> Result<Outcome, Error> {
        self.ingest.ingest(&self.file(name, content)).await
    }

    pub(crate) async fn ingest(&self, name: &str, content: impl AsRef<[u8]>) -> Ingested {
        match self.try_ingest(name, content).await.unwrap() {
            Outcome::Ingested(ingested) => ingested,
            Outcome::Unsupported { reason } => panic!("unsupported: {reason}"),
        }
    }

    pub(crate) async fn refused(&self, name: &str, content: impl AsRef<[u8]>) -> Error {
        let before = self.bars().await;
        let error = self.try_ingest(name, content).await.unwrap_err();
        assert_eq!(self.bars().await, before, "a refused file leaves nothing");
        error
    }

    pub(crate) async fn bars(&self) -> u32 {
        let mut rows = 0;
        for kind in SecurityKind::ALL {
            rows += self.store().bars.day_counts(kind).await.unwrap().iter().map(|day| day.rows).sum::<u32>();
        }
        rows
    }

    pub(crate) fn report(ingested: &Ingested) -> Vec<Vec<String>> {
        csv::Reader::from_path(ingested.report.as_ref().unwrap())
            .unwrap()
            .records()
            .map(|row| row.unwrap().iter().map(ToString::to_string).collect())
            .collect()
    }
}

pub(crate) fn bar(code: &str, day: &str, close: &str) -> String {
    format!("{code},{day},{close},{close},{close},{close},10,,,1,1\n")
}
