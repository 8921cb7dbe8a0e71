//! Ingest runs in PostgreSQL.

use std::num::NonZeroI64;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio_postgres::Row;

use super::{
    Postgres,
    repair::repair,
    row::{get, large_count, whole_milliseconds},
    run_writer::PostgresRunWriter,
    turn::{self, Turn},
};
use crate::{
    Error, IngestRun, IngestRuns, NewRun, Part, Repaired, Result, RowCounts, RunId, RunState, RunWriter,
};

#[async_trait]
impl IngestRuns for Postgres {
    async fn start(&self, run: NewRun) -> Result<Box<dyn RunWriter>> {
        let mut turn = Turn::take(&self.0).await?;
        let client = turn.client()?;
        // What is recorded shows to others while the run writes; the transaction begins after it.
        let work = async {
            client.execute(include_str!("sql/end_interrupted_runs.sql"), &[]).await?;
            let started_at = whole_milliseconds(run.started_at);
            let row = client
                .query_one(include_str!("sql/start_run.sql"), &[&run.source, &run.kind, &started_at])
                .await?;
            client.batch_execute("BEGIN").await?;
            Ok(row)
        };
        let row = self.0.in_time("start an ingest run", work).await?;
        Ok(Box::new(PostgresRunWriter::new(id(&row)?, self.0.clone(), turn)))
    }

    async fn latest(&self, limit: u32) -> Result<Vec<IngestRun>> {
        let sql = include_str!("sql/latest_runs.sql");
        self.0.read("list the ingest runs", sql, &[&i64::from(limit)], run).await
    }

    async fn is_writing(&self) -> Result<bool> {
        turn::is_taken(&self.0).await
    }

    async fn repair(&self, now: Timestamp) -> Result<Repaired> {
        let mut turn = Turn::take(&self.0).await?;
        let repaired = match turn.client() {
            Ok(client) => repair(&self.0, client, now).await,
            Err(error) => Err(error),
        };
        turn.end().await;
        repaired
    }

    async fn revision(&self) -> Result<u64> {
        let sql = "SELECT revision FROM revision";
        self.0.read_one("read its revision", sql, &[], |row| large_count(row, 0)).await
    }

    async fn fingerprint(&self, part: Part) -> Result<u64> {
        let sql = match part {
            Part::Market => "SELECT market_fingerprint FROM revision",
            Part::Coins => "SELECT coins_fingerprint FROM revision",
        };
        self.0.read_one("read its fingerprint", sql, &[], |row| Ok(get::<i64>(row, 0)?.cast_unsigned())).await
    }
}

pub(super) fn id(row: &Row) -> Result<RunId> {
    let number: i64 = get(row, 0)?;
    let impossible = || Error::Impossible { what: "number of a run", value: number.to_string() };
    NonZeroI64::new(number).map(RunId).ok_or_else(impossible)
}

fn run(row: &Row) -> Result<IngestRun> {
    Ok(IngestRun {
        id: id(row)?,
        source: get(row, 1)?,
        kind: get(row, 2)?,
        state: state(get(row, 3)?)?,
        started_at: get(row, 4)?,
        ended_at: get(row, 5)?,
        rows: RowCounts {
            read: large_count(row, 6)?,
            written: large_count(row, 7)?,
            rejected: large_count(row, 8)?,
        },
        error: get(row, 9)?,
    })
}

fn state(name: &str) -> Result<RunState> {
    match name {
        "running" => Ok(RunState::Running),
        "done" => Ok(RunState::Done),
        "failed" => Ok(RunState::Failed),
        other => Err(Error::Impossible { what: "state of a run", value: other.to_owned() }),
    }
}
