//! Clearing up after a process that ended in the middle of a run.

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, TransactionBehavior, named_params, params};

use crate::{Repaired, RunId};

const INTERRUPTED: &str = "its process ended before the run did";

/// Fails the runs that nobody ends any more and counts every day again, in one transaction.
pub(super) fn repair(connection: &mut Connection, now: Timestamp) -> rusqlite::Result<Repaired> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let runs = transaction
        .prepare(include_str!("sql/fail_interrupted_runs.sql"))?
        .query_map(named_params! { ":ended_at": now.as_millisecond(), ":error": INTERRUPTED }, |row| {
            Ok(RunId(row.get(0)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let days = transaction
        .prepare(include_str!("sql/miscounted_days.sql"))?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<Vec<(i64, i32)>>>()?;
    for (kind, day) in &days {
        transaction.prepare_cached(include_str!("sql/count_day.sql"))?.execute(params![kind, day])?;
    }
    if !days.is_empty() {
        // What servers have cached of these days is wrong.
        let kept = params![false, true];
        transaction.query_row(include_str!("sql/raise_revision.sql"), kept, |row| row.get::<_, i64>(0))?;
    }
    transaction.commit()?;
    Ok(Repaired { runs, recounted_days: days.len() as u64 })
}

/// Whether another connection holds the write lock, found out without waiting for it.
pub(super) fn is_locked(connection: &Connection) -> rusqlite::Result<bool> {
    let timeout: i64 = connection.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?;
    connection.pragma_update(None, "busy_timeout", 0)?;
    let begun = connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK");
    connection.pragma_update(None, "busy_timeout", timeout)?;
    match begun {
        Ok(()) => Ok(false),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(true),
        Err(error) => Err(error),
    }
}
