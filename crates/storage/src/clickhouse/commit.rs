//! Bringing the rows of a run in, also those of a run whose process ended on the way.

use ::clickhouse::Row;
use serde::Deserialize;

use super::{
    run_record::{Revision, RunRecord},
    server::Server,
    tables::{Stage, Table},
};
use crate::{Error, Result, part::Written};

/// Days counted by one statement: a few hundred thousand rows are sorted for it.
const DAYS_AT_ONCE: usize = 50;

#[derive(Row, Deserialize)]
struct TouchedDay {
    kind: u8,
    trade_date: i32,
}

/// Ends what the runs before this one left open: those that were committing are finished, the others recorded by `fail`.
///
/// A run of a higher number has the lock now, and then nothing of it is touched.
pub(super) async fn end_open_runs(
    server: &Server,
    number: u64,
    mut fail: impl FnMut(RunRecord) -> RunRecord,
) -> Result<()> {
    let open = RunRecord::open(server).await?;
    if open.iter().any(|run| run.id > number) {
        return Err(Error::LockLost);
    }
    for run in open {
        if run.is_committing() {
            let stages = staged(server).await?.into_iter().map(|found| found.stage);
            let stages: Vec<Stage> = stages.filter(|stage| stage.run == run.id).collect();
            finish(server, run, &stages).await?;
        } else {
            fail(run).write(server).await?;
        }
    }
    drop_stages(server, |run| run < number).await
}

/// Makes sure that every staged row is there: whoever took the lock may have dropped it, or something else than the server
/// may have answered its insert.
pub(super) async fn check_staged(server: &Server, run: u64, expected: &[(Stage, u64)]) -> Result<()> {
    const OPERATION: &str = "find the staged rows of a run";
    let found = staged(server).await?;
    for (stage, expected) in expected {
        let found = found.iter().find(|found| found.stage == *stage);
        let mut rows = found.and_then(|found| found.rows).unwrap_or(0);
        if rows > *expected {
            // A batch that was sent twice stands there twice until the engine merges it.
            let query =
                server.query("SELECT count() FROM {stage:Identifier} FINAL").param("stage", stage.name());
            rows = server.read::<u64>(OPERATION, query).await?.first().copied().unwrap_or(0);
        }
        if rows != *expected {
            let source =
                format!("run {run} wrote {expected} rows into {} and {rows} are there", stage.name());
            return Err(Error::Failed { operation: OPERATION, source: source.into() });
        }
    }
    Ok(())
}

/// Finishes a run that is recorded as committing. It may be done twice, wholly or in part, with the same rows in the end.
pub(super) async fn finish(server: &Server, run: RunRecord, stages: &[Stage]) -> Result<()> {
    for stage in stages {
        server.execute("commit an ingest run", server.query(&stage.attach())).await?;
    }
    if let Some(bars) = stages.iter().find(|stage| stage.table == Table::DailyBar) {
        count_days(server, *bars).await?;
    }
    let mut written = Written::default();
    for stage in stages {
        written.add(stage.table.part());
    }
    Revision::raise(server, run.id, written).await?;
    // Last: until then whoever finds the run does all of this again.
    run.done().write_and_see(server).await
}

/// Counts the bars of every day a run wrote.
async fn count_days(server: &Server, bars: Stage) -> Result<()> {
    const OPERATION: &str = "count the bars of each day";
    let query = server.query(include_str!("sql/touched_days.sql")).param("stage", bars.name());
    let touched: Vec<TouchedDay> = server.read(OPERATION, query).await?;
    for of_kind in touched.chunk_by(|one, other| one.kind == other.kind) {
        for chunk in of_kind.chunks(DAYS_AT_ONCE) {
            let days: Vec<i32> = chunk.iter().map(|day| day.trade_date).collect();
            let statement = server
                .query(include_str!("sql/count_days.sql"))
                .param("run", bars.run)
                .param("kind", chunk[0].kind)
                .param("days", days);
            server.execute(OPERATION, statement).await?;
        }
    }
    Ok(())
}

/// A staging table and the rows of its parts.
#[derive(Clone, Copy, Debug)]
struct FoundStage {
    stage: Stage,
    rows: Option<u64>,
}

async fn staged(server: &Server) -> Result<Vec<FoundStage>> {
    let found: Vec<(String, Option<u64>)> =
        server.read("look for staged rows", server.query(include_str!("sql/stages.sql"))).await?;
    Ok(found
        .into_iter()
        .filter_map(|(name, rows)| Some(FoundStage { stage: Stage::from_name(&name)?, rows }))
        .collect())
}

/// Drops the staging tables of some runs.
pub(super) async fn drop_stages(server: &Server, of: impl Fn(u64) -> bool) -> Result<()> {
    for FoundStage { stage, .. } in staged(server).await?.into_iter().filter(|found| of(found.stage.run)) {
        server.execute("drop staged rows", server.query(&stage.drop())).await?;
    }
    Ok(())
}
