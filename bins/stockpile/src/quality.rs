//! `stockpile ingest check`.

use std::fmt::Display;

use anyhow::Result;
use indicatif::HumanCount;
use jiff::Timestamp;
use stockpile_ingest::{BarQuality, CandleQuality, DayCodes, DayRows, MissingCandles};
use stockpile_market::exchange_date;

use crate::{cli::Cli, exit::Exit, store};

/// Days, codes or gaps named in a line; `--json` has all of them.
const NAMED: usize = 8;

/// Reports what is missing or odd, a kind of bars or a pair's candles at a time.
pub(crate) async fn check(cli: &Cli) -> Result<Exit> {
    let opened = store::open(cli).await?;
    let today = exchange_date(Timestamp::now().as_second());
    let quality = stockpile_ingest::check(&opened.store, today).await?;
    if cli.json {
        for report in &quality.bars {
            println!("{}", serde_json::to_string(report)?);
        }
        for report in &quality.candles {
            println!("{}", serde_json::to_string(report)?);
        }
        return Ok(Exit::Ok);
    }
    if quality.bars.is_empty() {
        println!("no bars yet");
    }
    for report in &quality.bars {
        println!("{}", text(report));
    }
    for report in &quality.candles {
        println!("{}", candles_text(report));
    }
    if quality.candles.is_empty() && opened.store.candles.any().await? {
        println!("candles: no gap in the hours and days of any pair");
    }
    Ok(Exit::Ok)
}

fn text(report: &BarQuality) -> String {
    let with_rows = |day: &DayRows| format!("{} ({} bars)", day.trade_date, HumanCount(day.rows.into()));
    let closed: Vec<String> = report.closed.iter().map(with_rows).collect();
    let incomplete: Vec<String> = report.incomplete.iter().map(with_rows).collect();
    let gaps: Vec<String> = report.gaps.iter().map(with_codes).collect();
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
    lines.extend(finding("without adjustment factors", &report.without_factors));
    lines.extend(finding("without price limits", &report.without_limits));
    lines.extend(finding("indices without a bar on days of others", &gaps));
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

fn candles_text(report: &CandleQuality) -> String {
    let CandleQuality { symbol, interval, missing, gaps } = report;
    let gaps: Vec<String> = gaps.iter().map(gap).collect();
    format!("{symbol} {interval}: {} candles missing: {}", HumanCount(*missing), named(&gaps))
}

fn gap(missing: &MissingCandles) -> String {
    match missing.missing {
        1 => missing.first.to_string(),
        count => format!("{} to {} ({})", missing.first, missing.last, HumanCount(count)),
    }
}

fn with_codes(day: &DayCodes) -> String {
    format!("{} ({})", day.trade_date, named(&day.ts_codes))
}

/// A line on what was found, or nothing.
fn finding<T: Display>(what: &str, found: &[T]) -> Option<String> {
    (!found.is_empty()).then(|| format!("  {what}: {}: {}", HumanCount(found.len() as u64), named(found)))
}

/// The first of them.
fn named<T: Display>(found: &[T]) -> String {
    let first: Vec<String> = found.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if found.len() > NAMED { ", …" } else { "" };
    format!("{}{more}", first.join(", "))
}
