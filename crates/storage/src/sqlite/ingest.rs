//! Ingest runs in SQLite.

use std::num::NonZeroI64;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params};

use super::{
    connections::{Connections, set_writer_cache},
    driver_error::{ReadError, flatten, refused},
    query::collect,
    repair, row,
    run_writer::{SqliteRunWriter, let_go},
};
use crate::{
    Error, IngestRun, IngestRuns, NewRun, Part, Repaired, Result, RowCounts, RunId, RunState, RunWriter,
};

#[async_trait]
impl IngestRuns for Connections {
    async fn start(&self, run: NewRun) -> Result<Box<dyn RunWriter>> {
        let writer =
            self.writer.clone().try_lock_owned().map_err(|busy| Error::Locked { source: busy.into() })?;
        // Dropped before the lock is.
        let mut starting = Starting(Some(tokio_rusqlite::Connection::clone(&writer)));
        let id = writer
            .call(move |connection| {
                record(connection, &run).map_err(|error| refused("start an ingest run", error))
            })
            .await
            .map_err(flatten("start an ingest run"))?;
        starting.0 = None;
        Ok(Box::new(SqliteRunWriter::new(id, writer)))
    }

    async fn latest(&self, limit: u32) -> Result<Vec<IngestRun>> {
        self.read("list the ingest runs", move |connection| {
            collect(connection, include_str!("sql/latest_runs.sql"), named_params! { ":limit": limit }, run)
        })
        .await
    }

    async fn is_writing(&self) -> Result<bool> {
        let Ok(writer) = self.writer.clone().try_lock_owned() else { return Ok(true) };
        let operation = "look for a run that writes";
        writer
            .call(move |connection| repair::is_locked(connection).map_err(|error| refused(operation, error)))
            .await
            .map_err(flatten(operation))
    }

    async fn repair(&self, now: Timestamp) -> Result<Repaired> {
        let writer =
            self.writer.clone().try_lock_owned().map_err(|busy| Error::Locked { source: busy.into() })?;
        let operation = "repair the ingest runs";
        writer
            .call(move |connection| {
                repair::repair(connection, now).map_err(|error| refused(operation, error))
            })
            .await
            .map_err(flatten(operation))
    }

    async fn revision(&self) -> Result<u64> {
        self.check_identity()?;
        self.read("read its revision", |connection| {
            Ok(connection.prepare_cached("SELECT revision FROM revision")?.query_row([], |row| row.get(0))?)
        })
        .await
    }

    async fn fingerprint(&self, part: Part) -> Result<u64> {
        self.check_identity()?;
        self.read("read its fingerprint", move |connection| {
            let mut statement = connection.prepare_cached(match part {
                Part::Market => "SELECT market_fingerprint FROM revision",
                Part::Coins => "SELECT coins_fingerprint FROM revision",
            })?;
            Ok(statement.query_row([], |row| row.get::<_, i64>(0))?.cast_unsigned())
        })
        .await
    }
}

/// Takes a run back that nobody waits for any more: the connection's thread opens its transaction all the same.
struct Starting(Option<tokio_rusqlite::Connection>);

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            let_go(connection);
        }
    }
}

/// Records a run and takes the write lock, so that two processes find out before either writes a row.
fn record(connection: &Connection, run: &NewRun) -> rusqlite::Result<RunId> {
    connection.execute(include_str!("sql/end_interrupted_runs.sql"), [])?;
    let id = connection.prepare_cached(include_str!("sql/start_run.sql"))?.query_row(
        named_params! {
            ":source": run.source,
            ":kind": run.kind,
            ":started_at": run.started_at.as_millisecond(),
        },
        |row| row.get::<_, NonZeroI64>(0),
    )?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    set_writer_cache(connection, true)?;
    Ok(RunId(id))
}

fn run(row: &Row<'_>) -> Result<IngestRun, ReadError> {
    Ok(IngestRun {
        id: RunId(row.get(0)?),
        source: row.get(1)?,
        kind: row.get(2)?,
        state: state(&row.get::<_, String>(3)?)?,
        started_at: row::time(row, 4)?,
        ended_at: row.get::<_, Option<i64>>(5)?.map(row::time_of).transpose()?,
        rows: RowCounts { read: row.get(6)?, written: row.get(7)?, rejected: row.get(8)? },
        error: row.get(9)?,
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
