//! The lock of the run that writes: a table that only one writer can create.
//!
//! `run_lock_N` is made by the holder of run N, N being one more than the highest there. Creating a table that exists
//! fails, which is the compare-and-set; whoever then finds a higher number was late and gives up. The lock is held until it is released or its last heartbeat, by the server's clock,
//! is older than the lease. The table with the highest number stays, so that numbers never repeat.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ::clickhouse::Row;
use serde::Deserialize;
use tokio::{task::JoinHandle, time::Instant};

use super::{
    driver_error::{TABLE_EXISTS, UNKNOWN_TABLE},
    server::Server,
};
use crate::{Error, Result};

const PREFIX: &str = "run_lock_";
/// Heartbeats within a lease.
const BEATS: u32 = 3;

/// A lock this process holds.
#[derive(Debug)]
pub(super) struct RunLock {
    server: Arc<Server>,
    number: u64,
    /// Another process has it, or may have it.
    lost: Arc<AtomicBool>,
    renewal: JoinHandle<()>,
}

#[derive(Row, Deserialize)]
struct Found {
    name: String,
    age: i64,
}

#[derive(Row, Deserialize)]
struct LastHeartbeat {
    released: bool,
    heartbeats: u64,
    age: i64,
}

impl RunLock {
    /// Takes the lock.
    pub(super) async fn take(server: &Arc<Server>) -> Result<Self> {
        let locks = locks(server).await?;
        if let Some((highest, age)) = locks.last()
            && is_held(server, *highest, *age).await?
        {
            return Err(locked(server, *highest));
        }
        let highest = locks.last().map_or(0, |(number, _)| *number);
        let newest_run =
            server.read::<u64>("read its runs", server.query(include_str!("sql/next_run.sql"))).await?;
        let number = highest.max(newest_run.first().copied().unwrap_or(0)) + 1;

        let statement = format!("CREATE TABLE {} {}", name(number), include_str!("sql/run_lock.sql"));
        // Not tried again: a table that exists may be our own of the first try, and then nobody has it.
        server.execute_once("lock the store", server.query(&statement)).await.map_err(|refusal| {
            if refusal.code == Some(TABLE_EXISTS) { locked(server, number) } else { refusal.error }
        })?;
        beat(server, number, false).await?;
        // Whoever was slow may have made a number that was used and dropped meanwhile: the highest one alone is the lock.
        if let Some(highest) = highest_number(server).await?.filter(|highest| *highest != number) {
            drop_lock(server, number).await?;
            return Err(locked(server, highest));
        }
        for (older, _) in locks {
            drop_lock(server, older).await?;
        }
        let lost = Arc::new(AtomicBool::new(false));
        let renewal = tokio::spawn(renew(server.clone(), number, lost.clone()));
        Ok(Self { server: server.clone(), number, lost, renewal })
    }

    /// The number of the lock, which is that of the run.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Makes sure that the lock is still held.
    pub(super) async fn confirm(&self) -> Result<()> {
        if self.lost.load(Ordering::Acquire) {
            return Err(Error::LockLost);
        }
        beat(&self.server, self.number, false).await.map_err(|error| match error {
            // Dropped by the next holder.
            Error::Failed { .. } => Error::LockLost,
            other => other,
        })?;
        match highest_number(&self.server).await? {
            Some(highest) if highest == self.number => Ok(()),
            _ => Err(Error::LockLost),
        }
    }

    /// Gives the lock back. When that fails it ends with its lease.
    pub(super) async fn release(self) {
        self.renewal.abort();
        if self.lost.load(Ordering::Acquire) {
            return;
        }
        if let Err(error) = beat(&self.server, self.number, true).await {
            tracing::warn!(%error, run = self.number, "the lock of a run was not released and ends with its lease");
        }
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// Whether any process holds the lock.
pub(super) async fn is_locked(server: &Server) -> Result<bool> {
    match locks(server).await?.last() {
        Some((highest, age)) => is_held(server, *highest, *age).await,
        None => Ok(false),
    }
}

/// Every lock there is with the seconds since it was made, the highest number last.
async fn locks(server: &Server) -> Result<Vec<(u64, i64)>> {
    let query = server.query(include_str!("sql/run_locks.sql"));
    let found: Vec<Found> = server.read("look for locks", query).await?;
    let mut locks: Vec<(u64, i64)> = found
        .into_iter()
        .filter_map(|lock| Some((lock.name.strip_prefix(PREFIX)?.parse().ok()?, lock.age)))
        .collect();
    locks.sort_unstable();
    Ok(locks)
}

async fn highest_number(server: &Server) -> Result<Option<u64>> {
    Ok(locks(server).await?.last().map(|(number, _)| *number))
}

async fn drop_lock(server: &Server, number: u64) -> Result<()> {
    let statement = format!("DROP TABLE IF EXISTS {} SYNC", name(number));
    server.execute("drop an old lock", server.query(&statement)).await
}

async fn is_held(server: &Server, number: u64, table_age: i64) -> Result<bool> {
    let lease = i64::try_from(server.options.lease.as_millis()).unwrap_or(i64::MAX);
    let query = server.query(include_str!("sql/last_heartbeat.sql")).param("lock", name(number));
    let rows: Vec<LastHeartbeat> = match server.try_read("read a lock", query).await {
        Ok(rows) => rows,
        // The next holder dropped it between our two questions.
        Err(refusal) if refusal.code == Some(UNKNOWN_TABLE) => return Ok(true),
        Err(refusal) => return Err(refusal.error),
    };
    let Some(last) = rows.first() else { return Ok(false) };
    if last.released {
        return Ok(false);
    }
    // One without a heartbeat is being taken; the table's age is in seconds, so a second more is allowed.
    let age = if last.heartbeats == 0 { (table_age - 1) * 1000 } else { last.age };
    Ok(age < lease)
}

async fn beat(server: &Server, number: u64, released: bool) -> Result<()> {
    let statement = format!("INSERT INTO {} (released) VALUES ({released})", name(number));
    server.execute("renew its lock", server.query(&statement)).await
}

/// Keeps the lock until told to stop, or until it may be somebody else's.
async fn renew(server: Arc<Server>, number: u64, lost: Arc<AtomicBool>) {
    let lease = server.options.lease;
    let mut renewed = Instant::now();
    loop {
        tokio::time::sleep((lease / BEATS).max(Duration::from_millis(1))).await;
        let began = Instant::now();
        match tokio::time::timeout(lease, beat(&server, number, false)).await {
            Ok(Ok(())) => renewed = began,
            Ok(Err(error)) => tracing::warn!(%error, run = number, "the lock of a run was not renewed"),
            Err(_) => tracing::warn!(run = number, "the lock of a run was not renewed in time"),
        }
        if renewed.elapsed() > lease {
            lost.store(true, Ordering::Release);
            return;
        }
    }
}

fn locked(server: &Server, number: u64) -> Error {
    let lease = server.options.lease.as_secs_f64();
    Error::Locked {
        source: format!(
            "run {number} is writing, or was killed less than {lease} s ago and its lock will end"
        )
        .into(),
    }
}

fn name(number: u64) -> String {
    format!("{PREFIX}{number}")
}
