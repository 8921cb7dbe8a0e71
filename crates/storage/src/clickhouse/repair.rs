//! Clearing up after a process that ended in the middle of a run.

use ::clickhouse::Row;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    commit,
    run_record::{Revision, run_id},
    server::Server,
};
use crate::{Repaired, Result, RowCounts, part::Written};

const INTERRUPTED: &str = "its process ended before the run did";

#[derive(Row, Deserialize)]
struct RealCount {
    kind: u8,
    trade_date: i32,
    rows: u32,
    adjusted: u32,
}

/// A row of `bar_day`.
#[derive(Row, Serialize)]
struct BarDayRow {
    kind: u8,
    trade_date: i32,
    rows: u32,
    adjusted: u32,
    version: u64,
}

/// Finishes the runs that were committing, fails the others that nobody ends any more and counts every day again.
pub(super) async fn repair(server: &Server, number: u64, now: Timestamp) -> Result<Repaired> {
    let mut repaired = Repaired::default();
    let mut failed = Vec::new();
    commit::end_open_runs(server, number, |open| {
        failed.push(open.id);
        open.failed(RowCounts::default(), Some(now), INTERRUPTED)
    })
    .await?;
    repaired.runs = failed.into_iter().map(run_id).collect::<Result<_>>()?;

    let query = server.query(include_str!("sql/miscounted_days.sql"));
    let real: Vec<RealCount> = server.read("count the bars of each day", query).await?;
    let counted: Vec<BarDayRow> = real
        .into_iter()
        .map(|RealCount { kind, trade_date, rows, adjusted }| BarDayRow {
            kind,
            trade_date,
            rows,
            adjusted,
            version: number,
        })
        .collect();
    if !counted.is_empty() {
        server.insert("keep the number of bars of each day", "bar_day", &counted).await?;
        // What servers have cached of these days is wrong.
        Revision::raise(server, number, Written { market: true, coins: false }).await?;
    }
    repaired.recounted_days = counted.len() as u64;
    Ok(repaired)
}
