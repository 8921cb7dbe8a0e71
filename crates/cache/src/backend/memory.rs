use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;

use super::{
    Backend, Capabilities, Deleted, Generation, Health, Invalidation, Lease, Lifetime, Page, Seeded,
    StoredKey,
};
use crate::{Clock, Pattern, RawKey, Result, ScanLimit, SystemClock, bounded};

/// Keeps bytes in this process, up to a number of them.
///
/// For tests, and for what needs a backend where none runs. A cache has its own in-process tier, which holds
/// decoded values and is faster; [`Cache::in_memory`](crate::Cache::in_memory) uses that one alone.
pub struct MemoryBackend {
    values: bounded::Bounded<RawKey, Kept>,
    clock: Arc<dyn Clock>,
    /// Held over steps that read and then write; the last value a counter was given.
    step: Mutex<u64>,
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
        Self { values: bounded::bounded(max_bytes), clock: Arc::new(SystemClock), step: Mutex::default() }
    }

    /// Reads the time from `clock`.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    fn read(&self, key: &RawKey) -> Option<Bytes> {
        let now = self.clock.now_ms();
        let kept = self.values.get(key)?;
        if now < kept.dead_at {
            return Some(kept.bytes);
        }
        self.values.remove_if(key, |kept| kept.dead_at <= now);
        None
    }

    fn write(&self, key: &RawKey, bytes: Bytes, lifetime: Lifetime) {
        let dead_at = self.clock.now_ms().saturating_add(lifetime.as_millis());
        self.values.insert(key.clone(), Kept { bytes, dead_at });
    }

    fn generation(&self, counter: &RawKey) -> Option<Generation> {
        Generation::parse(&self.read(counter)?)
    }

    /// Runs a step alone, with a number that is larger than every earlier one and not below the time in microseconds.
    fn in_one_step<T>(&self, step: impl FnOnce(u64) -> T) -> T {
        let mut last = self.step.lock().unwrap_or_else(PoisonError::into_inner);
        *last = self.clock.now_ms().saturating_mul(1000).max(last.saturating_add(1));
        step(*last)
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
        Capabilities::keeping().with_patterns().with_leases()
    }

    async fn get(&self, key: &RawKey) -> Result<Option<Bytes>> {
        Ok(self.read(key))
    }

    async fn set(&self, key: &RawKey, value: Bytes, lifetime: Lifetime) -> Result<()> {
        self.write(key, value, lifetime);
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
        let (now, mut keys, mut complete) = (self.clock.now_ms(), 0, true);
        for (key, _) in self.values.iter() {
            if !pattern.matches(key.as_str()) {
                continue;
            }
            if keys == limit.keys {
                complete = false;
                break;
            }
            keys += u64::from(self.values.remove(&key).is_some_and(|(_, kept)| now < kept.dead_at));
        }
        Ok(Deleted::new(keys, complete))
    }

    /// All on one page: the keys are in this process.
    async fn scan(&self, pattern: &Pattern, _cursor: Option<&str>, _limit: usize) -> Result<Page> {
        let now = self.clock.now_ms();
        let matching =
            self.values.iter().filter(|(key, kept)| now < kept.dead_at && pattern.matches(key.as_str()));
        Ok(Page { keys: matching.map(|(key, kept)| stored(&key, &kept, now)).collect(), next: None })
    }

    async fn stored_key(&self, key: &RawKey) -> Result<Option<StoredKey>> {
        let now = self.clock.now_ms();
        let kept = self.values.peek(key).filter(|kept| now < kept.dead_at);
        Ok(kept.map(|kept| stored(key, &kept, now)))
    }

    async fn seed_generation(&self, counter: &RawKey) -> Result<Seeded> {
        Ok(self.in_one_step(|now| {
            if let Some(generation) = self.generation(counter) {
                return Seeded { generation, created: false, now };
            }
            let generation = Generation::first(now);
            self.write(counter, generation.to_bytes(), Generation::LIFETIME);
            Seeded { generation, created: true, now }
        }))
    }

    async fn bump_generation(&self, counter: &RawKey, how: Invalidation) -> Result<Generation> {
        Ok(self.in_one_step(|now| {
            let generation = Generation::after(self.generation(counter), now, how);
            self.write(counter, generation.to_bytes(), Generation::LIFETIME);
            generation
        }))
    }

    async fn try_lease(&self, key: &RawKey, lifetime: Lifetime) -> Result<Option<Lease>> {
        Ok(self.in_one_step(|_| {
            if self.read(key).is_some() {
                return None;
            }
            // Two calls of one process never hold a lease at once, so any number will do.
            let token = u128::from(RandomState::new().hash_one(key));
            self.write(key, token.to_string().into(), lifetime);
            Some(Lease::new(key.clone(), token))
        }))
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.in_one_step(|_| {
            if self.read(lease.key()).is_some_and(|held| held == lease.token().to_string()) {
                self.values.remove(lease.key());
            }
        });
        Ok(())
    }
}

fn stored(key: &RawKey, kept: &Kept, now: u64) -> StoredKey {
    StoredKey {
        bytes: Some(bounded::Weigh::weigh(kept, key)),
        lifetime: Some(Duration::from_millis(kept.dead_at - now)),
        key: Bytes::copy_from_slice(key.as_str().as_bytes()),
    }
}
