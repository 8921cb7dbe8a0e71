//! A server that is down, killed, frozen, slow or cut off costs a call its timeout at most, and is used again when it
//! is back. Bounds are generous: how fast it is stands in the bench.

use std::time::{Duration, Instant};

use bytes::Bytes;
use stockpile_cache::{Backend, Error, Health, Lifetime, redis::RedisBackend};

use stockpile_redis_local::{Proxy, Server};

use crate::{key, set, works_again, works_again_by};

const TIMEOUT: Duration = Duration::from_millis(100);
/// What a busy machine may add to a timeout.
const SLACK: Duration = Duration::from_secs(3);

fn backend(url: &str) -> RedisBackend {
    RedisBackend::builder(url).timeout(TIMEOUT).build().unwrap()
}

/// Asks once; fails when the answer takes longer than a call may.
async fn get(backend: &RedisBackend) -> stockpile_cache::Result<Option<Bytes>> {
    let start = Instant::now();
    let answer = backend.get(&key("a")).await;
    assert!(start.elapsed() < TIMEOUT + SLACK, "took {:?}: {answer:?}", start.elapsed());
    answer
}

/// Stores what is asked for, once there is a connection.
async fn store(backend: &RedisBackend) {
    works_again_by(backend, async || set(backend, "a", "v").await).await;
}

/// What a server that answers says; the machine may be late once.
async fn answer(backend: &RedisBackend) -> Option<Bytes> {
    for _ in 0..50 {
        if let Ok(answer) = get(backend).await {
            return answer;
        }
    }
    panic!("{:?}", backend.last_error())
}

/// Asks until the backend knows that nobody answers.
async fn until_down(backend: &RedisBackend) {
    let start = Instant::now();
    while backend.health() != Health::Down {
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", backend.health());
        let _ = get(backend).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Asks for a while, as traffic does.
async fn traffic(backend: &RedisBackend, time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        let _ = get(backend).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn server_down_at_construction_is_used_once_it_is_up() {
    let Some(mut server) = Server::stopped() else { return };
    let backend = backend(&server.url(""));
    for _ in 0..3 {
        assert!(matches!(get(&backend).await, Err(Error::Unreachable { .. })));
    }
    tokio::time::sleep(Duration::from_millis(1000)).await;
    assert_eq!(backend.health(), Health::Down);
    assert!(backend.last_error().is_some_and(|why| why.contains("refused")), "{:?}", backend.last_error());
    server.restart();
    works_again(&backend).await;
    assert_eq!((backend.health(), backend.last_error()), (Health::Up, None));
}

#[tokio::test]
async fn killed_server_fails_calls_at_once_and_is_used_again_after_its_restart() {
    let Some(mut server) = Server::start("") else { return };
    let backend = backend(&server.url(""));
    store(&backend).await;
    server.kill();
    until_down(&backend).await;
    // A call without a connection does not wait for one: it would be told that its time is over.
    let start = Instant::now();
    for _ in 0..100 {
        assert!(matches!(backend.get(&key("a")).await, Err(Error::Unreachable { .. })));
    }
    assert!(start.elapsed() < TIMEOUT * 100, "{:?}", start.elapsed());
    server.restart();
    works_again(&backend).await;
    assert_eq!(answer(&backend).await, None, "the server was new");
}

#[tokio::test]
async fn frozen_server_costs_the_timeout_and_is_used_again_once_it_thaws() {
    let Some(server) = Server::start("") else { return };
    let backend = backend(&server.url(""));
    store(&backend).await;
    server.freeze();
    assert!(matches!(get(&backend).await, Err(Error::TimedOut { after: TIMEOUT, .. })));
    assert_eq!(backend.health(), Health::Degraded);
    let lifetime = Lifetime::new(Duration::from_secs(1)).unwrap();
    let start = Instant::now();
    // Scripts, lists and batches are bounded as well.
    assert!(backend.seed_generation(&key("c")).await.is_err());
    assert!(backend.try_lease(&key("l"), lifetime).await.is_err());
    assert!(backend.get_many(&[key("a"), key("b")]).await.is_err());
    assert!(backend.delete_many(&[key("a"), key("b")]).await.is_err());
    assert!(start.elapsed() < (TIMEOUT + SLACK) * 4, "{:?}", start.elapsed());
    server.thaw();
    works_again(&backend).await;
}

#[tokio::test]
async fn server_frozen_under_traffic_is_given_up_so_that_calls_fail_at_once() {
    let Some(server) = Server::start("") else { return };
    let backend = backend(&server.url(""));
    store(&backend).await;
    server.freeze();
    until_down(&backend).await;
    // Not that its time is over.
    let given_up = get(&backend).await;
    assert!(matches!(given_up, Err(Error::Unreachable { .. })), "{given_up:?}");
    assert_eq!(backend.health(), Health::Down);
    server.thaw();
    works_again(&backend).await;
}

#[tokio::test]
async fn writes_that_fill_the_line_to_a_frozen_server_do_not_block_it_for_good() {
    let Some(server) = Server::start("") else { return };
    let backend = backend(&server.url(""));
    store(&backend).await;
    server.freeze();
    let (large, lifetime) = (Bytes::from(vec![7; 1 << 20]), Lifetime::new(Duration::from_secs(60)).unwrap());
    let large: Vec<_> = (0..32).map(|number| (key(&number.to_string()), large.clone(), lifetime)).collect();
    assert!(backend.set_many(&large).await.is_err());
    traffic(&backend, Duration::from_millis(2600)).await;
    server.thaw();
    works_again(&backend).await;
}

#[tokio::test]
async fn line_that_died_silently_is_left_under_traffic() {
    let Some(server) = Server::start("") else { return };
    let proxy = Proxy::to(server.port).await;
    let backend = backend(&proxy.url());
    store(&backend).await;
    proxy.silence_open_ones();
    traffic(&backend, Duration::from_millis(2600)).await;
    works_again(&backend).await;
    assert_eq!(answer(&backend).await.as_deref(), Some(&b"v"[..]));
}

#[tokio::test]
async fn slow_line_costs_the_timeout() {
    let Some(server) = Server::start("") else { return };
    let proxy = Proxy::to(server.port).await;
    let backend = backend(&proxy.url());
    store(&backend).await;
    proxy.delay(TIMEOUT * 3);
    assert!(matches!(get(&backend).await, Err(Error::TimedOut { .. })));
    proxy.delay(Duration::ZERO);
    works_again(&backend).await;
    assert_eq!(answer(&backend).await.as_deref(), Some(&b"v"[..]));
}

#[tokio::test]
async fn caller_who_leaves_early_is_noticed_as_silence() {
    let Some(server) = Server::start("") else { return };
    let backend = backend(&server.url(""));
    store(&backend).await;
    server.freeze();
    let name = key("a");
    assert!(tokio::time::timeout(TIMEOUT / 2, backend.get(&name)).await.is_err());
    assert_eq!(backend.health(), Health::Degraded);
    server.thaw();
    works_again(&backend).await;
    assert_eq!(backend.health(), Health::Up);
}
