//! One file into a store.

mod batches;
mod columns;
mod csv;
mod field;
mod json;
mod kind;
mod layout;
mod open;
#[cfg(feature = "parquet")]
mod parquet;
mod read;
mod records;
mod report;
mod rows;
#[cfg(feature = "live")]
mod table;
mod time;
mod turn;
mod write;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use jiff::Timestamp;
pub use kind::FileKind;
use serde::Serialize;
use stockpile_market::TradeDate;
use stockpile_storage::{NewRun, RowCounts, RunId, Store};
pub use turn::LOCK_WAIT;

use self::{read::Reading, write::Writing};
use crate::{Error, Progress, Result};

/// What one file brought.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    /// Its good rows are in the store.
    Ingested(Ingested),
    /// It is of a kind that cannot be ingested; nothing was read.
    Unsupported {
        /// What it is.
        reason: String,
    },
}

/// Bars of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BarCounts {
    /// Stocks.
    pub stock: u64,
    /// ETFs.
    pub etf: u64,
    /// Indices.
    pub index: u64,
}

/// What a file that was ingested brought.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ingested {
    /// Number of the run that recorded it.
    pub run: RunId,
    /// Kind, as named or recognised.
    pub kind: FileKind,
    /// Rows read, written and refused.
    pub rows: RowCounts,
    /// Bars among the rows.
    pub bars: BarCounts,
    /// Adjustment factors among the rows, those beside bars included.
    pub factors: u64,
    /// First and last day of the rows that have one: at the exchange, of candles and coins in UTC.
    pub days: Option<(TradeDate, TradeDate)>,
    /// Columns of the file that nothing reads.
    pub ignored_columns: Vec<String>,
    /// Days of the file whose stock prices the source has adjusted: limits cannot be counted on them.
    pub adjusted_days: Vec<TradeDate>,
    /// Where the refused rows are listed, when there are some.
    pub report: Option<PathBuf>,
    /// Revision of the store with this file.
    pub revision: u64,
    /// Wall time, seconds.
    pub seconds: f64,
}

/// How files are ingested.
#[derive(Clone)]
pub struct FileIngest {
    /// Where the rows go.
    pub store: Store,
    /// Kind of the files; `None` recognises each by its header.
    pub kind: Option<FileKind>,
    /// Take every stock and ETF bar for adjusted by its source, even one on the tick.
    pub adjusted: bool,
    /// Refuse a whole file for one bad row.
    pub strict: bool,
    /// Folder of the reports.
    pub report_folder: PathBuf,
    /// How long another that writes to the store is waited for.
    pub wait: Duration,
    /// The current time.
    pub now: fn() -> Timestamp,
    /// Who watches.
    pub progress: Arc<dyn Progress>,
}

impl fmt::Debug for FileIngest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileIngest")
            .field("kind", &self.kind)
            .field("adjusted", &self.adjusted)
            .field("strict", &self.strict)
            .finish_non_exhaustive()
    }
}

impl FileIngest {
    /// Reads a CSV file or a JSON array of objects, plain or packed with gzip or zstd, or a Parquet file into the store.
    ///
    /// Memory does not grow with the file. Dropping the future leaves nothing of the file in the store.
    ///
    /// # Errors
    ///
    /// An [`Error`] leaves nothing of the file in the store.
    pub async fn ingest(&self, path: &Path) -> Result<Outcome> {
        let started = Instant::now();
        let position = Arc::new(AtomicU64::new(0));
        let opened = {
            let (path, position) = (path.to_owned(), position.clone());
            blocking(path.clone(), move || open::open(&path, position)).await?
        };
        let reading = {
            let (path, kind) = (path.to_owned(), self.kind);
            let today = stockpile_market::exchange_date((self.now)().as_second());
            blocking(path.clone(), move || Reading::start(path, opened, kind, today)).await?
        };
        let reading = match reading {
            Ok(reading) => reading,
            Err(reason) => return Ok(Outcome::Unsupported { reason: reason.to_owned() }),
        };

        self.progress.opened(path, std::fs::metadata(path).map_or(0, |file| file.len()));
        let outcome = self.write(path, reading, &position, started).await;
        self.progress.closed();
        outcome.map(Outcome::Ingested)
    }

    async fn write(
        &self,
        path: &Path,
        reading: Reading,
        position: &AtomicU64,
        started: Instant,
    ) -> Result<Ingested> {
        let store_error = |source| Error::Store { path: path.to_owned(), source };
        let source = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let (kind, ignored_columns) = (reading.kind(), reading.ignored_columns().to_vec());
        let run = NewRun { source: source.clone(), kind: kind.name().to_owned(), started_at: (self.now)() };
        let mut run = self.start(run).await.map_err(store_error)?;
        if self.adjusted {
            run.mark_adjusted();
        }

        let mut writing = Writing::new(run, self, path, &source);
        match writing.take(reading, position).await {
            Ok(()) => {
                let mut ingested = writing.commit((self.now)()).await?;
                ingested.kind = kind;
                ingested.ignored_columns = ignored_columns;
                ingested.seconds = started.elapsed().as_secs_f64();
                Ok(ingested)
            }
            Err(error) => {
                writing.abandon((self.now)(), &error).await;
                Err(error)
            }
        }
    }
}

/// Runs file work off the async threads.
async fn blocking<T: Send + 'static>(
    path: PathBuf,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|stopped| Err(Error::Read { path, source: std::io::Error::other(stopped) }))
}
