//! A backend that fails on demand.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use crate::{
    Backend, Capabilities, Deleted, Error, Generation, Health, Invalidation, Lease, Lifetime, Page, Pattern,
    RawKey, Result, ScanLimit, Seeded,
};

/// Wraps a backend and spoils its calls: errors, panics, delays, hanging. Clones share their settings.
#[derive(Clone, Debug)]
pub struct ChaosBackend {
    inner: Arc<dyn Backend>,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    failing: AtomicBool,
    panicking: AtomicBool,
    delay: Mutex<Duration>,
    hold_writes: watch::Sender<bool>,
    reads: AtomicU64,
    writes: AtomicU64,
    deletes: AtomicU64,
    counters: AtomicU64,
    batches: AtomicU64,
}

impl ChaosBackend {
    /// Wraps `inner`; calm until told otherwise.
    #[must_use]
    pub fn new(inner: Arc<dyn Backend>) -> Self {
        let state = State {
            failing: AtomicBool::new(false),
            panicking: AtomicBool::new(false),
            delay: Mutex::default(),
            hold_writes: watch::Sender::new(false),
            reads: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            deletes: AtomicU64::new(0),
            counters: AtomicU64::new(0),
            batches: AtomicU64::new(0),
        };
        Self { inner, state: Arc::new(state) }
    }

    /// Makes every call fail, or stop failing.
    pub fn fail(&self, failing: bool) {
        self.state.failing.store(failing, SeqCst);
    }

    /// Makes every call panic, or stop panicking.
    pub fn panic(&self, panicking: bool) {
        self.state.panicking.store(panicking, SeqCst);
    }

    /// Makes every call take this long by tokio's timer, before anything else.
    pub fn delay(&self, delay: Duration) {
        *self.state.delay.lock().unwrap_or_else(PoisonError::into_inner) = delay;
    }

    /// Keeps writes and deletions waiting, or lets them go on.
    pub fn hold_writes(&self, hold: bool) {
        self.state.hold_writes.send_replace(hold);
    }

    /// Returns how many keys were asked for.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.state.reads.load(SeqCst)
    }

    /// Returns how many writes were asked for.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.state.writes.load(SeqCst)
    }

    /// Returns how many deletions were asked for.
    #[must_use]
    pub fn deletes(&self) -> u64 {
        self.state.deletes.load(SeqCst)
    }

    /// Returns how many calls asked for generation counters or changed them.
    #[must_use]
    pub fn counters(&self) -> u64 {
        self.state.counters.load(SeqCst)
    }

    /// Returns how many calls asked for many keys at once.
    #[must_use]
    pub fn batches(&self) -> u64 {
        self.state.batches.load(SeqCst)
    }

    async fn disturb(&self) -> Result<()> {
        let delay = *self.state.delay.lock().unwrap_or_else(PoisonError::into_inner);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        assert!(!self.state.panicking.load(SeqCst), "chaos backend was told to panic");
        if self.state.failing.load(SeqCst) {
            return Err(Error::Unreachable { backend: self.name(), source: "told to fail".into() });
        }
        Ok(())
    }

    async fn disturb_write(&self) -> Result<()> {
        self.disturb().await?;
        // An error says that the sender is gone, which this handle rules out.
        let _ = self.state.hold_writes.subscribe().wait_for(|hold| !hold).await;
        Ok(())
    }
}

#[async_trait]
impl Backend for ChaosBackend {
    fn name(&self) -> &'static str {
        "chaos"
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn get(&self, key: &RawKey) -> Result<Option<Bytes>> {
        self.state.reads.fetch_add(1, SeqCst);
        self.disturb().await?;
        self.inner.get(key).await
    }

    async fn set(&self, key: &RawKey, value: Bytes, lifetime: Lifetime) -> Result<()> {
        self.state.writes.fetch_add(1, SeqCst);
        self.disturb_write().await?;
        self.inner.set(key, value, lifetime).await
    }

    async fn delete(&self, key: &RawKey) -> Result<bool> {
        self.state.deletes.fetch_add(1, SeqCst);
        self.disturb_write().await?;
        self.inner.delete(key).await
    }

    fn health(&self) -> Health {
        self.inner.health()
    }

    async fn delete_pattern(&self, pattern: &Pattern, limit: ScanLimit) -> Result<Deleted> {
        self.state.deletes.fetch_add(1, SeqCst);
        self.disturb_write().await?;
        self.inner.delete_pattern(pattern, limit).await
    }

    async fn get_many(&self, keys: &[RawKey]) -> Result<Vec<Option<Bytes>>> {
        self.state.batches.fetch_add(1, SeqCst);
        self.state.reads.fetch_add(keys.len() as u64, SeqCst);
        self.disturb().await?;
        self.inner.get_many(keys).await
    }

    async fn scan(&self, pattern: &Pattern, cursor: Option<&str>, limit: usize) -> Result<Page> {
        self.disturb().await?;
        self.inner.scan(pattern, cursor, limit).await
    }

    async fn ping(&self) -> Result<()> {
        self.disturb().await?;
        self.inner.ping().await
    }

    async fn generations(&self, counters: &[RawKey]) -> Result<Vec<Option<Generation>>> {
        self.state.counters.fetch_add(1, SeqCst);
        self.disturb().await?;
        self.inner.generations(counters).await
    }

    async fn seed_generation(&self, counter: &RawKey) -> Result<Seeded> {
        self.state.counters.fetch_add(1, SeqCst);
        self.disturb().await?;
        self.inner.seed_generation(counter).await
    }

    async fn bump_generation(&self, counter: &RawKey, how: Invalidation) -> Result<Generation> {
        self.state.counters.fetch_add(1, SeqCst);
        self.disturb_write().await?;
        self.inner.bump_generation(counter, how).await
    }

    async fn try_lease(&self, key: &RawKey, lifetime: Lifetime) -> Result<Option<Lease>> {
        self.disturb_write().await?;
        self.inner.try_lease(key, lifetime).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.disturb_write().await?;
        self.inner.release(lease).await
    }
}
