//! The primary changes.

use std::time::Duration;

use bytes::Bytes;
use stockpile_cache::{Backend, redis::RedisBackend};

use crate::{
    groups::{Cluster, Watched},
    key, set, works_again,
};

#[tokio::test]
async fn primary_that_sentinels_replace_is_left_for_the_new_one() {
    let Some(mut watched) = Watched::start() else { return };
    let backend = RedisBackend::new(&watched.url(1)).unwrap();
    works_again(&backend).await;
    watched.fails_over();
    watched.servers[0].kill();
    works_again(&backend).await;
    let new: i64 = watched.servers[1..].iter().map(|server| server.keys_in(1)).sum();
    assert!(new > 0);
    assert_eq!(backend.get(&key("again")).await.unwrap(), Some(Bytes::from_static(b"v")));
}

#[tokio::test]
async fn primary_that_became_a_replica_is_left_at_its_first_refusal() {
    let Some(watched) = Watched::start() else { return };
    let backend = RedisBackend::new(&watched.url(0)).unwrap();
    works_again(&backend).await;
    // The switch is ordered, so the old primary lives on.
    let switch = ["SENTINEL", "FAILOVER", "main"];
    stockpile_redis_local::wait_for("the sentinels agree", || {
        watched.ask(&switch) == stockpile_redis_local::Reply::Text("OK".into())
    });
    let old = &watched.servers[0];
    stockpile_redis_local::wait_for("the old primary follows", || {
        old.info("replication", "role").as_deref() == Some("slave")
    });
    // Only the new primary takes them.
    for _ in 0..20 {
        works_again(&backend).await;
    }
}

#[tokio::test]
async fn cluster_goes_on_with_the_replica_of_a_killed_primary() {
    let Some(mut cluster) = Cluster::start() else { return };
    let backend = RedisBackend::builder(cluster.url()).timeout(Duration::from_millis(500)).build().unwrap();
    for number in 0..50 {
        works_again(&backend).await;
        set(&backend, &number.to_string(), "v").await.unwrap();
    }
    cluster.fails_over();
    cluster.nodes[1].kill();
    // Every slot is served again, whoever owned it.
    let start = std::time::Instant::now();
    let mut number = 0;
    while number < 50 {
        assert!(start.elapsed() < Duration::from_secs(30), "slot of {number}: {:?}", backend.last_error());
        match set(&backend, &number.to_string(), "w").await {
            Ok(()) => number += 1,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    let names: Vec<_> = (0..50).map(|number: u32| key(&number.to_string())).collect();
    let values = backend.get_many(&names).await.unwrap();
    assert!(values.iter().all(|value| value.as_deref() == Some(b"w")), "{values:?}");
}
