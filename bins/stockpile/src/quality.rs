//! `stockpile ingest check`.

use std::fmt::Display;

use anyhow::Result;
use indicatif::HumanCount;
use jiff::Timestamp;
use stockpile_ingest::{BarQuality, DayRows};
use stockpile_market::exchange_date;

use crate::{cli::Cli, exit::Exit, store};

/// Days or codes named in a line; `--json` has all of them.
const NAMED: usize = 8;

/// Reports what is missing or odd, a kind of bars at a time.
pub(crate) async fn check(cli: &Cli) -> Result<Exit> {
    let opened = store::open(cli).await?;
    let today = exchange_date(Timestamp::now().as_second());
    let reports = stockpile_ingest::check(&opened.store, today).await?;
    if reports.is_empty() && !cli.json {
        println!("no bars yet");
    }
    for report in &reports {
        if cli.json {
            println!("{}", serde_json::to_string(report)?);
        } else {
            println!("{}", text(report));
        }
    }
    Ok(Exit::Ok)
}

fn text(report: &BarQuality) -> String {
    let with_rows = |day: &DayRows| format!("{} ({} bars)", day.trade_date, HumanCount(day.rows.into()));
    let closed: Vec<String> = report.closed.iter().map(with_rows).collect();
    let incomplete: Vec<String> = report.incomplete.iter().map(with_rows).collect();
    let mut lines = vec![format!(
        "{}: {} bars on {} days{}",
        report.kind.name(),
        HumanCount(report.rows),
        HumanCount(report.days),
        report.span.map_or_else(String::new, |(first, last)| format!(", {first} to {last}")),
    )];
    lines.extend(finding("open days without bars", &report.missing));
    lines.extend(finding("open days since then", &report.behind));
    lines.extend(finding("bars on closed days", &closed));
    lines.extend(finding("fewer bars than days nearby", &incomplete));
    lines.extend(finding("adjusted prices, so no limit counts", &report.adjusted));
    lines.extend(finding("without valuations", &report.without_valuations));
    lines.extend(finding("securities without facts", &report.without_facts));
    if !report.calendar_known {
        lines.push(
            "  the calendar does not know all of these days; ingest trade_cal to find missing ones".into(),
        );
    } else if lines.len() == 1 {
        lines.push("  nothing missing, nothing odd".into());
    }
    lines.join("\n")
}

/// A line on what was found, or nothing.
fn finding<T: Display>(what: &str, found: &[T]) -> Option<String> {
    let named: Vec<String> = found.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if found.len() > NAMED { ", …" } else { "" };
    (!found.is_empty())
        .then(|| format!("  {what}: {}: {}{more}", HumanCount(found.len() as u64), named.join(", ")))
}
