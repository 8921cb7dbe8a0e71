use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;

use super::{Backend, Capabilities, Deleted, Health, Lifetime};
use crate::{Clock, Pattern, RawKey, Result, ScanLimit, SystemClock, bounded};

/// Keeps bytes in this process, up to a number of them.
///
/// For tests, and for what needs a backend where none runs. A cache has its own in-process tier, which holds
/// decoded values and is faster; [`Cache::in_memory`](crate::Cache::in_memory) uses that one alone.
pub struct MemoryBackend {
    values: bounded::Bounded<RawKey, Kept>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
struct Kept {
    bytes: Bytes,
    dead_at: u64,
}

impl bounded::Weigh<RawKey> for Kept {
    fn weigh(&self, key: &RawKey) -> u64 {
        bounded::OVERHEAD + (key.as_str().len() + self.bytes.len()) as u64
    }
}

impl MemoryBackend {
    /// Keeps up to `max_bytes`, keys and bookkeeping included. A value larger than all of it, or than 8 MiB, may
    /// not be kept.
    #[must_use]
    pub fn new(max_bytes: u64) -> Self {
        Self { values: bounded::bounded(max_bytes), clock: Arc::new(SystemClock) }
    }

    /// Reads the time from `clock`.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

impl fmt::Debug for MemoryBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBackend")
            .field("keys", &self.values.len())
            .field("bytes", &self.values.weight())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Backend for MemoryBackend {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::keeping().with_patterns()
    }

    async fn get(&self, key: &RawKey) -> Result<Option<Bytes>> {
        let now = self.clock.now_ms();
        let Some(kept) = self.values.get(key) else { return Ok(None) };
        if now < kept.dead_at {
            return Ok(Some(kept.bytes));
        }
        self.values.remove_if(key, |kept| kept.dead_at <= now);
        Ok(None)
    }

    async fn set(&self, key: &RawKey, value: Bytes, lifetime: Lifetime) -> Result<()> {
        let dead_at = self.clock.now_ms().saturating_add(lifetime.as_millis());
        self.values.insert(key.clone(), Kept { bytes: value, dead_at });
        Ok(())
    }

    async fn delete(&self, key: &RawKey) -> Result<bool> {
        let now = self.clock.now_ms();
        Ok(self.values.remove(key).is_some_and(|(_, kept)| now < kept.dead_at))
    }

    fn health(&self) -> Health {
        Health::Up
    }

    async fn delete_pattern(&self, pattern: &Pattern, limit: ScanLimit) -> Result<Deleted> {
        let (mut keys, mut complete) = (0, true);
        for (key, _) in self.values.iter() {
            if !pattern.matches(key.as_str()) {
                continue;
            }
            if keys == limit.keys {
                complete = false;
                break;
            }
            keys += u64::from(self.values.remove(&key).is_some());
        }
        Ok(Deleted::new(keys, complete))
    }
}
