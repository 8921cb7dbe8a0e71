//! A backend that fails on demand.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use crate::{
    Backend, Capabilities, Deleted, Error, Generation, Health, Invalidation, Lease, Lifetime, Page, Pattern,
    RawKey, Refusal, Result, ScanLimit, Seeded, ServerInfo, StoredKey,
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
    refusing: AtomicBool,
    health: Mutex<Option<Health>>,
    hold_writes: watch::Sender<bool>,
    late: AtomicBool,
    late_writes: Mutex<Vec<LateWrite>>,
    most: AtomicUsize,
    reads: AtomicU64,
    writes: AtomicU64,
    deletes: AtomicU64,
    counters: AtomicU64,
    batches: AtomicU64,
    pings: AtomicU64,
    calls: AtomicU64,
}

/// A write that was asked for and not carried out yet.
#[derive(Debug)]
enum LateWrite {
    Set(RawKey, Bytes, Lifetime),
    Delete(RawKey),
    Sweep(Pattern, ScanLimit),
    Bump(RawKey, Invalidation),
}

impl ChaosBackend {
    /// Wraps `inner`; calm until told otherwise.
    #[must_use]
    pub fn new(inner: Arc<dyn Backend>) -> Self {
        let state = State {
            failing: AtomicBool::new(false),
            panicking: AtomicBool::new(false),
            delay: Mutex::default(),
            refusing: AtomicBool::new(false),
            health: Mutex::default(),
            hold_writes: watch::Sender::new(false),
            late: AtomicBool::new(false),
            late_writes: Mutex::default(),
            most: AtomicUsize::new(usize::MAX),
            reads: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            deletes: AtomicU64::new(0),
            counters: AtomicU64::new(0),
            batches: AtomicU64::new(0),
            pings: AtomicU64::new(0),
            calls: AtomicU64::new(0),
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
        *lock(&self.state.delay) = delay;
    }

    /// Keeps writes and deletions waiting, or lets them go on.
    pub fn hold_writes(&self, hold: bool) {
        self.state.hold_writes.send_replace(hold);
    }

    /// Makes every write be refused, or stop being refused.
    pub fn refuse_writes(&self, refusing: bool) {
        self.state.refusing.store(refusing, SeqCst);
    }

    /// Makes writes get no answer and be put aside, until [`land`](Self::land) carries them out; or ends that.
    pub fn late_writes(&self, late: bool) {
        self.state.late.store(late, SeqCst);
    }

    /// Carries out what was put aside, in order; says how much that was. Whatever else fails, this does not.
    ///
    /// # Errors
    ///
    /// What the wrapped backend reports.
    pub async fn land(&self) -> Result<usize> {
        let late = std::mem::take(&mut *lock(&self.state.late_writes));
        let count = late.len();
        for write in late {
            match write {
                LateWrite::Set(key, value, lifetime) => self.inner.set(&key, value, lifetime).await?,
                LateWrite::Delete(key) => drop(self.inner.delete(&key).await?),
                LateWrite::Sweep(pattern, limit) => drop(self.inner.delete_pattern(&pattern, limit).await?),
                LateWrite::Bump(counter, how) => drop(self.inner.bump_generation(&counter, how).await?),
            }
        }
        Ok(count)
    }

    /// Makes a call with more than so many values or keys fail after that many.
    pub fn fail_after(&self, most: usize) {
        self.state.most.store(most, SeqCst);
    }

    /// Makes the backend say this of itself; `None`: what the wrapped one says.
    pub fn say(&self, health: Option<Health>) {
        *lock(&self.state.health) = health;
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

    /// Returns how often it was asked whether it answers.
    #[must_use]
    pub fn pings(&self) -> u64 {
        self.state.pings.load(SeqCst)
    }

    /// Returns how many calls of any sort were made; one that is made of others counts as these.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.state.calls.load(SeqCst)
    }

    async fn disturb(&self) -> Result<()> {
        self.state.calls.fetch_add(1, SeqCst);
        let delay = *lock(&self.state.delay);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        assert!(!self.state.panicking.load(SeqCst), "chaos backend was told to panic");
        if self.state.failing.load(SeqCst) {
            return Err(Error::Unreachable { backend: self.name(), source: "told to fail".into() });
        }
        Ok(())
    }

    fn stop_after(&self, done: usize) -> Result<()> {
        if done < self.state.most.load(SeqCst) {
            return Ok(());
        }
        Err(Error::Unreachable { backend: self.name(), source: "told to fail in the middle".into() })
    }

    async fn disturb_write(&self, write: Option<LateWrite>) -> Result<()> {
        if let Some(write) = write
            && self.state.late.load(SeqCst)
        {
            self.state.calls.fetch_add(1, SeqCst);
            lock(&self.state.late_writes).push(write);
            return std::future::pending().await;
        }
        self.disturb().await?;
        if self.state.refusing.load(SeqCst) {
            let source = "told to refuse".into();
            return Err(Error::Refused { backend: self.name(), why: Refusal::Full, source });
        }
        // An error says that the sender is gone, which this handle rules out.
        let _ = self.state.hold_writes.subscribe().wait_for(|hold| !hold).await;
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.disturb_write(Some(LateWrite::Set(key.clone(), value.clone(), lifetime))).await?;
        self.inner.set(key, value, lifetime).await
    }

    async fn delete(&self, key: &RawKey) -> Result<bool> {
        self.state.deletes.fetch_add(1, SeqCst);
        self.disturb_write(Some(LateWrite::Delete(key.clone()))).await?;
        self.inner.delete(key).await
    }

    fn health(&self) -> Health {
        lock(&self.state.health).unwrap_or_else(|| self.inner.health())
    }

    async fn set_many(&self, items: &[(RawKey, Bytes, Lifetime)]) -> Result<()> {
        for (at, (key, value, lifetime)) in items.iter().enumerate() {
            self.stop_after(at)?;
            self.set(key, value.clone(), *lifetime).await?;
        }
        Ok(())
    }

    async fn delete_many(&self, keys: &[RawKey]) -> Result<u64> {
        let mut deleted = 0;
        for (at, key) in keys.iter().enumerate() {
            self.stop_after(at)?;
            deleted += u64::from(self.delete(key).await?);
        }
        Ok(deleted)
    }

    async fn delete_pattern(&self, pattern: &Pattern, limit: ScanLimit) -> Result<Deleted> {
        self.state.deletes.fetch_add(1, SeqCst);
        self.disturb_write(Some(LateWrite::Sweep(pattern.clone(), limit))).await?;
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

    async fn stored_key(&self, key: &RawKey) -> Result<Option<StoredKey>> {
        self.disturb().await?;
        self.inner.stored_key(key).await
    }

    async fn server_info(&self) -> Result<Option<ServerInfo>> {
        self.disturb().await?;
        self.inner.server_info().await
    }

    async fn ping(&self) -> Result<()> {
        self.state.pings.fetch_add(1, SeqCst);
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
        self.disturb_write(Some(LateWrite::Bump(counter.clone(), how))).await?;
        self.inner.bump_generation(counter, how).await
    }

    async fn try_lease(&self, key: &RawKey, lifetime: Lifetime) -> Result<Option<Lease>> {
        self.disturb_write(None).await?;
        self.inner.try_lease(key, lifetime).await
    }

    async fn renew(&self, lease: &Lease, lifetime: Lifetime) -> Result<bool> {
        self.disturb_write(None).await?;
        self.inner.renew(lease, lifetime).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.disturb_write(None).await?;
        self.inner.release(lease).await
    }
}
