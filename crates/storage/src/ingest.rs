//! Writing market data: runs that commit whole or leave nothing.

use std::{fmt::Debug, num::NonZeroI64};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stockpile_market::{
    AdjFactor, CalendarDay, Candle, CryptoMarket, DailyBar, DailyBasic, MinuteBar, PriceLimit, Security,
    SecurityKind, Suspension,
};

use crate::{Part, Result};

/// Number of an ingest run, unique in its store and rising.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId(pub NonZeroI64);

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Rows are being written; nothing of them shows yet. A run killed on the way stays here until the next one starts,
    /// which records it as failed and interrupted.
    Running,
    /// All good rows are in.
    Done,
    /// Nothing of the run is in.
    Failed,
}

/// What a run reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRun {
    /// Where the rows come from: a file's name.
    pub source: String,
    /// Kind of the rows, such as `daily`.
    pub kind: String,
    /// When the run started.
    pub started_at: Timestamp,
}

/// How many rows a run read, wrote and refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// Rows in the source, its header not counted.
    pub read: u64,
    /// Rows written, whether new or replaced. A source row that gives a bar and a factor counts once.
    pub written: u64,
    /// Rows refused; the run's report names each.
    pub rejected: u64,
}

/// A run as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestRun {
    /// Number.
    pub id: RunId,
    /// Where the rows come from.
    pub source: String,
    /// Kind of the rows.
    pub kind: String,
    /// How far it has come.
    pub state: RunState,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Rows read, written and refused; zero until it ends.
    pub rows: RowCounts,
    /// Why it failed.
    pub error: Option<String>,
}

/// A row and its place in the source.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceRow<T> {
    /// Line of the source, the header being line 1.
    pub line: u64,
    /// The row.
    pub row: T,
}

/// A row whose key an earlier row of the same run has; the earlier one stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// Line of the row that was left out.
    pub line: u64,
    /// The key both have.
    pub key: String,
}

/// What a repair did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repaired {
    /// Runs marked as failed, because the process that wrote them is gone.
    pub runs: Vec<RunId>,
    /// Days whose number of bars was wrong and was counted again.
    pub recounted_days: u64,
}

/// Starts and lists ingest runs.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait IngestRuns: Debug + Send + Sync {
    /// Records a new run and opens it for writing. One run writes at a time.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`](crate::Error::Locked) while another run writes.
    async fn start(&self, run: NewRun) -> Result<Box<dyn RunWriter>>;

    /// Reads the newest runs, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn latest(&self, limit: u32) -> Result<Vec<IngestRun>>;

    /// Whether a run writes now, in this process or another. A run recorded as running is otherwise dead.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn is_writing(&self) -> Result<bool>;

    /// Marks every run as failed whose process is gone, and counts the bars of every day again.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`](crate::Error::Locked) while a run writes; nothing is changed.
    async fn repair(&self, now: Timestamp) -> Result<Repaired>;

    /// The revision of the data: it rises with every commit, whichever process made it.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn revision(&self) -> Result<u64>;

    /// A number that stands for the rows of a part as they are: no other state of them has it, nor any state of another store.
    /// It changes with each commit that writes to the part. What is kept outside of the store, by several processes maybe, is kept
    /// under it.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn fingerprint(&self, part: Part) -> Result<u64>;
}

/// One run's rows: all of them show at once when it commits, none when it fails or is dropped.
#[async_trait]
pub trait RunWriter: Debug + Send {
    /// Number of the run.
    fn id(&self) -> RunId;

    /// Takes every stock and ETF bar written from now on for adjusted by its source, even one on the tick.
    fn mark_adjusted(&mut self);

    /// Writes bars of one kind.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store refuses them; the run is then lost.
    async fn write_bars(
        &mut self,
        kind: SecurityKind,
        rows: Vec<SourceRow<DailyBar>>,
    ) -> Result<Vec<Duplicate>>;

    /// Writes adjustment factors.
    ///
    /// # Errors
    ///
    /// As [`write_bars`](Self::write_bars).
    async fn write_factors(&mut self, rows: Vec<SourceRow<AdjFactor>>) -> Result<Vec<Duplicate>>;

    /// Writes facts about securities.
    ///
    /// # Errors
    ///
    /// As [`write_bars`](Self::write_bars).
    async fn write_securities(&mut self, rows: Vec<SourceRow<Security>>) -> Result<Vec<Duplicate>>;

    /// Writes days of the trading calendar.
    ///
    /// # Errors
    ///
    /// As [`write_bars`](Self::write_bars).
    async fn write_calendar(&mut self, rows: Vec<SourceRow<CalendarDay>>) -> Result<Vec<Duplicate>>;

    /// Writes published price limits.
    ///
    /// # Errors
    ///
    /// As [`write_bars`](Self::write_bars).
    async fn write_price_limits(&mut self, rows: Vec<SourceRow<PriceLimit>>) -> Result<Vec<Duplicate>>;

    /// Writes valuations of stocks.
    ///
    /// # Errors
    ///
    /// As [`write_bars`](Self::write_bars).
    async fn write_basics(&mut self, rows: Vec<SourceRow<DailyBasic>>) -> Result<Vec<Duplicate>>;

    /// Writes suspensions of trading.
    ///
    /// # Errors
    ///
    /// As [`write_bars`](Self::write_bars).
    async fn write_suspensions(&mut self, rows: Vec<SourceRow<Suspension>>) -> Result<Vec<Duplicate>>;

    /// Writes bars within trading days.
    ///
    /// # Errors
    ///
    /// As [`write_bars`](Self::write_bars).
    async fn write_minute_bars(&mut self, rows: Vec<SourceRow<MinuteBar>>) -> Result<Vec<Duplicate>>;

    /// Writes candles of crypto pairs.
    ///
    /// # Errors
    ///
    /// As [`write_bars`](Self::write_bars).
    async fn write_candles(&mut self, rows: Vec<SourceRow<Candle>>) -> Result<Vec<Duplicate>>;

    /// Writes prices of coins.
    ///
    /// # Errors
    ///
    /// As [`write_bars`](Self::write_bars).
    async fn write_crypto_markets(&mut self, rows: Vec<SourceRow<CryptoMarket>>) -> Result<Vec<Duplicate>>;

    /// Makes every row visible at once, records the run as done and gives the new revision.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store refuses; nothing of the run is then in.
    async fn commit(self: Box<Self>, rows: RowCounts, ended_at: Timestamp) -> Result<u64>;

    /// Takes every row back and records why.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the reason could not be recorded; the rows are gone all the same.
    async fn abandon(self: Box<Self>, rows: RowCounts, ended_at: Timestamp, why: &str) -> Result<()>;
}
