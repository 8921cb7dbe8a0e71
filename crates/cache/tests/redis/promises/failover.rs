//! Another server becomes primary, and what was taken back stays so.

use std::time::Duration;

use stockpile_cache::{Cache, Stored};
use stockpile_redis_local::{Server, wait_for};

use super::{
    kit::{PAGE, eventually, fail, hears, impatient, namespace, onlooker, ready, text},
    site::Own,
};

const BUDGET: Duration = Duration::from_secs(1);

#[tokio::test]
async fn what_was_taken_back_before_sentinels_made_another_primary_stays_so() {
    let Some(mut own) = Own::sentinel() else { return };
    let url = own.site().url;
    switch(&mut own, &url, |own, _| {
        let Own::Sentinel(watched) = own else { unreachable!() };
        passed_on(&watched.servers[0], 2);
        watched.fails_over();
        watched.servers[0].kill();
    })
    .await;
}

#[tokio::test]
async fn what_was_taken_back_before_a_primary_of_a_cluster_died_stays_so() {
    let Some(mut own) = Own::cluster() else { return };
    let url = own.site().url;
    switch(&mut own, &url, |own, counter| {
        let Own::Cluster(cluster) = own else { unreachable!() };
        for primary in &cluster.nodes[..3] {
            passed_on(primary, 1);
        }
        let holds = |server: &Server| server.keys(0).iter().any(|key| key == counter);
        let owner = cluster.nodes[..3].iter().position(holds).unwrap();
        cluster.fails_over();
        cluster.nodes[owner].kill();
    })
    .await;
}

/// The replicas hear nothing of it, and one of them is made primary.
#[tokio::test]
async fn invalidation_that_no_replica_got_holds_on_the_nodes_that_know_it_and_is_told_again() {
    let Some(mut own) = Own::sentinel() else { return };
    let (url, namespace) = (own.site().url, namespace());
    let one = ready(impatient(&url, &namespace, BUDGET)).await;
    let other = ready(impatient(&url, &namespace, BUDGET)).await;
    eventually("it is stored", async || {
        one.entry(&PAGE, "k").tags(["t"]).set(text("old")).await.l2 == Stored::Stored
    })
    .await;
    assert_eq!(other.get(&PAGE, "k").await, Some(text("old")));
    let Own::Sentinel(watched) = &mut own else { unreachable!() };
    passed_on(&watched.servers[0], 2);
    watched.servers[1..].iter().for_each(Server::freeze);
    eventually("the tag is removed", async || one.remove_tag("t").await.complete).await;
    eventually("the other hears of it", async || other.get(&PAGE, "k").await.is_none()).await;
    watched.fails_over();
    watched.servers[0].kill();
    watched.servers[1..].iter().for_each(Server::thaw);
    for node in [&one, &other] {
        taken(node).await;
        assert_eq!(node.get(&PAGE, "k").await, None);
        assert!(fail(node, "k").await.is_err(), "removed, not expired");
    }
    // Their question showed them what the new primary had missed.
    let late = onlooker(&url, &namespace).await;
    eventually("the new primary was told", async || {
        drop(fail(&one, "k").await);
        late.get(&PAGE, "k").await.is_none()
    })
    .await;
    assert!(fail(&late, "k").await.is_err());
}

/// Waits until the replicas have what the primary has. What a primary dies with before that is lost to Redis.
fn passed_on(primary: &Server, replicas: i64) {
    wait_for("the replicas have it", || {
        primary.ask(&["WAIT", &replicas.to_string(), "100"]).number() >= replicas && {
            let reached = primary.info("replication", "master_repl_offset").unwrap();
            (0..replicas).all(|number| {
                let slave = primary.info("replication", &format!("slave{number}")).unwrap_or_default();
                slave.contains(&format!("offset={reached}"))
            })
        }
    });
}

async fn switch(own: &mut Own, url: &str, kill: impl Fn(&mut Own, &str)) {
    let namespace = namespace();
    let one = ready(impatient(url, &namespace, BUDGET)).await;
    let other = ready(impatient(url, &namespace, BUDGET)).await;
    let store = async |key: &str, tags: &[&'static str]| {
        eventually("it is stored", async || {
            let entry = one.entry(&PAGE, key).tags(tags.iter().copied());
            entry.set(text("old")).await.l2 == Stored::Stored
        })
        .await;
    };
    store("removed", &["t"]).await;
    let counter = own.site().counter_of_the_tag(&namespace);
    store("kept", &["u"]).await;
    store("deleted", &[]).await;
    eventually("the tag is removed", async || one.remove_tag("t").await.complete).await;
    eventually("the other reads", async || other.get(&PAGE, "kept").await == Some(text("old"))).await;
    eventually("it is deleted", async || one.delete(&PAGE, "deleted").await.complete).await;
    assert!(one.flush(Duration::from_secs(30)).await);

    kill(own, &counter);
    taken(&one).await;
    taken(&other).await;
    let late = onlooker(url, &namespace).await;
    for node in [&one, &other, &late] {
        for key in ["removed", "deleted"] {
            assert_eq!(node.get(&PAGE, key).await, None, "{key}");
            assert!(fail(node, key).await.is_err(), "{key} stands in for nothing either");
        }
    }
    assert_eq!(late.get(&PAGE, "kept").await, Some(text("old")), "the counters are as they were");
    // And go on from there.
    assert!(one.remove_tag("u").await.complete);
    assert_eq!(late.get(&PAGE, "kept").await, None);
    eventually("the other hears of it", async || other.get(&PAGE, "kept").await.is_none()).await;
    one.entry(&PAGE, "kept").tags(["u"]).set(text("new")).await;
    assert_eq!(late.get(&PAGE, "kept").await, Some(text("new")));
    assert!(one.clear().await.complete);
    assert_eq!(late.get(&PAGE, "kept").await, None);
    eventually("the other hears of it", async || other.get(&PAGE, "kept").await.is_none()).await;
}

/// Waits until the new primary takes what a node writes, and has all it was to get.
async fn taken(node: &Cache) {
    for number in 0..20 {
        // Keys of every primary.
        let key = number.to_string();
        eventually("the new primary takes values", async || {
            node.set(&PAGE, &key, text("v")).await.l2 == Stored::Stored
        })
        .await;
    }
    assert!(node.flush(Duration::from_secs(30)).await, "{:?}", node.remote_health());
    hears(node).await;
}
