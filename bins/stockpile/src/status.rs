//! `stockpile status`: what is in the store.

use anyhow::Result;
use serde::Serialize;
use stockpile_market::{DayIndex, SecurityKind, TradeDate};
use stockpile_storage::{IngestRun, RunState, Store};

use crate::{cli::Cli, exit::Exit, output::say, store};

#[derive(Serialize)]
struct Status {
    store: String,
    revision: u64,
    securities: usize,
    bars: Vec<Bars>,
    last_run: Option<IngestRun>,
}

/// The bars of one kind.
#[derive(Serialize)]
struct Bars {
    kind: SecurityKind,
    rows: u64,
    days: usize,
    first_day: Option<TradeDate>,
    last_day: Option<TradeDate>,
    latest_complete_day: Option<TradeDate>,
    adjusted_days: usize,
}

/// Tells what the store holds.
pub(crate) async fn status(cli: &Cli) -> Result<Exit> {
    let opened = store::open(cli).await?;
    let status = read(&opened.store, opened.name).await?;
    if cli.json {
        return Ok(say(&serde_json::to_string(&status)?));
    }
    Ok(text(&status).iter().map(|line| say(line)).max().unwrap_or(Exit::Ok))
}

async fn read(store: &Store, name: String) -> Result<Status> {
    let mut bars = Vec::new();
    for kind in SecurityKind::ALL {
        let counts = store.bars.day_counts(kind).await?;
        let adjusted_days =
            counts.iter().filter(|day| stockpile_market::is_adjusted_day(day.adjusted, day.rows)).count();
        let index = DayIndex::new(counts.iter().map(|day| (day.trade_date, day.rows)))?;
        bars.push(Bars {
            kind,
            rows: counts.iter().map(|day| u64::from(day.rows)).sum(),
            days: counts.len(),
            first_day: counts.first().map(|day| day.trade_date),
            last_day: index.latest(),
            latest_complete_day: index.latest_complete(),
            adjusted_days,
        });
    }
    Ok(Status {
        store: name,
        revision: store.ingest.revision().await?,
        securities: store.securities.all().await?.len(),
        bars,
        last_run: store.ingest.latest(1).await?.into_iter().next(),
    })
}

fn text(status: &Status) -> Vec<String> {
    let mut lines = vec![format!("store       {}, revision {}", status.store, status.revision)];
    lines.push(format!("securities  {}", status.securities));
    for bars in &status.bars {
        let Some((first, last)) = bars.first_day.zip(bars.last_day) else {
            lines.push(format!("{:<11} no bars", bars.kind.name()));
            continue;
        };
        let adjusted = match bars.adjusted_days {
            0 => String::new(),
            days => format!(", {days} of them with adjusted prices"),
        };
        lines.push(format!(
            "{:<11} {} bars on {} days, {first} to {last}{adjusted}",
            bars.kind.name(),
            indicatif::HumanCount(bars.rows),
            bars.days,
        ));
        if bars.latest_complete_day != bars.last_day {
            let complete = bars.latest_complete_day.map_or_else(|| "none".to_owned(), |day| day.to_string());
            lines.push(format!("            latest complete day: {complete}"));
        }
    }
    lines.push(match &status.last_run {
        None => "last run    none; `stockpile ingest file PATH` brings data in".to_owned(),
        Some(run) => format!(
            "last run    {} {}: {} of {} rows at {}",
            run.source,
            match run.state {
                RunState::Running => "under way",
                RunState::Done => "done",
                RunState::Failed => "failed",
            },
            indicatif::HumanCount(run.rows.written),
            indicatif::HumanCount(run.rows.read),
            run.started_at,
        ),
    });
    lines
}
