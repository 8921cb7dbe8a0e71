//! A cache whose time stands still, over a backend that fails on demand.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use stockpile_cache::{
    Cache, CacheBuilder, Kind, KindStats, LoadError, MemoryBackend, Outcome,
    testkit::{ChaosBackend, ManualClock},
};
use tokio::sync::Semaphore;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MILLI: Duration = Duration::from_millis(1);

/// Fresh for 10 seconds, usable for 60 more.
pub(crate) const PAGE: Kind<Bytes> =
    Kind::new("page").ttl(Duration::from_secs(10)).stale(Duration::from_secs(60));

pub(crate) type Answer = Result<(Bytes, Outcome), LoadError<&'static str>>;

pub(crate) struct Rig {
    pub(crate) cache: Cache,
    pub(crate) clock: ManualClock,
    pub(crate) chaos: ChaosBackend,
}

impl Rig {
    /// In process only.
    pub(crate) fn local() -> Self {
        Self::with(|builder, _| builder)
    }

    /// Both tiers.
    pub(crate) fn tiered() -> Self {
        Self::with(|builder, chaos| builder.backend(Arc::new(chaos.clone())))
    }

    /// The backend only.
    pub(crate) fn remote() -> Self {
        Self::with(|builder, chaos| builder.backend(Arc::new(chaos.clone())).l1_max_bytes(0))
    }

    pub(crate) fn with(settings: impl FnOnce(CacheBuilder, &ChaosBackend) -> CacheBuilder) -> Self {
        let clock = ManualClock::new();
        let chaos = ChaosBackend::new(Arc::new(MemoryBackend::new(64 << 20).with_clock(clock.shared())));
        let cache =
            settings(Cache::builder().clock(clock.shared()), &chaos).build().expect("settings that work");
        Self { cache, clock, chaos }
    }

    /// Another node over the same backend and clock.
    pub(crate) fn node(&self) -> Cache {
        Cache::builder()
            .clock(self.clock.shared())
            .backend(Arc::new(self.chaos.clone()))
            .build()
            .expect("settings that work")
    }

    pub(crate) fn stats(&self) -> KindStats {
        self.cache.stats().kind("page")
    }

    /// Loads `value` under `k`.
    pub(crate) async fn load(&self, value: &'static str) -> Answer {
        load(&self.cache, value).await
    }

    /// Fails to load `k`.
    pub(crate) async fn fail(&self) -> Answer {
        self.cache.entry(&PAGE, "k").with_outcome().get_or_load(|_| async { Err("down") }).await
    }
}

pub(crate) async fn load(cache: &Cache, value: &'static str) -> Answer {
    cache
        .entry(&PAGE, "k")
        .with_outcome()
        .get_or_load(move |_| async move { Ok(Bytes::from_static(value.as_bytes())) })
        .await
}

pub(crate) fn text(value: &'static str) -> Bytes {
    Bytes::from_static(value.as_bytes())
}

/// Bytes that no compression makes smaller; always the same.
pub(crate) fn noise(size: usize) -> Bytes {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(size).collect()
}

/// A loader that waits to be let go.
#[derive(Clone)]
pub(crate) struct Gate {
    entered: Arc<Semaphore>,
    open: Arc<Semaphore>,
    calls: Arc<AtomicU64>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            entered: Arc::new(Semaphore::new(0)),
            open: Arc::new(Semaphore::new(0)),
            calls: Arc::default(),
        }
    }

    pub(crate) async fn pass(&self) {
        self.calls.fetch_add(1, SeqCst);
        self.entered.add_permits(1);
        self.open.acquire().await.expect("never closed").forget();
    }

    /// Waits until a loader is inside.
    pub(crate) async fn entered(&self) {
        self.entered.acquire().await.expect("never closed").forget();
    }

    pub(crate) fn open(&self) {
        self.open.add_permits(1);
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(SeqCst)
    }

    /// Starts a load of `k` in a task of its own.
    pub(crate) fn spawn(&self, cache: &Cache, value: &'static str) -> tokio::task::JoinHandle<Answer> {
        let (cache, gate) = (cache.clone(), self.clone());
        tokio::spawn(async move {
            let load = move |_| async move {
                gate.pass().await;
                Ok(text(value))
            };
            cache.entry(&PAGE, "k").with_outcome().get_or_load(load).await
        })
    }
}

/// Lets every other task run as far as it can.
pub(crate) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
