//! Where keys land, what is shown, and who ends what.

use std::time::Duration;

use stockpile_cache::{Backend, Cache, Error, Health, Kind, redis::RedisBackend};

use stockpile_redis_local::{Reply, Server, wait_for};

use crate::{backend, connected, key, set, works_again};

const PAGE: Kind<String> = Kind::new("page").ttl(Duration::from_secs(60));

#[tokio::test]
async fn keys_land_in_the_database_that_was_named_also_after_a_reconnect() {
    let Some(mut server) = Server::start("") else { return };
    let backend = connected(RedisBackend::builder(server.url("/1"))).await;
    set(&backend, "a", "v").await.unwrap();
    assert_eq!((server.keys_in(0), server.keys_in(1)), (0, 1));
    server.restart();
    works_again(&backend).await;
    assert_eq!((server.keys_in(0), server.keys_in(1)), (0, 1));
}

#[tokio::test]
async fn address_makes_a_cache_with_its_namespace() {
    let Some(server) = Server::start("") else { return };
    let cache = |url: &str| {
        Cache::builder().url(&server.url(url)).unwrap().budget(Duration::from_secs(2)).build().unwrap()
    };
    cache("/3?namespace=stock:").set(&PAGE, "a", "v".to_owned()).await;
    assert_eq!(server.ask(&["DBSIZE"]).number(), 0);
    let mut wire = server.wire();
    wire.ask(&["SELECT", "3"]).unwrap();
    assert_eq!(wire.ask(&["EXISTS", "stock:page:a"]).unwrap().number(), 1);
    assert!(wire.ask(&["PTTL", "stock:page:a"]).unwrap().number() > 0);
    let other = cache("/3?namespace=stock:");
    assert_eq!(other.get(&PAGE, "a").await.as_deref().map(String::as_str), Some("v"));
    assert_eq!(cache("/3").get(&PAGE, "a").await, None);
}

#[tokio::test]
async fn caches_of_one_address_hear_of_each_others_changes() {
    let Some(server) = Server::start("") else { return };
    let cache = || {
        let builder = Cache::builder().url(&server.url("/1?namespace=stock:")).unwrap();
        builder.budget(Duration::from_secs(5)).build().unwrap()
    };
    let (one, other) = (cache(), cache());
    one.set(&PAGE, "a", "old".to_owned()).await;
    // The bus takes its own time to connect; a change it has not told of shows when the entry's age ends.
    let both = Reply::List(vec![Reply::Text("stock:bus:v1:db1".to_owned()), Reply::Number(2)]);
    while other.get(&PAGE, "a").await.is_none()
        || server.ask(&["PUBSUB", "NUMSUB", "stock:bus:v1:db1"]) != both
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    one.set(&PAGE, "a", "new".to_owned()).await;
    let start = std::time::Instant::now();
    while other.get(&PAGE, "a").await.as_deref().map(String::as_str) != Some("new") {
        assert!(start.elapsed() < Duration::from_secs(4), "no message came");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn building_needs_no_runtime_and_no_server() {
    let backend = RedisBackend::new("redis://192.0.2.1:1/1").unwrap();
    assert_eq!(backend.health(), Health::Up, "nobody has asked yet");
    assert!(Cache::from_url("valkey://192.0.2.1:1").is_ok());
    assert!(matches!(
        RedisBackend::new("redis://h?clients=0"),
        Err(Error::Setting { setting: "clients", .. })
    ));
    let zero = RedisBackend::builder("redis://h").timeout(Duration::ZERO).build();
    assert!(matches!(zero, Err(Error::Setting { setting: "timeout", .. })));
}

#[cfg(not(feature = "redis-tls"))]
#[test]
fn encrypted_address_names_the_feature_it_needs() {
    let error = RedisBackend::new("rediss://host").unwrap_err().to_string();
    assert!(error.contains("`redis-tls`"), "{error}");
}

#[tokio::test]
async fn password_is_shown_nowhere() {
    let Some(server) = Server::start("requirepass right") else { return };
    let url = format!("redis://:hunter2@127.0.0.1:{}", server.port);
    let builder = RedisBackend::builder(&*url);
    assert!(!format!("{builder:?}").contains("hunter2"));
    let backend = builder.build().unwrap();
    let error = set(&backend, "a", "v").await.unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string);
    let shown = format!("{backend:?} {error} {error:?} {source:?} {:?}", backend.last_error());
    assert!(!shown.contains("hunter2"), "{shown}");
    let cache = Cache::from_url(&url).unwrap();
    assert!(!format!("{cache:?}").contains("hunter2"));
}

#[test]
fn backend_outlives_the_runtime_that_connected_it() {
    let Some(server) = Server::start("") else { return };
    let backend = RedisBackend::new(&server.url("")).unwrap();
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            works_again(&backend).await;
            assert!(backend.get(&key("again")).await.unwrap().is_some());
        });
    }
}

#[tokio::test]
async fn connections_are_closed_with_the_last_clone() {
    let Some(server) = Server::start("") else { return };
    let backend = connected(RedisBackend::builder(server.url("")).clients(2)).await;
    let clone = backend.clone();
    backend.ping().await.unwrap();
    drop(backend);
    clone.ping().await.unwrap();
    let connections = || server.info("clients", "connected_clients").unwrap();
    // The one that asks counts too.
    wait_for("both are connected and nobody else", || connections() == "3");
    drop(clone);
    tokio::task::yield_now().await;
    wait_for("the connections are closed", || connections() == "1");
}

#[tokio::test]
async fn calls_of_many_tasks_share_one_connection() {
    let Some(server) = Server::start("") else { return };
    let backend = backend(&server).await;
    let calls: Vec<_> = (0..2000)
        .map(|number| {
            let backend = backend.clone();
            tokio::spawn(async move { set(&backend, &number.to_string(), "v").await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(server.keys_in(0), 2000);
    // The server takes a moment to let go of the connection that counted the keys.
    wait_for("one connection beside that of the question", || {
        server.info("clients", "connected_clients").as_deref() == Some("2")
    });
}
