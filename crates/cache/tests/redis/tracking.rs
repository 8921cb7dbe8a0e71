//! Nodes whose server tells which keys change, whoever changes them.

use std::{sync::Arc, time::Duration};

use stockpile_cache::{
    Cache, CacheBuilder, Event,
    redis::{RedisBackend, RedisBus},
    testkit::Recorder,
};

use stockpile_redis_local::{Proxy, Server};

use crate::promises::{
    everywhere,
    kit::{PAGE, answers, eventually, load, namespace, node, ready, text},
    on_its_own,
    site::{Own, Site},
};

everywhere!(
    change_by_another_program_takes_the_copies_of_all_nodes,
    value_of_another_node_takes_the_older_copy,
    word_of_a_nodes_own_writes_undoes_none_of_them,
);

on_its_own!(emptied_server_takes_all_copies_at_once, tracking_goes_on_after_the_connection_was_lost,);

fn tracking(url: &str, namespace: &str) -> CacheBuilder {
    let backend = RedisBackend::new(url).unwrap();
    node(url, namespace).bus(Arc::new(RedisBus::over(backend).with_tracking(format!("{namespace}:"))))
}

/// Fills a node's copy from Redis, as its own writes are told to it as well.
async fn holds(node: &Cache, key: &str, value: &'static str) {
    eventually("the node holds a copy", async || {
        node.get(&PAGE, key).await;
        node.try_get_local(&PAGE, key) == Some(text(value))
    })
    .await;
}

async fn lost(node: &Cache, key: &str) {
    eventually("the copy is gone", async || node.try_get_local(&PAGE, key).is_none()).await;
}

async fn change_by_another_program_takes_the_copies_of_all_nodes(site: Site<'_>) {
    let namespace = namespace();
    let one = ready(tracking(&site.url, &namespace)).await;
    let other = ready(tracking(&site.url, &namespace)).await;
    for key in ["a", "b", "c"] {
        one.set(&PAGE, key, text("v")).await;
        holds(&one, key, "v").await;
        holds(&other, key, "v").await;
    }
    site.ask(&["DEL", &format!("{namespace}:page:a")]);
    site.ask(&["SET", &format!("{namespace}:page:b"), "no entry of ours"]);
    site.ask(&["PEXPIRE", &format!("{namespace}:page:c"), "1"]);
    for node in [&one, &other] {
        for key in ["a", "b", "c"] {
            lost(node, key).await;
            // The key that is about to end can be read until it does.
            eventually("the key is gone", async || node.get(&PAGE, key).await.is_none()).await;
        }
    }
    // What others write elsewhere takes nothing.
    one.set(&PAGE, "kept", text("v")).await;
    holds(&other, "kept", "v").await;
    site.ask(&["SET", &format!("{namespace}-other:page:kept"), "v"]);
    site.ask(&["DEL", &format!("{namespace}:page:a")]);
    assert_eq!(other.try_get_local(&PAGE, "kept"), Some(text("v")));
}

async fn value_of_another_node_takes_the_older_copy(site: Site<'_>) {
    let namespace = namespace();
    let one = ready(tracking(&site.url, &namespace)).await;
    let other = ready(tracking(&site.url, &namespace)).await;
    one.set(&PAGE, "k", text("old")).await;
    holds(&other, "k", "old").await;
    one.set(&PAGE, "k", text("new")).await;
    eventually("the other reads the new value", async || other.get(&PAGE, "k").await == Some(text("new")))
        .await;
}

async fn emptied_server_takes_all_copies_at_once(own: Own) {
    let (site, namespace) = (own.site(), namespace());
    let one = ready(tracking(&site.url, &namespace)).await;
    for key in ["a", "b", "c", "d"] {
        one.entry(&PAGE, key).tags(["t"]).set(text("old")).await;
        holds(&one, key, "old").await;
    }
    own.empty();
    for key in ["a", "b", "c", "d"] {
        lost(&one, key).await;
        assert_eq!(one.get(&PAGE, key).await, None);
    }
    assert_eq!(load(&one, "a", "new").await.unwrap().0, text("new"));
    assert!(one.remove_tag("t").await.complete, "tags go on");
}

async fn tracking_goes_on_after_the_connection_was_lost(own: Own) {
    let (site, namespace) = (own.site(), namespace());
    let (builder, mut events) = Recorder::of(tracking(&site.url, &namespace));
    let one = ready(builder).await;
    one.set(&PAGE, "a", text("v")).await;
    holds(&one, "a", "v").await;
    events.take();
    for server in site.primaries {
        server.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        server.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    }
    events.wait_for(|event| *event == Event::BusDisconnected).await;
    events.wait_for(|event| *event == Event::BusConnected).await;
    answers(&one).await;
    holds(&one, "a", "v").await;
    site.ask(&["DEL", &format!("{namespace}:page:a")]);
    lost(&one, "a").await;
    one.set(&PAGE, "b", text("v")).await;
    holds(&one, "b", "v").await;
    own.empty();
    lost(&one, "b").await;
}

async fn word_of_a_nodes_own_writes_undoes_none_of_them(site: Site<'_>) {
    let namespace = namespace();
    let one = ready(tracking(&site.url, &namespace)).await;
    for round in 0..20 {
        // Of one slot, so that one server tells of them, in their order.
        let [set, loaded, mark] = ["set", "loaded", "mark"].map(|name| format!("{{{round}}}{name}"));
        one.set(&PAGE, &mark, text("v")).await;
        one.set(&PAGE, &set, text("v")).await;
        load(&one, &loaded, "v").await.unwrap();
        eventually("the load is written", async || site.has(&format!("{namespace}:page:{loaded}"))).await;
        assert!(one.flush(Duration::from_secs(30)).await);
        site.ask(&["DEL", &format!("{namespace}:page:{mark}")]);
        lost(&one, &mark).await;
        // The server's word on its own writes came before that. It may have cost the copy, and neither entry.
        for key in [&set, &loaded] {
            assert!(site.has(&format!("{namespace}:page:{key}")), "{key}");
            assert_eq!(one.get(&PAGE, key).await, Some(text("v")), "{key}");
        }
    }
}

#[tokio::test]
async fn word_that_comes_before_the_answer_to_a_loads_write_undoes_nothing() {
    let Some(server) = Server::start("") else { return };
    // Answers take longer than words.
    let proxy = Proxy::to(server.port).await;
    let namespace = namespace();
    let bus = RedisBus::new(&server.url("")).unwrap().with_tracking(format!("{namespace}:"));
    let one = ready(node(&proxy.url(), &namespace).bus(Arc::new(bus))).await;
    proxy.delay(Duration::from_millis(30));
    load(&one, "k", "v").await.unwrap();
    let key = format!("{namespace}:page:k");
    let exists = || server.ask(&["EXISTS", &key]).number() == 1;
    eventually("the load is written", async || exists()).await;
    assert!(one.flush(Duration::from_secs(30)).await);
    assert!(exists());
    assert_eq!(one.get(&PAGE, "k").await, Some(text("v")));
}
