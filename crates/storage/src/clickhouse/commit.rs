//! Bringing the rows of a run in, also those of a run whose process ended on the way.

use ::clickhouse::Row;
use serde::Deserialize;

use super::{
    run_record::{Revision, RunRecord},
    server::Server,
    tables::{Stage, Table},
};
use crate::Result;

/// Days counted by one statement: a few hundred thousand rows are sorted for it.
const DAYS_AT_ONCE: usize = 50;

#[derive(Row, Deserialize)]
struct TouchedDay {
    kind: u8,
    trade_date: i32,
}

/// Finishes a run that is recorded as committing. It may be done twice, wholly or in part, with the same rows in the end.
pub(super) async fn finish(server: &Server, run: RunRecord) -> Result<()> {
    let stages = of_run(server, run.id).await?;
    for stage in &stages {
        server.execute("commit an ingest run", server.query(&stage.attach())).await?;
    }
    if let Some(bars) = stages.iter().find(|stage| stage.table == Table::DailyBar) {
        count_days(server, *bars).await?;
    }
    Revision::raise(server, run.id).await?;
    // Last: until then whoever finds the run does all of this again.
    run.done().write(server).await
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

/// The staging tables of a run.
async fn of_run(server: &Server, run: u64) -> Result<Vec<Stage>> {
    Ok(stages(server).await?.into_iter().filter(|stage| stage.run == run).collect())
}

async fn stages(server: &Server) -> Result<Vec<Stage>> {
    let names: Vec<String> =
        server.read("look for staged rows", server.query(include_str!("sql/stages.sql"))).await?;
    Ok(names.iter().filter_map(|name| Stage::from_name(name)).collect())
}

/// Drops every staging table, or those of one run.
pub(super) async fn drop_stages(server: &Server, run: Option<u64>) -> Result<()> {
    for stage in stages(server).await?.into_iter().filter(|stage| run.is_none_or(|run| stage.run == run)) {
        server.execute("drop staged rows", server.query(&stage.drop())).await?;
    }
    Ok(())
}
