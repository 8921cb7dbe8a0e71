//! `stockpile ingest status` and `stockpile ingest repair`.

use anyhow::Result;
use indicatif::HumanCount;
use jiff::Timestamp;
use serde::Serialize;
use stockpile_storage::{IngestRun, RowCounts, RunId, RunState};

use crate::{cli::Cli, exit::Exit, store};

/// A run as a person or a script sees it.
#[derive(Serialize)]
struct Line<'a> {
    id: RunId,
    state: &'static str,
    source: &'a str,
    kind: &'a str,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
    rows: RowCounts,
    error: Option<&'a str>,
}

/// Lists the newest runs, newest first.
pub(crate) async fn status(cli: &Cli, limit: u32) -> Result<Exit> {
    let opened = store::open(cli).await?;
    // Asked before the list, so that a run that starts in between is not taken for a dead one.
    let mut alive = opened.store.ingest.is_writing().await?;
    let runs = opened.store.ingest.latest(limit).await?;
    if runs.is_empty() && !cli.json {
        println!("no runs yet");
    }
    for run in &runs {
        let line = line(run, &mut alive);
        if cli.json {
            println!("{}", serde_json::to_string(&line)?);
        } else {
            println!("{}", text(&line));
        }
    }
    Ok(Exit::Ok)
}

/// One process writes at a time: only the newest run that has not ended can be alive.
fn line<'a>(run: &'a IngestRun, alive: &mut bool) -> Line<'a> {
    let state = match run.state {
        RunState::Running if std::mem::take(alive) => "running",
        RunState::Running => "interrupted",
        RunState::Done => "done",
        RunState::Failed => "failed",
    };
    Line {
        id: run.id,
        state,
        source: &run.source,
        kind: &run.kind,
        started_at: run.started_at,
        ended_at: run.ended_at,
        rows: run.rows,
        error: run.error.as_deref(),
    }
}

fn text(run: &Line<'_>) -> String {
    let mut text = format!(
        "{:>5}  {:<11}  {:.0}  {} ({}): {} rows",
        run.id.0,
        run.state,
        run.started_at,
        run.source,
        run.kind,
        HumanCount(run.rows.written),
    );
    if run.rows.rejected > 0 {
        text += &format!(", {} refused", HumanCount(run.rows.rejected));
    }
    if let Some(error) = run.error {
        text += &format!("\n       {error}");
    }
    if run.state == "interrupted" {
        text += "\n       its process is gone and nothing of it is in; `stockpile ingest repair` marks it as failed";
    }
    text
}

/// Clears up after killed processes.
pub(crate) async fn repair(cli: &Cli) -> Result<Exit> {
    let opened = store::open(cli).await?;
    let repaired = opened.store.ingest.repair(Timestamp::now()).await?;
    if cli.json {
        println!("{}", serde_json::to_string(&repaired)?);
        return Ok(Exit::Ok);
    }
    if repaired.runs.is_empty() {
        println!("no interrupted run");
    }
    for run in &repaired.runs {
        println!("run {}: interrupted, marked as failed; nothing of it is in", run.0);
    }
    match repaired.recounted_days {
        0 => println!("every day's bars are counted right"),
        days => println!("bars counted again on {days} days"),
    }
    Ok(Exit::Ok)
}
