//! What a strict call says of a server that is gone, frozen, full, read-only, or holds something else.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use stockpile_cache::{Cache, Error, Kind, NotAsked, Refusal, redis::RedisBackend};

use stockpile_redis_local::{Port, Server, wait_for};

use crate::works_again_by;

const PAGE: Kind<Bytes> = Kind::new("page").ttl(Duration::from_secs(60));

/// Without a tier in process, so that each read asks the server.
async fn cache(server: &Server) -> Cache {
    let backend = RedisBackend::builder(server.url("")).timeout(Duration::from_millis(500)).build().unwrap();
    works_again_by(&backend, async || stockpile_cache::Backend::ping(&backend).await).await;
    let builder = Cache::builder().l1_max_bytes(0).budget(Duration::from_secs(5)).breaker(1_000);
    builder.backend(Arc::new(backend)).build().unwrap()
}

fn body() -> Bytes {
    Bytes::from_static(b"v")
}

async fn works(cache: &Cache) {
    let until = std::time::Instant::now() + Duration::from_secs(30);
    while let Err(error) = cache.strict().set(&PAGE, "again", body()).await {
        assert!(std::time::Instant::now() < until, "still failing: {error:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn strict_calls_say_that_a_killed_server_is_unreachable_until_it_is_back() {
    let Some(mut server) = Server::start("") else { return };
    let cache = cache(&server).await;
    cache.strict().set(&PAGE, "k", body()).await.unwrap();
    assert_eq!(cache.strict().get(&PAGE, "k").await.unwrap(), Some(body()));
    server.kill();
    let strict = cache.strict();
    let errors = [
        strict.ping().await.err(),
        strict.get(&PAGE, "k").await.err(),
        strict.delete(&PAGE, "l").await.err(),
        strict.expire_tag("t").await.err(),
        strict.delete_pattern("page:x*").await.err(),
        strict.clear().await.err(),
    ];
    for error in errors {
        // The first may have been on its way when the server went.
        let gone = matches!(
            error,
            Some(Error::Unreachable { .. } | Error::TimedOut { .. })
                | Some(Error::NotAsked { why: NotAsked::BreakerOpen, .. })
        );
        assert!(gone, "{error:?}");
    }
    server.restart();
    works(&cache).await;
}

#[tokio::test]
async fn strict_calls_say_that_a_frozen_server_is_late() {
    let Some(server) = Server::start("") else { return };
    let cache = cache(&server).await;
    works(&cache).await;
    server.freeze();
    let read = cache.strict().get(&PAGE, "k").await;
    let write = cache.strict().set(&PAGE, "k", body()).await;
    server.thaw();
    assert!(matches!(read, Err(Error::TimedOut { .. })), "{read:?}");
    assert!(matches!(write, Err(Error::TimedOut { .. })), "{write:?}");
    assert!(cache.flush(Duration::from_secs(30)).await, "what was late is sent again");
    assert_eq!(cache.strict().get(&PAGE, "k").await.unwrap(), Some(body()));
}

#[tokio::test]
async fn strict_writes_say_that_a_full_server_is_full() {
    let Some(server) = Server::start("maxmemory-policy noeviction") else { return };
    let cache = cache(&server).await;
    works(&cache).await;
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    let strict = cache.strict();
    for error in [
        strict.set(&PAGE, "k", body()).await.unwrap_err(),
        strict.expire_tag("t").await.unwrap_err(),
        // Its tag has no counter yet, which a full server does not make.
        strict.entry(&PAGE, "k").tags(["u"]).set(body()).await.unwrap_err(),
    ] {
        assert_eq!(error.refusal(), Some(Refusal::Full), "{error:?}");
    }
    assert_eq!(strict.get(&PAGE, "other").await.unwrap(), None, "reading works");
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    assert!(cache.flush(Duration::from_secs(30)).await);
    works(&cache).await;
}

#[tokio::test]
async fn strict_writes_say_that_a_replica_is_read_only() {
    let Some(primary) = Server::start("") else { return };
    let replica = Server::start_on(Port::free(), &format!("replicaof 127.0.0.1 {}", primary.port), false);
    wait_for("the replica follows", || {
        replica.info("replication", "master_link_status").as_deref() == Some("up")
    });
    let cache = cache(&replica).await;
    let strict = cache.strict();
    for error in [
        strict.set(&PAGE, "k", body()).await.unwrap_err(),
        strict.delete(&PAGE, "l").await.unwrap_err(),
        strict.clear().await.unwrap_err(),
    ] {
        assert_eq!(error.refusal(), Some(Refusal::ReadOnly), "{error:?}");
    }
    strict.ping().await.unwrap();
}

#[tokio::test]
async fn strict_reads_say_that_a_key_holds_another_type_and_writes_replace_it() {
    let Some(server) = Server::start("") else { return };
    let cache = cache(&server).await;
    server.ask(&["RPUSH", "cache:page:k", "1"]);
    let read = cache.strict().get(&PAGE, "k").await.unwrap_err();
    assert_eq!(read.refusal(), Some(Refusal::WrongType), "{read:?}");
    assert_eq!(cache.get(&PAGE, "k").await, None, "a miss to a plain call");
    assert_eq!(cache.stats().kind("page").rejected, 2);
    assert_eq!(cache.stats().kind("page").backend_errors, 0);
    let loaded = cache.entry(&PAGE, "k").get_or_load(|_| async { Ok::<_, ()>(body()) }).await;
    assert_eq!(loaded.unwrap(), body());
    assert!(cache.flush(Duration::from_secs(30)).await);
    assert_eq!(cache.strict().get(&PAGE, "k").await.unwrap(), Some(body()));
}

#[tokio::test]
async fn strict_calls_say_that_a_login_is_missing_or_lacks_a_right() {
    let Some(server) = Server::start("requirepass first") else { return };
    let open = Cache::builder().url(&server.url("")).unwrap().build().unwrap();
    let until = std::time::Instant::now() + Duration::from_secs(30);
    loop {
        let error = open.strict().ping().await.unwrap_err();
        if error.refusal() == Some(Refusal::NotAuthenticated) {
            break;
        }
        // Until the first attempt to connect has ended, that is not known.
        assert!(std::time::Instant::now() < until, "{error:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let Some(guarded) =
        Server::start("user ann on >secret ~cache:* -@all +@connection +info +get +mget\nuser default off")
    else {
        return;
    };
    let url = guarded.url("").replace("//", "//ann:secret@");
    let reader = Cache::builder().l1_max_bytes(0).budget(Duration::from_secs(5)).url(&url).unwrap();
    let reader = reader.build().unwrap();
    assert_eq!(reader.strict().get(&PAGE, "k").await.unwrap(), None);
    let error = reader.strict().delete(&PAGE, "k").await.unwrap_err();
    assert_eq!(error.refusal(), Some(Refusal::NotAllowed), "{error:?}");
}
