//! Rows that a source gave over the network: checked, reported and stored as those of a file are.

use std::{path::Path, time::Instant};

use jiff::Timestamp;
use serde_json::Value;
use stockpile_market::exchange_date;
use stockpile_storage::NewRun;

use super::{
    FileIngest, FileKind, Ingested,
    batches::{Batch, shown},
    json::push,
    layout::Layout,
    records::Record,
    report::Rejection,
    write::Writing,
};
use crate::{Error, Result, table::Table};

impl FileIngest {
    /// Stores a table as one run, whole or not at all. Lines are counted from 1, the columns being no line.
    ///
    /// A table without rows is a fact, too: its run says when it was so.
    ///
    /// # Errors
    ///
    /// An [`Error`] leaves nothing of the table in the store.
    pub(crate) async fn table(
        &self,
        source: &str,
        kind: FileKind,
        table: &Table,
        now: Timestamp,
    ) -> Result<Ingested> {
        let (started, path) = (Instant::now(), Path::new(source));
        // Nothing is written while rows are checked, so that the store's lock is held shortly.
        let batch = if table.rows.is_empty() {
            Batch::default()
        } else {
            batch(&Layout::new(path, kind, &table.columns, exchange_date(now.as_second()))?, table)
                .map_err(|(line, reason)| Error::Unclear { path: path.to_owned(), line, reason })?
        };
        let run = NewRun { source: source.to_owned(), kind: kind.name().to_owned(), started_at: now };
        let run = self.start(run).await.map_err(|source| Error::Store { path: path.to_owned(), source })?;
        let mut writing = Writing::new(run, self, path, &source.replace([' ', ':', '/'], "-"));
        let stored = match writing.store(batch).await {
            Ok(()) => writing.some_row_is_usable(),
            Err(error) => Err(error),
        };
        match stored {
            Ok(()) => {
                let mut ingested = writing.commit(now).await?;
                ingested.kind = kind;
                ingested.seconds = started.elapsed().as_secs_f64();
                Ok(ingested)
            }
            Err(error) => {
                writing.abandon(now, &error).await;
                Err(error)
            }
        }
    }
}

/// Checks every row; the error is the line that makes the whole table doubtful, and why.
fn batch(layout: &Layout, table: &Table) -> Result<Batch, (u64, String)> {
    let mut batch = Batch::default();
    let (mut text, mut bounds) = (Vec::new(), Vec::new());
    for (line, row) in (1..).zip(&table.rows) {
        text.clear();
        bounds.clear();
        for value in row {
            let start = text.len();
            push(&mut text, value);
            bounds.push((start, text.len()));
        }
        batch.read += 1;
        let raw = Value::from(row.clone()).to_string();
        match batch.rows.read(layout, line, &Record::new(&text, &bounds, raw.as_bytes())) {
            Ok(()) => {}
            Err(refusal) if refusal.whole_file => {
                return Err((line, format!("{} `{}` {}", refusal.column, refusal.value, refusal.reason)));
            }
            Err(refusal) => batch.rejections.push(Rejection {
                line,
                column: refusal.column,
                value: refusal.value,
                reason: refusal.reason.into_owned(),
                row: shown(raw.as_bytes()),
            }),
        }
    }
    Ok(batch)
}
