//! CSV text to records.

use std::{io::BufRead, path::Path};

use super::{
    batches::{Batches, Wanted},
    layout,
    records::{LINE_LIMIT, Next, Records, Stop},
};
use crate::{Error, Result};

/// CSV text whose header was read.
pub(super) struct Csv {
    records: Records<Box<dyn BufRead + Send>>,
}

impl Csv {
    /// Reads the header: the names of the columns.
    pub(super) fn start(path: &Path, text: Box<dyn BufRead + Send>) -> Result<(Self, Vec<String>)> {
        let mut records = Records::new(text);
        let columns = match records.next() {
            // UTF-16 without a mark at its start still shows by its zeros.
            Ok(Some(Next::Record(_, header))) if header.raw.contains(&0) => None,
            Ok(Some(Next::Record(_, header))) => layout::columns(&header),
            Ok(Some(Next::Bad(..))) => None,
            Ok(None) => return Err(Error::Empty { path: path.to_owned() }),
            Err(stop) => return Err(stopped(path, &records, stop)),
        };
        let columns = columns.ok_or_else(|| Error::Encoding { path: path.to_owned(), line: 1 })?;
        Ok((Self { records }, columns))
    }

    pub(super) fn run(mut self, path: &Path, batches: &mut Batches<'_>) -> Result<Wanted> {
        loop {
            let wanted = match self.records.next() {
                Ok(Some(Next::Record(line, record))) => batches.record(line, &record)?,
                Ok(Some(Next::Bad(line, raw, reason))) => batches.bad(line, raw, reason),
                Ok(None) => return Ok(Wanted::More),
                Err(stop) => return Err(stopped(path, &self.records, stop)),
            };
            if wanted == Wanted::Nothing {
                return Ok(Wanted::Nothing);
            }
        }
    }
}

fn stopped<R: BufRead>(path: &Path, records: &Records<R>, stop: Stop) -> Error {
    let (path, line) = (path.to_owned(), records.line());
    match stop {
        Stop::TooLong => Error::LineTooLong { path, line: line + 1, limit: LINE_LIMIT },
        Stop::Io(source) => Error::Damaged { path, line, source },
    }
}
