//! Who watches an ingest.

use std::path::Path;

/// How far a file has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Advance {
    /// Bytes taken from the disk so far; of a back-fill, runs that are done.
    pub bytes: u64,
    /// Rows read so far, refused ones included.
    pub rows: u64,
}

/// Hears how an ingest goes on; called often and from the ingest's own task, so it must be quick.
pub trait Progress: Send + Sync {
    /// A file was opened; `bytes` is its size on the disk. Of a back-fill: how many runs it takes.
    fn opened(&self, path: &Path, bytes: u64);

    /// More of it was read and handed to the store.
    fn advanced(&self, advance: Advance);

    /// It ended, well or not.
    fn closed(&self);
}

/// Hears and says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn opened(&self, _: &Path, _: u64) {}

    fn advanced(&self, _: Advance) {}

    fn closed(&self) {}
}
