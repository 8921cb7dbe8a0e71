//! The reading half: text to batches of rows.

use std::{io::BufRead, path::PathBuf};

use stockpile_market::TradeDate;
use tokio::sync::mpsc;

use super::{
    kind::FileKind,
    layout::{self, Layout},
    records::{LINE_LIMIT, Next, Records, Stop},
    report::Rejection,
    rows::Rows,
};
use crate::{Error, Result};

/// Records handed over at a time: enough that their order within a batch can be chosen for the store.
const BATCH_RECORDS: u64 = 32 * 1024;
/// Bytes of a refused row that its report shows.
const SHOWN_BYTES: usize = 1024;

/// Rows read and rows refused since the batch before.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) rows: Rows,
    pub(super) read: u64,
    pub(super) rejections: Vec<Rejection>,
}

/// A file whose header was read and understood.
pub(super) struct Reading {
    path: PathBuf,
    records: Records<Box<dyn BufRead + Send>>,
    layout: Layout,
}

impl Reading {
    /// Reads the header. The inner error says what the file is instead of something that can be ingested.
    pub(super) fn start(
        path: PathBuf,
        text: Box<dyn BufRead + Send>,
        kind: Option<FileKind>,
        today: TradeDate,
    ) -> Result<Result<Self, &'static str>> {
        let mut records = Records::new(text);
        let header = match records.next() {
            // UTF-16 without a mark at its start still shows by its zeros.
            Ok(Some(Next::Record(_, header))) if header.raw.contains(&0) => None,
            Ok(Some(Next::Record(_, header))) => layout::columns(&header),
            Ok(Some(Next::Bad(..))) => None,
            Ok(None) => return Err(Error::Empty { path }),
            Err(stop) => return Err(stopped(path, &records, stop)),
        };
        let Some(columns) = header else { return Err(Error::Encoding { path, line: 1 }) };
        let kind = match kind.map_or_else(|| FileKind::recognise(&columns), Ok) {
            Ok(kind) => kind,
            Err(reason) => return Ok(Err(reason)),
        };
        let layout = Layout::new(&path, kind, &columns, today)?;
        Ok(Ok(Self { path, records, layout }))
    }

    pub(super) fn kind(&self) -> FileKind {
        self.layout.kind
    }

    pub(super) fn ignored_columns(&self) -> &[String] {
        &self.layout.ignored
    }

    /// Reads to the end, a batch at a time, until the receiver is gone.
    pub(super) fn run(mut self, batches: &mpsc::Sender<Batch>) -> Result<()> {
        let mut batch = Batch::default();
        loop {
            match self.records.next() {
                Ok(Some(Next::Record(line, record))) => {
                    batch.read += 1;
                    if let Err(refusal) = batch.rows.read(&self.layout, line, &record) {
                        batch.rejections.push(Rejection {
                            line,
                            column: refusal.column,
                            value: refusal.value,
                            reason: refusal.reason.into_owned(),
                            row: shown(record.raw),
                        });
                    }
                }
                Ok(Some(Next::Bad(line, raw, reason))) => {
                    batch.read += 1;
                    batch.rejections.push(Rejection {
                        line,
                        column: "",
                        value: String::new(),
                        reason: reason.to_owned(),
                        row: shown(raw),
                    });
                }
                Ok(None) => break,
                Err(stop) => return Err(stopped(self.path, &self.records, stop)),
            }
            if batch.read == BATCH_RECORDS && batches.blocking_send(std::mem::take(&mut batch)).is_err() {
                return Ok(());
            }
        }
        // A receiver that is gone has its own reason to stop.
        let _ = batches.blocking_send(batch);
        Ok(())
    }
}

fn shown(row: &[u8]) -> String {
    String::from_utf8_lossy(&row[..row.len().min(SHOWN_BYTES)]).into_owned()
}

fn stopped<R: BufRead>(path: PathBuf, records: &Records<R>, stop: Stop) -> Error {
    let line = records.line();
    match stop {
        Stop::TooLong => Error::LineTooLong { path, line: line + 1, limit: LINE_LIMIT },
        Stop::Io(source) => Error::Damaged { path, line, source },
    }
}
