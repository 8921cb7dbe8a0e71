//! Nodes of a cache, and loaders for them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use stockpile_cache::{
    Cache, CacheBuilder, Kind, LoadError, Outcome, Stored,
    redis::{RedisBackend, RedisBus},
};
use tokio::{sync::Semaphore, task::JoinHandle};

pub(crate) const TTL: Duration = Duration::from_secs(3600);
pub(crate) const STALE: Duration = Duration::from_secs(7200);
pub(crate) const PAGE: Kind<Bytes> = Kind::new("page").ttl(TTL).stale(STALE);

pub(crate) type Answer = Result<(Bytes, Outcome), LoadError<&'static str>>;

/// A namespace nobody else uses.
pub(crate) fn namespace() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("promise{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed))
}

/// Settings of a node with a bus, with as much time as a busy machine takes.
pub(crate) fn node(url: &str, namespace: &str) -> CacheBuilder {
    node_within(url, namespace, Duration::from_secs(10))
}

/// Settings of a node whose requests spend so much time on Redis at most, and that gives it up at its first fault.
pub(crate) fn impatient(url: &str, namespace: &str, budget: Duration) -> CacheBuilder {
    node_within(url, namespace, budget).breaker(1)
}

fn node_within(url: &str, namespace: &str, budget: Duration) -> CacheBuilder {
    let backend = RedisBackend::builder(url).timeout(budget).build().unwrap();
    let bus = Arc::new(RedisBus::over(backend.clone()));
    Cache::builder().namespace(namespace).budget(budget).backend(Arc::new(backend)).bus(bus)
}

/// A node that asks Redis for everything each time, counters too, and hears nothing.
pub(crate) async fn onlooker(url: &str, namespace: &str) -> Cache {
    let backend = RedisBackend::builder(url).timeout(Duration::from_secs(10)).build().unwrap();
    let builder = Cache::builder().namespace(namespace).budget(Duration::from_secs(10));
    let cache =
        builder.backend(Arc::new(backend)).l1_max_bytes(0).l1_max_age(Duration::ZERO).build().unwrap();
    answers(&cache).await;
    cache
}

/// Builds a node, and waits until it is connected and hears the others.
pub(crate) async fn ready(builder: CacheBuilder) -> Cache {
    let cache = builder.build().unwrap();
    answers(&cache).await;
    hears(&cache).await;
    cache
}

/// Waits until Redis answers a node, and has all it was to get.
pub(crate) async fn answers(cache: &Cache) {
    cache.connect();
    eventually("Redis takes a value", async || {
        cache.set(&PAGE, "is it there", text("yes")).await.l2 == Stored::Stored
    })
    .await;
    assert!(cache.flush(Duration::from_secs(30)).await, "{:?}", cache.remote_health());
}

pub(crate) async fn hears(cache: &Cache) {
    eventually("the bus is connected", async || cache.stats().bus.is_some_and(|bus| bus.connected)).await;
}

/// Waits for what comes without help; fails when it takes unreasonably long.
pub(crate) async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < until, "still not: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn text(value: &'static str) -> Bytes {
    Bytes::from_static(value.as_bytes())
}

pub(crate) async fn load(cache: &Cache, key: &str, value: &'static str) -> Answer {
    load_tagged(cache, key, value, &[]).await
}

pub(crate) async fn load_tagged(cache: &Cache, key: &str, value: &'static str, tags: &[&str]) -> Answer {
    let entry = cache.entry(&PAGE, key).tags(tags.iter().copied()).with_outcome();
    entry.get_or_load(move |_| async move { Ok(text(value)) }).await
}

/// Asks with a loader that fails.
pub(crate) async fn fail(cache: &Cache, key: &str) -> Answer {
    cache.entry(&PAGE, key).with_outcome().get_or_load(|_| async { Err("down") }).await
}

/// A loader that waits to be let go.
pub(crate) struct Held {
    entered: Arc<Semaphore>,
    open: Arc<Semaphore>,
    load: JoinHandle<Answer>,
}

impl Held {
    /// Starts a load, and waits until its loader runs.
    pub(crate) async fn load(
        cache: &Cache,
        key: &'static str,
        value: &'static str,
        tags: &'static [&str],
    ) -> Self {
        let (entered, open) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let load = {
            let (cache, entered, open) = (cache.clone(), Arc::clone(&entered), Arc::clone(&open));
            let loader = move |_| async move {
                entered.add_permits(1);
                open.acquire().await.unwrap().forget();
                Ok(text(value))
            };
            tokio::spawn(async move {
                let entry = cache.entry(&PAGE, key).tags(tags.iter().copied());
                entry.with_outcome().get_or_load(loader).await
            })
        };
        entered.acquire().await.unwrap().forget();
        Self { entered, open, load }
    }

    pub(crate) async fn finish(self) -> Answer {
        self.open.add_permits(1);
        let answer = self.load.await.unwrap();
        drop(self.entered);
        answer
    }
}
