//! What can go wrong while a server starts.

use std::{io, path::PathBuf, time::Duration};

/// Result with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine was not fetched.
    #[error("there is no ClickHouse engine at {}: run scripts/fetch-clickhouse", path.display())]
    NotFetched {
        /// Where it was looked for last.
        path: PathBuf,
    },
    /// The folder or the process could not be made.
    #[error("the ClickHouse engine cannot be started: {0}")]
    Start(#[from] io::Error),
    /// The server ended before it answered.
    #[error("the ClickHouse engine ended before it answered: {output}")]
    Ended {
        /// What it wrote.
        output: String,
    },
    /// The server did not answer in time.
    #[error("the ClickHouse engine does not answer after {} s: {output}", waited.as_secs())]
    Silent {
        /// How long it was waited for.
        waited: Duration,
        /// What it wrote.
        output: String,
    },
}
