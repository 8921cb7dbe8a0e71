//! Clients that the caller made.

use std::time::{Duration, Instant};

use bytes::Bytes;
use stockpile_cache::{
    Backend, Error,
    redis::{
        RedisBus,
        fred::{backend, backend_of_pool, fred},
    },
};

use stockpile_redis_local::Server;

use crate::{key, set};

use fred::prelude::{Builder, ClientLike, Config, ReconnectPolicy};

fn builder(server: &Server) -> Builder {
    let mut builder = Builder::from_config(Config::from_url(&server.url("/1")).unwrap());
    builder.set_policy(ReconnectPolicy::new_constant(0, 50));
    builder
}

#[tokio::test]
async fn client_of_the_caller_is_used_as_it_is_connected() {
    let Some(server) = Server::start("") else { return };
    let client = builder(&server).build().unwrap();
    client.init().await.unwrap();
    let backend = backend(&client);
    set(&backend, "a", "v").await.unwrap();
    assert_eq!(backend.get(&key("a")).await.unwrap(), Some(Bytes::from_static(b"v")));
    assert_eq!((server.keys_in(1), server.info("clients", "connected_clients").as_deref()), (1, Some("2")));
    drop(backend);
    // It is still the caller's.
    client.ping::<()>(None).await.unwrap();
    client.quit().await.unwrap();
}

#[tokio::test]
async fn pool_of_the_caller_is_used_by_turns() {
    let Some(server) = Server::start("") else { return };
    let pool = builder(&server).build_pool(2).unwrap();
    pool.init().await.unwrap();
    let backend = backend_of_pool(&pool).unwrap();
    for number in 0..10 {
        set(&backend, &number.to_string(), "v").await.unwrap();
    }
    assert_eq!(server.keys_in(1), 10);
    pool.quit().await.unwrap();
}

#[tokio::test]
async fn client_that_nobody_connected_fails_at_once() {
    let Some(server) = Server::start("") else { return };
    let client = builder(&server).build().unwrap();
    let start = Instant::now();
    assert!(matches!(set(&backend(&client), "a", "v").await, Err(Error::Unreachable { .. })));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test]
async fn bus_over_a_client_of_the_caller_has_its_own_listener() {
    use stockpile_cache::{Bus, BusEvent};
    let Some(server) = Server::start("") else { return };
    let client = builder(&server).build().unwrap();
    client.init().await.unwrap();
    let bus = RedisBus::over(backend(&client));
    let mut events = bus.subscribe("news");
    assert_eq!(events.recv().await, Some(BusEvent::Connected));
    bus.publish("news", Bytes::from_static(b"m")).await.unwrap();
    assert_eq!(events.recv().await, Some(BusEvent::Message(Bytes::from_static(b"m"))));
    client.quit().await.unwrap();
}
