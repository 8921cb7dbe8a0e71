//! The connections to one file: a writer and several readers, each on a thread of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rusqlite::{ErrorCode, OpenFlags};
use tokio::sync::Mutex;
use tokio_rusqlite::Connection;

use super::{
    driver_error::{ReadError, closed, flatten, refused},
    migrations,
};
use crate::{Error, Result, Source};

/// How long a statement waits for another process's write to end. An ingest holds on for minutes, all else for
/// milliseconds, so waiting longer only delays the message.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// Pages a reader keeps, KiB. The system's file cache holds the rest.
const READER_CACHE_KIB: i64 = 2 * 1024;
/// Pages the writer keeps while a run is open, KiB: a code-major file touches one page of each day in turn.
const WRITER_CACHE_KIB: i64 = 24 * 1024;

/// One writer and several readers of a file.
#[derive(Debug)]
pub(super) struct Connections {
    /// Held by the run that is writing.
    pub(super) writer: Arc<Mutex<Connection>>,
    readers: Vec<Connection>,
    next_reader: AtomicUsize,
    path: PathBuf,
    identity: Option<FileIdentity>,
}

impl Connections {
    pub(super) async fn open(path: &Path, readers: usize) -> Result<Self> {
        let open_error = |source: Source| Error::Open { store: path.display().to_string(), source };
        let not_opened = |error: rusqlite::Error| match refused("open", error) {
            Error::Failed { source, .. } => open_error(source),
            other => other,
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| open_error(error.into()))?;
        }
        let writer = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
            .await
            .map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Error::Foreign { store: path.display().to_string() },
            _ => not_opened(error),
        })?;
        let store = path.display().to_string();
        writer
            .call(move |connection| migrations::run(connection, &store))
            .await
            .map_err(flatten("migrate"))?;

        let mut connections = Vec::with_capacity(readers);
        for _ in 0..readers {
            let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).await.map_err(not_opened)?;
            reader
                .call(|connection| {
                    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
                    connection.pragma_update(None, "query_only", true)
                })
                .await
                .map_err(|error| open_error(error.into()))?;
            connections.push(reader);
        }
        let identity = FileIdentity::of(path);
        Ok(Self {
            path: path.to_owned(),
            identity,
            writer: Arc::new(Mutex::new(writer)),
            readers: connections,
            next_reader: AtomicUsize::new(0),
        })
    }

    /// Refuses to go on once the path names another file than the one that is open: it would be read for ever.
    pub(super) fn check_identity(&self) -> Result<()> {
        if FileIdentity::of(&self.path) == self.identity {
            Ok(())
        } else {
            Err(Error::Replaced { store: self.path.display().to_string() })
        }
    }

    /// Runs a query on the next reader's thread.
    pub(super) async fn read<T, F>(&self, operation: &'static str, query: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut rusqlite::Connection) -> Result<T, ReadError> + Send + 'static,
    {
        let turn = self.next_reader.fetch_add(1, Ordering::Relaxed);
        self.readers[turn % self.readers.len()].call(query).await.map_err(|error| match error {
            tokio_rusqlite::Error::Error(ReadError::Sqlite(error)) => refused(operation, error),
            tokio_rusqlite::Error::Error(ReadError::Row(error)) => error,
            _ => closed(operation),
        })
    }
}

/// What tells a file from another under the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileIdentity {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let file = fs::metadata(path).ok()?;
        Some(Self { device: file.dev(), inode: file.ino() })
    }

    /// Elsewhere an open file cannot be replaced.
    #[cfg(not(unix))]
    fn of(_: &Path) -> Option<Self> {
        None
    }
}

async fn connect(path: &Path, flags: OpenFlags) -> std::result::Result<Connection, rusqlite::Error> {
    let path: PathBuf = path.to_owned();
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).await?;
    connection
        .call(|connection| {
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.set_prepared_statement_cache_capacity(64);
            connection.pragma_update(None, "trusted_schema", false)?;
            connection.pragma_update(None, "synchronous", "NORMAL")
        })
        .await
        .map_err(|error| match error {
            tokio_rusqlite::Error::Error(error) => error,
            _ => rusqlite::Error::InvalidQuery,
        })?;
    Ok(connection)
}

/// Grows the writer's cache for a run, or gives its pages back.
pub(super) fn set_writer_cache(connection: &rusqlite::Connection, open: bool) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -if open { WRITER_CACHE_KIB } else { READER_CACHE_KIB })
}
