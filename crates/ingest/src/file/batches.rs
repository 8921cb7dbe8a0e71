//! Records gathered into batches and handed over.

use std::path::PathBuf;

use tokio::sync::mpsc;

use super::{layout::Layout, records::Record, report::Rejection, rows::Rows};
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

/// Whether whoever takes the batches still wants more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    More,
    /// The receiver is gone; it has its own reason.
    Nothing,
}

/// Fills batches and hands over those that are full.
pub(super) struct Batches<'a> {
    path: PathBuf,
    layout: Layout,
    sender: &'a mpsc::Sender<Batch>,
    batch: Batch,
}

impl<'a> Batches<'a> {
    pub(super) fn new(path: PathBuf, layout: Layout, sender: &'a mpsc::Sender<Batch>) -> Self {
        Self { path, layout, sender, batch: Batch::default() }
    }

    /// Takes a record; an error says why the whole file cannot be taken.
    pub(super) fn record(&mut self, line: u64, record: &Record<'_>) -> Result<Wanted> {
        match self.batch.rows.read(&self.layout, line, record) {
            Ok(()) => {}
            Err(refusal) if refusal.whole_file => {
                let (column, value, reason) = (refusal.column, refusal.value, refusal.reason);
                let reason = format!("{column} `{value}` {reason}");
                return Err(Error::Unclear { path: self.path.clone(), line, reason });
            }
            Err(refusal) => self.batch.rejections.push(Rejection {
                line,
                column: refusal.column,
                value: refusal.value,
                reason: refusal.reason.into_owned(),
                row: shown(record.raw),
            }),
        }
        Ok(self.counted())
    }

    /// Takes something that is no record.
    pub(super) fn bad(&mut self, line: u64, raw: &[u8], reason: &str) -> Wanted {
        self.batch.rejections.push(Rejection {
            line,
            column: "",
            value: String::new(),
            reason: reason.to_owned(),
            row: shown(raw),
        });
        self.counted()
    }

    fn counted(&mut self) -> Wanted {
        self.batch.read += 1;
        if self.batch.read == BATCH_RECORDS
            && self.sender.blocking_send(std::mem::take(&mut self.batch)).is_err()
        {
            return Wanted::Nothing;
        }
        Wanted::More
    }

    /// Hands the rest over.
    pub(super) fn finish(self) {
        // A receiver that is gone has its own reason to stop.
        let _ = self.sender.blocking_send(self.batch);
    }
}

pub(super) fn shown(row: &[u8]) -> String {
    String::from_utf8_lossy(&row[..row.len().min(SHOWN_BYTES)]).into_owned()
}
