//! Where the columns of a kind stand in a file.

use std::path::Path;

use stockpile_market::TradeDate;

use super::{kind::FileKind, records::Record};
use crate::{Error, Result};

/// The header of one file, read.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) kind: FileKind,
    /// The day at the exchange on which the file is read.
    pub(super) today: TradeDate,
    /// Position of each required column, then of each optional one.
    positions: Vec<Option<usize>>,
    /// Columns of the file that nothing reads.
    pub(super) ignored: Vec<String>,
}

/// The header's names in lower case, or `None` when they are not UTF-8.
pub(super) fn columns(header: &Record<'_>) -> Option<Vec<String>> {
    (0..header.len())
        .map(|index| {
            let name = header.field(index);
            let name = if index == 0 { name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name) } else { name };
            Some(std::str::from_utf8(name).ok()?.trim().trim_matches('"').to_ascii_lowercase())
        })
        .collect()
}

impl Layout {
    /// Finds the columns of a kind, all of the required ones.
    pub(super) fn new(path: &Path, kind: FileKind, columns: &[String], today: TradeDate) -> Result<Self> {
        if let Some(column) = columns
            .iter()
            .enumerate()
            // Columns without a name, such as the row numbers of a data frame, disturb nobody.
            .filter(|(_, name)| !name.is_empty())
            .find_map(|(index, name)| columns[..index].contains(name).then_some(name))
        {
            return Err(Error::RepeatedColumn { path: path.to_owned(), column: column.clone() });
        }
        let position = |name: &&str| columns.iter().position(|column| column == name);
        let missing: Vec<String> = kind
            .required_columns()
            .iter()
            .filter(|name| position(name).is_none())
            .map(ToString::to_string)
            .collect();
        if !missing.is_empty() {
            return Err(Error::MissingColumns { path: path.to_owned(), kind, missing });
        }
        let read = || kind.required_columns().iter().chain(kind.optional_columns());
        let ignored = columns
            .iter()
            .filter(|column| !column.is_empty() && !read().any(|name| name == *column))
            .cloned()
            .collect();
        Ok(Self { kind, today, positions: read().map(position).collect(), ignored })
    }

    /// The n-th column of the kind in a record: required ones first, then optional ones; empty when it is not there.
    pub(super) fn field<'a>(&self, record: &Record<'a>, column: usize) -> &'a [u8] {
        self.positions[column].map_or(&[], |position| record.field(position))
    }

    /// The columns that are read, with their positions in the file.
    #[cfg(feature = "parquet")]
    pub(super) fn read_columns(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let names = self.kind.required_columns().iter().chain(self.kind.optional_columns());
        names.zip(&self.positions).filter_map(|(name, position)| Some((*name, (*position)?)))
    }

    /// Whether the file has the n-th optional column.
    pub(super) fn has_optional(&self, column: usize) -> bool {
        self.positions[self.kind.required_columns().len() + column].is_some()
    }
}
