//! The driver's errors, sorted by what a caller can do about them.

use rusqlite::{ErrorCode, ffi};

use crate::Error;

/// What a query on a reader may fail with.
#[derive(Debug)]
pub(super) enum ReadError {
    Sqlite(rusqlite::Error),
    Row(Error),
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Error> for ReadError {
    fn from(error: Error) -> Self {
        Self::Row(error)
    }
}

/// Unwraps what a call on a connection's thread may fail with.
pub(super) fn flatten(operation: &'static str) -> impl Fn(tokio_rusqlite::Error<Error>) -> Error {
    move |error| match error {
        tokio_rusqlite::Error::Error(error) => error,
        _ => closed(operation),
    }
}

/// A connection's thread ended: a query on it panicked.
pub(super) fn closed(operation: &'static str) -> Error {
    Error::Failed { operation, source: "the connection is closed".into() }
}

/// Sorts a driver's error by what the caller can do about it.
pub(super) fn refused(operation: &'static str, error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        // The last one says that another process keeps a lock of the log for longer than SQLite cares to retry.
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            Error::Locked { source: error.into() }
        }
        Some(ErrorCode::DiskFull) => Error::DiskFull { source: error.into() },
        // A quota or a limit on files; SQLite calls the disk full only when the system does.
        Some(ErrorCode::SystemIoFailure)
            if error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_WRITE) =>
        {
            Error::Unwritable { source: error.into() }
        }
        _ => Error::Failed { operation, source: error.into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_of_another_process_is_told_as_such_however_sqlite_says_it() {
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_LOCKED, ffi::SQLITE_PROTOCOL] {
            let error = refused("write", rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
            assert!(matches!(error, Error::Locked { .. }), "{error:?}");
        }
    }
}
