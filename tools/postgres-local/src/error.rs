//! What can go wrong while a server starts.

use std::{io, time::Duration};

/// Result with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The programs are not there.
    #[error("there is no PostgreSQL server here: install the package postgresql")]
    NotInstalled,
    /// Root needs a user to run the server as.
    #[error("PostgreSQL refuses to run as root, and there is no user `postgres` to run it as")]
    NoUser,
    /// The folder or the process could not be made.
    #[error("the PostgreSQL server cannot be started: {0}")]
    Start(#[from] io::Error),
    /// The server ended, or its folder could not be filled, before it answered.
    #[error("the PostgreSQL server ended before it answered: {output}")]
    Ended {
        /// What it wrote.
        output: String,
    },
    /// The server did not answer in time.
    #[error("the PostgreSQL server does not answer after {} s: {output}", waited.as_secs())]
    Silent {
        /// How long it was waited for.
        waited: Duration,
        /// What it wrote.
        output: String,
    },
}
