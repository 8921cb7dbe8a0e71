//! What one node stores, another reads.

use std::time::Duration;

use bytes::Bytes;
use stockpile_cache::{Answer, Kind, Tier, Why, testkit::ManualClock};

use super::{
    everywhere,
    kit::{PAGE, STALE, TTL, eventually, fail, load, namespace, node, onlooker, ready, text},
    site::Site,
};

everywhere!(
    value_of_one_node_is_a_hit_in_redis_on_another,
    values_of_many_keys_are_read_at_once,
    entry_has_two_ends_and_goes_from_redis_at_the_second,
    stale_value_of_redis_stands_in_for_a_failed_load_on_a_node_that_never_had_it,
    change_on_one_node_is_seen_by_another_that_holds_a_copy,
);

async fn value_of_one_node_is_a_hit_in_redis_on_another(site: Site<'_>) {
    let namespace = namespace();
    let one = ready(node(&site.url, &namespace)).await;
    let other = ready(node(&site.url, &namespace)).await;
    for value in
        [Bytes::new(), text("null"), Bytes::from_static(b"\x00\xff\r\n"), Bytes::from(vec![7; 1 << 20])]
    {
        one.set(&PAGE, "k", value.clone()).await;
        let late = onlooker(&site.url, &namespace).await;
        let (read, outcome) = late.entry(&PAGE, "k").with_outcome().get().await.unwrap();
        assert_eq!((read, outcome.answer), (value, Answer::Fresh { tier: Tier::L2 }));
    }
    let loaded = load(&one, "loaded", "v").await.unwrap();
    assert!(matches!(loaded.1.answer, Answer::Loaded { .. }), "{loaded:?}");
    eventually("the load is written", async || site.has(&format!("{namespace}:page:loaded"))).await;
    let (_, outcome) = load(&other, "loaded", "not this").await.unwrap();
    assert_eq!(outcome.answer, Answer::Fresh { tier: Tier::L2 });
    let (_, outcome) = load(&other, "loaded", "nor this").await.unwrap();
    assert_eq!(outcome.answer, Answer::Fresh { tier: Tier::L1 });
}

async fn values_of_many_keys_are_read_at_once(site: Site<'_>) {
    let namespace = namespace();
    let one = ready(node(&site.url, &namespace)).await;
    let keys: Vec<String> = (0..50).map(|number: u32| number.to_string()).collect();
    for key in keys.iter().skip(1) {
        one.set(&PAGE, key, Bytes::from(key.clone())).await;
    }
    let late = onlooker(&site.url, &namespace).await;
    let read = late.get_many(&PAGE, &keys).await;
    assert_eq!(read[0], None);
    for (key, read) in keys.iter().zip(read).skip(1) {
        assert_eq!(read, Some(Bytes::from(key.clone())));
    }
}

async fn entry_has_two_ends_and_goes_from_redis_at_the_second(site: Site<'_>) {
    let (namespace, clock) = (namespace(), ManualClock::new());
    let one = ready(node(&site.url, &namespace).clock(clock.shared())).await;
    let other = ready(node(&site.url, &namespace).clock(clock.shared()).l1_max_bytes(0)).await;
    one.set(&PAGE, "k", text("v")).await;
    let left = site.ask(&["PTTL", &format!("{namespace}:page:k")]).number();
    let whole = i64::try_from((TTL + STALE).as_millis()).unwrap();
    assert!((whole - 60_000..=whole).contains(&left), "{left}");

    let milli = Duration::from_millis(1);
    clock.advance(TTL - milli);
    for node in [&one, &other] {
        assert_eq!(node.get(&PAGE, "k").await, Some(text("v")), "fresh to the last");
    }
    clock.advance(milli);
    for node in [&one, &other] {
        assert_eq!(node.get(&PAGE, "k").await, None);
        let (value, outcome) = node.entry(&PAGE, "k").with_outcome().get_or_stale().await.unwrap();
        assert_eq!((value, outcome.age), (text("v"), TTL));
    }
    clock.advance(STALE);
    for node in [&one, &other] {
        assert!(node.entry(&PAGE, "k").get_or_stale().await.is_none());
        assert!(fail(node, "k").await.is_err(), "nothing is left to stand in");
    }
    const SHORT: Kind<Bytes> = Kind::new("short").ttl(Duration::from_millis(1));
    one.set(&SHORT, "k", text("v")).await;
    eventually("Redis let it go", async || !site.has(&format!("{namespace}:short:k"))).await;
}

async fn stale_value_of_redis_stands_in_for_a_failed_load_on_a_node_that_never_had_it(site: Site<'_>) {
    let (namespace, clock) = (namespace(), ManualClock::new());
    let one = ready(node(&site.url, &namespace).clock(clock.shared())).await;
    load(&one, "k", "old").await.unwrap();
    assert!(one.flush(Duration::from_secs(30)).await);
    eventually("the load is written", async || site.has(&format!("{namespace}:page:k"))).await;
    clock.advance(TTL);
    let other = ready(node(&site.url, &namespace).clock(clock.shared())).await;
    let (value, outcome) = fail(&other, "k").await.unwrap();
    assert_eq!(value, text("old"));
    assert_eq!(outcome.answer, Answer::Stale { tier: Tier::L2, why: Why::LoaderFailed });
    assert_eq!(outcome.age, TTL);
}

async fn change_on_one_node_is_seen_by_another_that_holds_a_copy(site: Site<'_>) {
    let namespace = namespace();
    let one = ready(node(&site.url, &namespace)).await;
    let other = ready(node(&site.url, &namespace)).await;
    one.set(&PAGE, "k", text("old")).await;
    assert_eq!(other.get(&PAGE, "k").await, Some(text("old")));
    one.set(&PAGE, "k", text("new")).await;
    eventually("the other reads the new value", async || other.get(&PAGE, "k").await == Some(text("new")))
        .await;
    let removed = one.delete(&PAGE, "k").await;
    assert!(removed.existed && removed.complete, "{removed:?}");
    eventually("the other lost its copy", async || other.get(&PAGE, "k").await.is_none()).await;
    assert!(!site.has(&format!("{namespace}:page:k")));
    assert!(fail(&other, "k").await.is_err(), "what was deleted stands in for nothing");
}
