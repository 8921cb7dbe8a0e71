//! Redis as a backend and as a bus, on real servers: started here, killed, frozen and restarted.
#![allow(clippy::unwrap_used, reason = "test")]

mod bus;
mod connection;
mod counters;
mod failover;
mod groups;
mod interop;
mod outage;
mod promises;
mod refusals;
mod strict;
mod sweep;
#[cfg(feature = "redis-tls")]
mod tls;
mod tracking;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use stockpile_cache::{
    Backend, Lifetime, Namespace, RawKey, conformance_suite,
    redis::{RedisBackend, RedisBuilder},
    testkit::Subject,
};

use stockpile_redis_local::Server;

use self::groups::{Cluster, Watched};

/// A user who may do what this backend does, and nothing else.
const LEAST_RIGHTS: &str = "user ann on >secret ~* &* -@all +@connection +info +get +mget +set +unlink +scan +pttl \
                            +memory|usage +eval +time +publish +subscribe +role";

conformance_suite!(single, async { Some(subject(&single_url()?).await) });

conformance_suite!(user_with_least_rights_in_database_1, async {
    Some(subject(&guarded()?.url("/1").replace("//", "//ann:secret@")).await)
});

conformance_suite!(cluster, async { Some(subject(&shared_cluster()?.url()).await) });

conformance_suite!(sentinel, async { Some(subject(&shared_sentinels()?.url(2)).await) });

conformance_suite!(several_clients, async { Some(subject(&format!("{}?clients=3", single_url()?)).await) });

// One of each for all promises of a suite: the suite repeats its expression for every one of them.

fn guarded() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(&format!("{LEAST_RIGHTS}\nuser default off"))).as_ref()
}

fn shared_cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start).as_ref()
}

fn shared_sentinels() -> Option<&'static Watched> {
    static WATCHED: OnceLock<Option<Watched>> = OnceLock::new();
    WATCHED.get_or_init(Watched::start).as_ref()
}

/// The server named by `TEST_REDIS_URL`, or one that is shared by the tests that only read and write.
fn single_url() -> Option<String> {
    std::env::var("TEST_REDIS_URL").ok().or_else(|| shared_single().map(|server| server.url("")))
}

fn shared_single() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(|| Server::start("")).as_ref()
}

/// Every subject has a namespace of its own, so that they may share a server.
async fn subject(url: &str) -> Subject {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let backend = connected(RedisBackend::builder(url)).await;
    Subject::new(Arc::new(backend)).in_namespace(Namespace::new(&name).unwrap())
}

/// A backend that is connected, and has time: tests of other promises run beside it on a small machine.
async fn connected(builder: RedisBuilder) -> RedisBackend {
    let backend = builder.timeout(Duration::from_secs(10)).build().unwrap();
    works_again_by(&backend, async || backend.ping().await).await;
    backend
}

async fn backend(server: &Server) -> RedisBackend {
    connected(RedisBackend::builder(server.url(""))).await
}

fn key(name: &str) -> RawKey {
    RawKey::new(&Namespace::default(), "test", name)
}

async fn set(backend: &RedisBackend, name: &str, value: &'static str) -> stockpile_cache::Result<()> {
    let lifetime = Lifetime::new(Duration::from_secs(60)).unwrap();
    backend.set(&key(name), Bytes::from_static(value.as_bytes()), lifetime).await
}

/// Writes until it works, as the callers of a cache do; fails when it takes unreasonably long.
async fn works_again(backend: &RedisBackend) {
    works_again_by(backend, async || set(backend, "again", "v").await).await;
}

async fn works_again_by(backend: &RedisBackend, attempt: impl AsyncFn() -> stockpile_cache::Result<()>) {
    let start = Instant::now();
    while let Err(error) = attempt().await {
        let why = backend.last_error();
        assert!(start.elapsed() < Duration::from_secs(30), "still failing: {error:?} {backend:?} {why:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
