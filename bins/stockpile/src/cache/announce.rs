//! A cache that deletes and tells the running servers, which keep copies in their processes.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::Result;
use async_trait::async_trait;
use bytes::Bytes;
use stockpile_cache::{Bus, BusEvent, Cache, redis::RedisBus};
use tokio::sync::{mpsc, oneshot};

use super::connection::{Connection, NAMESPACE, PATIENCE, SWEEP};

/// How long to wait until everything is said.
const SAID_WITHIN: Duration = Duration::from_secs(5);

/// A cache without entries in this process, whose announcements can be waited for.
pub(super) struct Announcing {
    pub(super) cache: Cache,
    failed: Arc<AtomicBool>,
    /// Ends when the bus does, which the cache lets go once all is said.
    ended: oneshot::Receiver<Infallible>,
}

impl Announcing {
    pub(super) fn over(connection: &Connection) -> Result<Self> {
        let (end, ended) = oneshot::channel();
        let failed = Arc::default();
        let bus = Speaker {
            bus: RedisBus::over(connection.backend.clone()),
            failed: Arc::clone(&failed),
            silent: Mutex::default(),
            _end: end,
        };
        let cache = Cache::builder()
            .namespace(NAMESPACE)
            .l1_max_bytes(0)
            .backend(Arc::new(connection.backend.clone()))
            .bus(Arc::new(bus))
            .budget(PATIENCE * 2)
            .sweep_timeout(SWEEP + PATIENCE * 2)
            .build()?;
        Ok(Self { cache, failed, ended })
    }

    /// Waits until everything is said; warns when it was not.
    pub(super) async fn finish(self) {
        drop(self.cache);
        let said = tokio::time::timeout(SAID_WITHIN, self.ended).await.is_ok();
        if !said || self.failed.load(Relaxed) {
            eprintln!(
                "warning: the running servers could not be told; each may give its own copies for another minute"
            );
        }
    }
}

/// Speaks on the servers' bus and does not listen: nothing is kept here that others could change.
#[derive(Debug)]
struct Speaker {
    bus: RedisBus,
    failed: Arc<AtomicBool>,
    /// A listener whose channel closes ends, and the announcements with it.
    silent: Mutex<Vec<mpsc::Sender<BusEvent>>>,
    _end: oneshot::Sender<Infallible>,
}

#[async_trait]
impl Bus for Speaker {
    fn name(&self) -> &'static str {
        self.bus.name()
    }

    async fn publish(&self, channel: &str, message: Bytes) -> stockpile_cache::Result<()> {
        let said = self.bus.publish(channel, message).await;
        if said.is_err() {
            self.failed.store(true, Relaxed);
        }
        said
    }

    fn subscribe(&self, _channel: &str) -> mpsc::Receiver<BusEvent> {
        let (sender, events) = mpsc::channel(1);
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        events
    }
}
