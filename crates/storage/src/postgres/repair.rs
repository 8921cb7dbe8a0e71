//! Clearing up after a process that ended in the middle of a run.

use deadpool_postgres::ClientWrapper;
use jiff::{Timestamp, civil::Date};

use super::{ingest::id, row::whole_milliseconds, server::Server};
use crate::{Repaired, Result};

const INTERRUPTED: &str = "its process ended before the run did";

/// Fails the runs that nobody ends any more and counts every day again, in one transaction.
pub(super) async fn repair(server: &Server, client: &mut ClientWrapper, now: Timestamp) -> Result<Repaired> {
    let work = async {
        let transaction = client.transaction().await?;
        let sql = include_str!("sql/fail_interrupted_runs.sql");
        let runs = transaction.query(sql, &[&whole_milliseconds(now), &INTERRUPTED]).await?;
        let days = transaction.query(include_str!("sql/miscounted_days.sql"), &[]).await?;
        let kinds: Vec<i16> = days.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        let dates: Vec<Date> = days.iter().map(|row| row.try_get(1)).collect::<Result<_, _>>()?;
        if !days.is_empty() {
            transaction.execute(include_str!("sql/count_days.sql"), &[&kinds, &dates]).await?;
            // What servers have cached of these days is wrong.
            transaction.execute(include_str!("sql/raise_revision.sql"), &[&true, &false]).await?;
        }
        transaction.commit().await?;
        Ok((runs, days.len() as u64))
    };
    let (runs, recounted_days) = server.in_time("repair the ingest runs", work).await?;
    Ok(Repaired { runs: runs.iter().map(id).collect::<Result<_>>()?, recounted_days })
}
