//! One run at a time, in this process and in all others.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use deadpool_postgres::ClientWrapper;
use tokio::{runtime::Handle, sync::OwnedMutexGuard, time::timeout};

use super::server::Server;
use crate::{Error, Result};

/// The lock's name in the server: one for each schema, and the server keeps them apart by database.
const KEY: &str = "SELECT hashtextextended('stockpile ingest ' || current_schema(), 0)";
/// How long the end of a run may take. A lock that stays ends with its connection.
const CLEARING: Duration = Duration::from_secs(5);

/// The right to write: a lock in the server, held by a connection, and this process's own.
///
/// The server gives the lock back when the connection ends, however it does. Dropped, it takes back what was not committed.
pub(super) struct Turn {
    /// Gone once the turn was given back, or its connection was lost.
    held: Option<Held>,
    is_writing: Arc<AtomicBool>,
}

struct Held {
    client: ClientWrapper,
    key: i64,
    _writer: OwnedMutexGuard<()>,
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

impl Turn {
    /// Takes the turn, or says that another run has it.
    pub(super) async fn take(server: &Server) -> Result<Self> {
        if server.is_writing.swap(true, SeqCst) {
            return Err(Error::Locked { source: "a run of this process writes".into() });
        }
        // Gives the flag back when anything below fails.
        let mut turn = Self { held: None, is_writing: server.is_writing.clone() };
        let writer = server.writer.clone().lock_owned().await;
        let client = server.connect().await?;
        let operation = "take the lock of a run";
        let key: i64 =
            server.in_time(operation, async { client.query_one(KEY, &[]).await?.try_get(0) }).await?;
        let sql = "SELECT pg_try_advisory_lock($1)";
        let taken: bool =
            server.in_time(operation, async { client.query_one(sql, &[&key]).await?.try_get(0) }).await?;
        if !taken {
            return Err(Error::Locked { source: "a run of another process writes".into() });
        }
        turn.held = Some(Held { client, key, _writer: writer });
        Ok(turn)
    }

    /// The connection that holds the lock.
    pub(super) fn client(&mut self) -> Result<&mut ClientWrapper> {
        let gone = || Error::Failed { operation: "write", source: "its connection is gone".into() };
        self.held.as_mut().map(|held| &mut held.client).ok_or_else(gone)
    }

    /// Closes a connection that does not answer any more; the lock ends when the server notices.
    pub(super) fn hang_up_after<T>(&mut self, answer: &Result<T>) {
        if matches!(answer, Err(Error::Unreachable { .. })) {
            self.held = None;
        }
    }

    /// Gives the turn back and waits until the server knows.
    pub(super) async fn end(mut self) {
        if let Some(held) = self.held.take() {
            held.clear().await;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Whoever starts a run now waits for the clearing, a moment, and is not sent away.
        self.is_writing.store(false, SeqCst);
        if let Some(held) = self.held.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(held.clear());
        }
    }
}

impl Held {
    /// What fails here ends with the connection.
    async fn clear(self) {
        let unlock = format!("ROLLBACK; SELECT pg_advisory_unlock({})", self.key);
        match timeout(CLEARING, self.client.batch_execute(&unlock)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the lock of a run ends with its connection"),
            Err(_) => tracing::debug!("the lock of a run ends with its connection"),
        }
    }
}

/// Whether a run writes now, in this process or another.
pub(super) async fn is_taken(server: &Server) -> Result<bool> {
    if server.is_writing.load(SeqCst) {
        return Ok(true);
    }
    // The last run of this process may be clearing up.
    drop(server.writer.lock().await);
    let holders = server
        .read("look for a run that writes", include_str!("sql/lock_holder.sql"), &[], |row| {
            super::row::get::<i32>(row, 0)
        })
        .await?;
    Ok(!holders.is_empty())
}
