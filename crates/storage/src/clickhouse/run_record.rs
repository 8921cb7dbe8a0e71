//! What is recorded of a run, and the state of the data after it.

use std::num::NonZeroI64;

use ::clickhouse::Row;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{migrations::fingerprint, row, server::Server};
use crate::{Error, IngestRun, NewRun, Part, Result, RowCounts, RunId, RunState, part::Written};

const TABLE: &str = "ingest_run";
const RUNNING: &str = "running";
const COMMITTING: &str = "committing";
const DONE: &str = "done";
const FAILED: &str = "failed";
const RAISE: &str = "raise its revision";

/// A row of `ingest_run`: of the rows of one run the one with the highest step counts.
#[derive(Clone, Debug, Row, Serialize, Deserialize)]
pub(super) struct RunRecord {
    pub(super) id: u64,
    source: String,
    kind: String,
    state: String,
    started_at: i64,
    ended_at: Option<i64>,
    rows_read: u64,
    rows_written: u64,
    rows_rejected: u64,
    error: Option<String>,
    step: u8,
}

impl RunRecord {
    pub(super) fn running(id: u64, run: NewRun) -> Self {
        Self {
            id,
            source: run.source,
            kind: run.kind,
            state: RUNNING.to_owned(),
            started_at: run.started_at.as_millisecond(),
            ended_at: None,
            rows_read: 0,
            rows_written: 0,
            rows_rejected: 0,
            error: None,
            step: 1,
        }
    }

    /// Its rows are whole and on their way in: from here there is no way back.
    pub(super) fn committing(self, rows: RowCounts, ended_at: Timestamp) -> Self {
        Self {
            state: COMMITTING.to_owned(),
            ended_at: Some(ended_at.as_millisecond()),
            rows_read: rows.read,
            rows_written: rows.written,
            rows_rejected: rows.rejected,
            step: 2,
            ..self
        }
    }

    pub(super) fn done(self) -> Self {
        Self { state: DONE.to_owned(), step: 3, ..self }
    }

    pub(super) fn failed(self, rows: RowCounts, ended_at: Option<Timestamp>, why: &str) -> Self {
        Self {
            state: FAILED.to_owned(),
            ended_at: ended_at.map(Timestamp::as_millisecond),
            rows_read: rows.read,
            rows_written: 0,
            rows_rejected: rows.rejected,
            error: Some(why.to_owned()),
            step: 3,
            ..self
        }
    }

    pub(super) fn is_committing(&self) -> bool {
        self.state == COMMITTING
    }

    pub(super) async fn write(&self, server: &Server) -> Result<()> {
        server.insert("record an ingest run", TABLE, std::slice::from_ref(self)).await
    }

    /// Writes it and reads it back: an insert that something else than the server answers leaves no trace.
    pub(super) async fn write_and_see(&self, server: &Server) -> Result<()> {
        self.write(server).await?;
        match Self::step_of(server, self.id).await? {
            Some(step) if step >= self.step => Ok(()),
            _ => Err(not_kept("record an ingest run")),
        }
    }

    /// Whether the run has ended with all its rows in, whoever ended it.
    pub(super) async fn is_done(server: &Server, id: u64) -> Result<bool> {
        let query = server.query(include_str!("sql/is_run_done.sql")).param("id", id);
        Ok(server.read::<bool>("look for the end of a run", query).await?.contains(&true))
    }

    async fn step_of(server: &Server, id: u64) -> Result<Option<u8>> {
        let query = server.query(include_str!("sql/step_of_run.sql")).param("id", id);
        Ok(server.read::<u8>("read a run", query).await?.first().copied())
    }

    /// Runs that nobody ended, the oldest first.
    pub(super) async fn open(server: &Server) -> Result<Vec<Self>> {
        server.read("look for runs without an end", server.query(include_str!("sql/open_runs.sql"))).await
    }

    pub(super) async fn latest(server: &Server, limit: u32) -> Result<Vec<IngestRun>> {
        let query = server.query(include_str!("sql/latest_runs.sql")).param("limit", limit);
        let records: Vec<Self> = server.read("list the ingest runs", query).await?;
        records.into_iter().map(Self::into_run).collect()
    }

    fn into_run(self) -> Result<IngestRun> {
        let state = match self.state.as_str() {
            // Not all of it shows yet.
            RUNNING | COMMITTING => RunState::Running,
            DONE => RunState::Done,
            FAILED => RunState::Failed,
            other => return Err(Error::Impossible { what: "state of a run", value: other.to_owned() }),
        };
        let rows =
            RowCounts { read: self.rows_read, written: self.rows_written, rejected: self.rows_rejected };
        let has_ended = state != RunState::Running;
        Ok(IngestRun {
            id: run_id(self.id)?,
            source: self.source,
            kind: self.kind,
            state,
            started_at: row::time(self.started_at)?,
            ended_at: self.ended_at.filter(|_| has_ended).map(row::time).transpose()?,
            rows: if has_ended { rows } else { RowCounts::default() },
            error: self.error,
        })
    }
}

fn not_kept(operation: &'static str) -> Error {
    let source = "what was written is not there: does a proxy answer instead of the server?".into();
    Error::Failed { operation, source }
}

pub(super) fn run_id(number: u64) -> Result<RunId> {
    i64::try_from(number)
        .ok()
        .and_then(NonZeroI64::new)
        .map(RunId)
        .ok_or_else(|| Error::Impossible { what: "number of a run", value: number.to_string() })
}

/// A row of `revision`.
#[derive(Clone, Copy, Debug, Row, Serialize, Deserialize)]
pub(super) struct Revision {
    pub(super) revision: u64,
    fingerprint: u64,
    market_fingerprint: u64,
    coins_fingerprint: u64,
}

impl Revision {
    pub(super) async fn current(server: &Server) -> Result<Self> {
        let rows: Vec<Self> =
            server.read("read its revision", server.query(include_str!("sql/revision.sql"))).await?;
        // Migrations write the first one.
        rows.first().copied().ok_or_else(|| Error::Impossible { what: "revision", value: "none".to_owned() })
    }

    pub(super) const fn fingerprint_of(&self, part: Part) -> u64 {
        match part {
            Part::Market => self.market_fingerprint,
            Part::Coins => self.coins_fingerprint,
        }
    }

    /// Says that the data is another from now on; the number of a run or of a lock rises as revisions do.
    pub(super) async fn raise(server: &Server, revision: u64, written: Written) -> Result<()> {
        let before = Self::current(server).await?;
        let fingerprint = fingerprint();
        let row = Self {
            revision,
            fingerprint,
            market_fingerprint: if written.market { fingerprint } else { before.market_fingerprint },
            coins_fingerprint: if written.coins { fingerprint } else { before.coins_fingerprint },
        };
        server.insert(RAISE, "revision", &[row]).await?;
        if Self::current(server).await?.revision < revision {
            return Err(not_kept(RAISE));
        }
        Ok(())
    }
}
