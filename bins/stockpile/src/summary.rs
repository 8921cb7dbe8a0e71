//! What a person reads after a file.

use std::{fmt::Write as _, path::Path};

use indicatif::HumanCount;
use stockpile_ingest::Ingested;

/// A line on what is in, and one for each thing worth knowing.
pub(crate) fn ingested(path: &Path, file: &Ingested) -> String {
    let mut text = format!(
        "{}: {} row{} of kind {} in {:.1} s",
        path.display(),
        HumanCount(file.rows.written),
        plural(file.rows.written),
        file.kind,
        file.seconds
    );
    let parts: Vec<String> = [
        (file.bars.stock, "stock bar"),
        (file.bars.etf, "ETF bar"),
        (file.bars.index, "index bar"),
        (file.factors, "factor"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{} {what}{}", HumanCount(count), plural(count)))
    .collect();
    if !parts.is_empty() {
        let _ = write!(text, ": {}", parts.join(", "));
    }
    match file.days {
        Some((first, last)) if first == last => {
            let _ = write!(text, "; {first}");
        }
        Some((first, last)) => {
            let _ = write!(text, "; {first} to {last}");
        }
        None => {}
    }
    if !file.ignored_columns.is_empty() {
        let _ = write!(
            text,
            "\n  not read: column{} {}",
            plural(file.ignored_columns.len() as u64),
            file.ignored_columns.join(", ")
        );
    }
    if let (Some(first), Some(last)) = (file.adjusted_days.first(), file.adjusted_days.last()) {
        let count = file.adjusted_days.len() as u64;
        let _ = write!(
            text,
            "\n  adjusted prices on {count} day{}, {first} to {last}: limits cannot be counted on them",
            plural(count)
        );
    }
    if let Some(report) = &file.report {
        let rejected = file.rows.rejected;
        let _ = write!(
            text,
            "\n  {} row{} refused, listed in {}",
            HumanCount(rejected),
            plural(rejected),
            report.display()
        );
    }
    text
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}
