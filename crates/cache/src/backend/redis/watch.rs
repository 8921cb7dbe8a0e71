//! Listens to what happens to a client's connection, and keeps the last of it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use fred::{
    clients::Client,
    interfaces::{ClientLike, EventInterface},
};
use tokio::{runtime::Handle, sync::broadcast::error::RecvError, task::JoinHandle};

/// Why there is no connection.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<Option<String>>);

impl Notes {
    pub(super) fn last(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn lost(&self, why: &str) {
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(why.to_owned());
        // One line for each outage, not for each attempt.
        if before.is_none() {
            log_lost(why);
        }
    }

    fn connected(&self, server: &str, since: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        log_connected(server, since);
    }
}

/// Ends with its owner.
#[derive(Debug)]
pub(super) struct Watch(JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Watch {
    pub(super) fn start(runtime: &Handle, client: &Client, notes: Arc<Notes>) -> Self {
        let (mut errors, mut connections) = (client.error_rx(), client.reconnect_rx());
        let client = client.clone();
        let mut since = Instant::now();
        Self(runtime.spawn(async move {
            loop {
                tokio::select! {
                    error = errors.recv() => match error {
                        Ok((error, _)) => {
                            if client.is_connected() {
                                since = Instant::now();
                            }
                            notes.lost(error.details());
                        }
                        Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Closed) => return,
                    },
                    server = connections.recv() => match server {
                        Ok(server) => notes.connected(&format!("{}:{}", server.host, server.port), since),
                        Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Closed) => return,
                    },
                }
            }
        }))
    }
}

#[cfg(feature = "tracing")]
fn log_connected(server: &str, since: Instant) {
    tracing::info!(server, after = ?since.elapsed(), "connected to the cache backend");
}

#[cfg(feature = "tracing")]
fn log_lost(why: &str) {
    tracing::warn!(why, "the cache backend cannot be reached; trying again until it can");
}

#[cfg(not(feature = "tracing"))]
fn log_connected(_: &str, _: Instant) {}

#[cfg(not(feature = "tracing"))]
fn log_lost(_: &str) {}
