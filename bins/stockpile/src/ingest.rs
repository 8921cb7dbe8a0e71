//! `stockpile ingest`.

use std::sync::Arc;

use anyhow::Result;
use jiff::Timestamp;
use serde::Serialize;
use stockpile_ingest::{FileIngest, Ingested, Outcome, Progress};

use crate::{
    cli::{Cli, FileArgs},
    exit::Exit,
    output::{say, tell_warnings},
    progress, store, summary,
};

/// What happened to a file, as `--json` writes it.
#[derive(Serialize)]
struct Line {
    path: String,
    #[serde(flatten)]
    result: FileResult,
}

#[derive(Serialize)]
#[serde(untagged)]
enum FileResult {
    Read(Outcome),
    Failed { state: &'static str, error: String },
}

/// Reads files one after the other; one that fails stops none of the others.
pub(crate) async fn files(cli: &Cli, args: &FileArgs) -> Result<Exit> {
    let opened = store::open(cli).await?;
    tell_warnings();
    let progress: Arc<dyn Progress> =
        if cli.json { Arc::new(stockpile_ingest::Silent) } else { progress::for_terminal() };
    let ingest = FileIngest {
        store: opened.store,
        kind: args.kind,
        adjusted: args.adjusted,
        strict: args.strict,
        report_folder: args.report_folder.clone().unwrap_or_else(|| opened.folder.join("reports")),
        wait: args.wait,
        now: Timestamp::now,
        progress,
    };
    let mut exit = Exit::Ok;
    let mut ingested = 0;
    for path in &args.paths {
        let result = ingest.ingest(path).await.map_err(anyhow::Error::from);
        match &result {
            Ok(Outcome::Ingested(Ingested { rows, .. })) => {
                ingested += 1;
                exit = exit.max(if rows.rejected > 0 { Exit::RowsRejected } else { Exit::Ok });
            }
            Ok(Outcome::Unsupported { .. }) => {}
            Err(error) => exit = exit.max(Exit::of(error)),
        }
        let line = if cli.json {
            let result = match result {
                Ok(outcome) => FileResult::Read(outcome),
                Err(error) => FileResult::Failed { state: "failed", error: format!("{error:#}") },
            };
            Some(serde_json::to_string(&Line { path: path.display().to_string(), result })?)
        } else {
            match result {
                Ok(Outcome::Ingested(ingested)) => Some(summary::ingested(path, &ingested)),
                Ok(Outcome::Unsupported { reason }) => {
                    Some(format!("{}: passed over: {reason}", path.display()))
                }
                Err(error) => {
                    eprintln!("error: {error:#}");
                    None
                }
            }
        };
        exit = exit.max(line.map_or(Exit::Ok, |line| say(&line)));
    }
    // Asking for nothing but files that cannot be read is a mistake, not a success.
    Ok(if ingested == 0 { exit.max(Exit::Failed) } else { exit })
}
