//! Parquet to records: what a value would be in a CSV file, so that both forms keep the same promises.

mod cell;

use std::{
    fs::File,
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arrow_schema::SchemaRef;
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
    },
    basic::Compression,
};

use self::cell::Cells;
use super::{
    batches::{Batches, Wanted},
    layout::Layout,
    records::Record,
};
use crate::{Error, Result};

/// Rows decoded at a time.
const BATCH_ROWS: usize = 8 * 1024;

/// A Parquet file whose end, which describes it, was read.
pub(super) struct Parquet {
    builder: ParquetRecordBatchReaderBuilder<File>,
    schema: SchemaRef,
    bytes: u64,
    position: Arc<AtomicU64>,
}

impl Parquet {
    /// Reads the names of the columns.
    pub(super) fn start(path: &Path, file: File, position: Arc<AtomicU64>) -> Result<(Self, Vec<String>)> {
        let bytes = file.metadata().map_or(0, |file| file.len());
        // Without Arrow's own notes every text is plain text, whether it was a category or a large string.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
            .map_err(|source| damaged(path, 0, source))?;
        let schema = builder.schema().clone();
        let columns = schema.fields().iter().map(|field| field.name().trim().to_ascii_lowercase()).collect();
        Ok((Self { builder, schema, bytes, position }, columns))
    }

    /// Refuses columns whose values cannot be what the kind needs, and codecs that are not built in.
    pub(super) fn check(&self, path: &Path, layout: &Layout) -> Result<()> {
        for (name, position) in layout.read_columns() {
            let field = self.schema.field(position);
            if let Some(expected) = cell::mismatch(name, field.data_type()) {
                return Err(Error::ColumnType {
                    path: path.to_owned(),
                    column: name.to_owned(),
                    found: field.data_type().to_string(),
                    expected,
                });
            }
        }
        let groups = self.builder.metadata().row_groups();
        match groups
            .iter()
            .flat_map(|group| group.columns())
            .find(|column| !is_built_in(column.compression()))
        {
            Some(column) => {
                Err(Error::Codec { path: path.to_owned(), codec: column.compression().to_string() })
            }
            None => Ok(()),
        }
    }

    pub(super) fn run(self, path: &Path, layout: &Layout, batches: &mut Batches<'_>) -> Result<Wanted> {
        let total = u64::try_from(self.builder.metadata().file_metadata().num_rows()).unwrap_or(0).max(1);
        let mut columns: Vec<(&'static str, usize)> = layout.read_columns().collect();
        columns.sort_unstable_by_key(|(_, position)| *position);
        let roots = columns.iter().map(|(_, position)| *position);
        let mask = ProjectionMask::roots(self.builder.parquet_schema(), roots);
        let reader = self
            .builder
            .with_projection(mask)
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|source| damaged(path, 0, source))?;

        let mut row = 0;
        let mut text = Vec::new();
        let mut bounds = vec![(0, 0); self.schema.fields().len()];
        for batch in reader {
            let batch = batch.map_err(|source| damaged(path, row, source))?;
            let cells: Option<Vec<Cells<'_>>> = columns
                .iter()
                .zip(batch.columns())
                .map(|((name, _), array)| Cells::new(name, array.as_ref()))
                .collect();
            let Some(cells) = cells else {
                return Err(damaged(path, row, "a column is of another type than the file says"));
            };
            for index in 0..batch.num_rows() {
                row += 1;
                text.clear();
                for ((_, position), cells) in columns.iter().zip(&cells) {
                    if !text.is_empty() {
                        text.push(b',');
                    }
                    let start = text.len();
                    cells.write(index, &mut text);
                    bounds[*position] = (start, text.len());
                }
                if batches.record(row, &Record::new(&text, &bounds, &text))? == Wanted::Nothing {
                    return Ok(Wanted::Nothing);
                }
            }
            let done = u128::from(self.bytes) * u128::from(row) / u128::from(total);
            self.position.store(u64::try_from(done).unwrap_or(self.bytes), Ordering::Relaxed);
        }
        Ok(Wanted::More)
    }
}

const fn is_built_in(codec: Compression) -> bool {
    matches!(
        codec,
        Compression::UNCOMPRESSED
            | Compression::SNAPPY
            | Compression::GZIP(_)
            | Compression::ZSTD(_)
            | Compression::LZ4
            | Compression::LZ4_RAW
    )
}

fn damaged(path: &Path, row: u64, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Damaged { path: path.to_owned(), line: row, source: io::Error::other(source) }
}

#[cfg(test)]
mod tests {
    use parquet::basic::BrotliLevel;

    use super::*;

    #[test]
    fn codecs_that_are_not_built_in_are_known() {
        assert!(is_built_in(Compression::SNAPPY) && is_built_in(Compression::UNCOMPRESSED));
        assert!(!is_built_in(Compression::BROTLI(BrotliLevel::default())) && !is_built_in(Compression::LZO));
    }
}
