//! The report of refused rows: one CSV beside the store, written only when a row is refused.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::{Error, Result};

/// Characters of a source's name that its report shows; at four bytes each they fit in any file name.
const MAX_SOURCE_CHARS: usize = 50;

/// A row that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    pub(super) line: u64,
    pub(super) column: &'static str,
    pub(super) value: String,
    pub(super) reason: String,
    /// The row as it stands in the source.
    pub(super) row: String,
}

/// Collects rejections of one file.
#[derive(Debug)]
pub(super) struct Report {
    path: PathBuf,
    writer: Option<csv::Writer<File>>,
    count: u64,
    first: Option<(u64, String)>,
}

impl Report {
    /// A report in `folder` named after the source and its run, which is made with the first rejection.
    pub(super) fn new(folder: &Path, source: &str, run: i64) -> Self {
        // A name may be as long as the system allows; what is added to it must fit as well.
        let source: String = source.chars().take(MAX_SOURCE_CHARS).collect();
        let path = folder.join(format!("{source}.run-{run}.rejected.csv"));
        Self { path, writer: None, count: 0, first: None }
    }

    pub(super) fn add(&mut self, rejection: &Rejection) -> Result<()> {
        let reason = match rejection.column {
            "" => rejection.reason.clone(),
            column => format!("{column} `{}`: {}", rejection.value, rejection.reason),
        };
        self.first.get_or_insert((rejection.line, reason));
        self.count += 1;
        self.write(rejection).map_err(|source| Error::Report { path: self.path.clone(), source })
    }

    fn write(&mut self, rejection: &Rejection) -> io::Result<()> {
        if self.writer.is_none() {
            if let Some(folder) = self.path.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut writer = csv::Writer::from_writer(self.create()?);
            writer.write_record(["line", "column", "value", "reason", "row"])?;
            self.writer = Some(writer);
        }
        let line = rejection.line.to_string();
        let record = [&line, rejection.column, &rejection.value, &rejection.reason, &rejection.row];
        self.writer.as_mut().map_or(Ok(()), |writer| Ok(writer.write_record(record)?))
    }

    /// Makes the file; a report that is there already, of another store, is left alone.
    fn create(&mut self) -> io::Result<File> {
        let wanted = self.path.clone();
        let mut number = 1;
        loop {
            match File::create_new(&self.path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    number += 1;
                    self.path = wanted.with_extension(format!("{number}.csv"));
                }
                made => return made,
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Line and reason of the first rejection.
    pub(super) fn first(&self) -> Option<&(u64, String)> {
        self.first.as_ref()
    }

    /// Ends the report and tells where it is, if there is one.
    pub(super) fn close(mut self) -> Result<Option<PathBuf>> {
        let Some(mut writer) = self.writer.take() else { return Ok(None) };
        writer.flush().map_err(|source| Error::Report { path: self.path.clone(), source })?;
        Ok(Some(self.path))
    }
}
