use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use stockpile_cache::{Cache, CacheValue, Json, Kind, Policy, Stored};

use crate::kit::{MILLI, PAGE, Rig, SECOND, text};

#[tokio::test]
async fn missing_key_is_one_miss_and_creates_nothing() {
    let rig = Rig::tiered();
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
    assert_eq!((rig.stats().misses, rig.stats().calls()), (1, 1));
    assert_eq!((rig.cache.stats().l1_keys, rig.cache.stats().in_flight, rig.chaos.writes()), (0, 0, 0));
}

#[tokio::test]
async fn entry_is_a_hit_just_before_its_ttl_and_a_miss_at_it() {
    for rig in [Rig::local(), Rig::tiered(), Rig::remote()] {
        rig.cache.set(&PAGE, "k", text("v")).await;
        rig.clock.advance(SECOND * 10 - MILLI);
        assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("v")));
        rig.clock.advance(MILLI);
        assert_eq!(rig.cache.get(&PAGE, "k").await, None);
    }
}

#[tokio::test]
async fn second_set_replaces_value_and_lifetime() {
    let rig = Rig::tiered();
    rig.cache.set(&PAGE, "k", text("old")).await;
    rig.clock.advance(SECOND * 9);
    rig.cache.set(&PAGE, "k", text("new")).await;
    rig.clock.advance(SECOND * 9);
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("new")));
}

#[tokio::test]
async fn empty_and_none_are_hits() {
    const NAME: Kind<Option<String>> = Kind::new("name");
    let rig = Rig::tiered();
    rig.cache.set(&PAGE, "k", Bytes::new()).await;
    rig.cache.set(&NAME, "k", None).await;
    let other = rig.node();
    assert_eq!(other.get(&PAGE, "k").await, Some(Bytes::new()));
    assert_eq!(other.get(&NAME, "k").await, Some(Arc::new(None)));
}

#[tokio::test]
async fn absent_value_lives_for_the_negative_ttl() {
    const NAME: Kind<Option<String>> = Kind::new("name").negative(SECOND);
    let rig = Rig::tiered();
    rig.cache.set(&NAME, "k", None).await;
    assert_eq!(rig.cache.get(&NAME, "k").await, Some(Arc::new(None)));
    rig.clock.advance(SECOND);
    assert_eq!(rig.cache.get(&NAME, "k").await, None);
}

#[tokio::test]
async fn zero_ttl_is_returned_and_not_stored_and_replaces_what_was() {
    let rig = Rig::tiered();
    let load = |_| async { Ok::<_, ()>(text("v")) };
    assert_eq!(rig.cache.entry(&PAGE, "k").ttl(Duration::ZERO).get_or_load(load).await.unwrap(), text("v"));
    assert_eq!(rig.chaos.writes(), 0);
    rig.cache.set(&PAGE, "k", text("old")).await;
    let written = rig.cache.entry(&PAGE, "k").ttl(Duration::ZERO).set(text("new")).await;
    assert_eq!((written.l1, written.l2), (Stored::Skipped, Stored::Skipped));
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
    assert_eq!(rig.node().get(&PAGE, "k").await, None);
}

#[tokio::test]
async fn endless_durations_do_not_overflow() {
    const FOREVER: Kind<Bytes> = Kind::new("page").ttl(Duration::MAX).stale(Duration::MAX);
    for rig in [Rig::local(), Rig::tiered()] {
        let entry = || rig.cache.entry(&FOREVER, "k").soft_timeout(Duration::MAX).hard_timeout(Duration::MAX);
        entry().get_or_load(|_| async { Ok::<_, ()>(text("v")) }).await.unwrap();
        rig.clock.advance(Duration::from_secs(86_400 * 40));
        assert_eq!(entry().get().await, Some(text("v")));
    }
}

#[tokio::test]
async fn call_beats_kind_and_kind_beats_default() {
    const PLAIN: Kind<Bytes> = Kind::new("plain");
    let rig = Rig::with(|builder, _| builder.defaults(Policy::ttl(SECOND * 3)));
    let fresh_for = async |kind: &Kind<Bytes>, key: &str| {
        rig.cache.entry(kind, key).with_outcome().get().await.map(|(_, outcome)| outcome.fresh_for)
    };
    rig.cache.entry(&PAGE, "call").ttl(SECOND).set(text("v")).await;
    rig.cache.set(&PAGE, "kind", text("v")).await;
    rig.cache.set(&PLAIN, "default", text("v")).await;
    assert_eq!(fresh_for(&PAGE, "call").await, Some(SECOND));
    assert_eq!(fresh_for(&PAGE, "kind").await, Some(SECOND * 10));
    assert_eq!(fresh_for(&PLAIN, "default").await, Some(SECOND * 3));
}

#[tokio::test]
async fn loader_decides_lifetime_and_age() {
    let rig = Rig::tiered();
    let load = |cx: stockpile_cache::LoadCx<Bytes>| async move {
        cx.set_ttl(SECOND * 2);
        cx.set_age(SECOND * 5);
        Ok::<_, ()>(text("v"))
    };
    let (_, outcome) = rig.cache.entry(&PAGE, "k").with_outcome().get_or_load(load).await.unwrap();
    assert_eq!((outcome.age, outcome.fresh_for, outcome.lifetime()), (SECOND * 5, SECOND * 2, SECOND * 7));
    rig.clock.advance(SECOND);
    let (_, outcome) = rig.node().entry(&PAGE, "k").with_outcome().get().await.unwrap();
    assert_eq!((outcome.age, outcome.fresh_for, outcome.label()), (SECOND * 6, SECOND, "hit"));
}

#[tokio::test]
async fn derived_value_keeps_birth_and_expiry_of_its_source() {
    const PACKED: Kind<Bytes> = Kind::new("packed").ttl(SECOND).stale(SECOND);
    const LONG: Kind<Bytes> = PACKED.ttl(Duration::from_secs(500)).stale(Duration::from_secs(500));
    let rig = Rig::local();
    rig.load("source").await.unwrap();
    rig.clock.advance(SECOND * 4);
    let (_, source) = rig.load("unused").await.unwrap();
    let derive = move |cx: stockpile_cache::LoadCx<Bytes>| async move {
        cx.derive_from(&source);
        Ok::<_, ()>(text("packed"))
    };
    let (_, derived) = rig.cache.entry(&LONG, "k").with_outcome().get_or_load(derive).await.unwrap();
    assert_eq!((derived.age, derived.fresh_for, derived.usable_for), (SECOND * 4, SECOND * 6, SECOND * 66));
}

#[tokio::test]
async fn user_type_is_decoded_once_and_shared() {
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Quote {
        close: f64,
    }
    impl CacheValue for Quote {
        type Codec = Json;
    }
    const QUOTE: Kind<Quote> = Kind::new("quote");
    let rig = Rig::tiered();
    rig.cache.set(&QUOTE, "600519.SH", Quote { close: 1688.5 }).await;
    let other = rig.node();
    let first = other.get(&QUOTE, "600519.SH").await.unwrap();
    assert_eq!(*first, Quote { close: 1688.5 });
    assert!(Arc::ptr_eq(&first, &other.try_get_local(&QUOTE, "600519.SH").unwrap()));
}

#[tokio::test]
async fn hit_on_bytes_is_the_same_memory() {
    let rig = Rig::local();
    let body = Bytes::from(vec![7; 3300]);
    rig.cache.set(&PAGE, "k", body.clone()).await;
    assert_eq!(rig.cache.get(&PAGE, "k").await.unwrap().as_ptr(), body.as_ptr());
}

#[tokio::test]
async fn other_type_or_schema_under_the_same_name_is_a_miss() {
    const NUMBER: Kind<u64> = Kind::new("page");
    const TEXT: Kind<String> = Kind::new("page");
    const NEWER: Kind<u64> = Kind::new("page").schema(1);
    for rig in [Rig::local(), Rig::tiered()] {
        rig.cache.set(&NUMBER, "k", 1).await;
        assert_eq!(rig.cache.try_get_local(&PAGE, "k"), None);
        assert_eq!(rig.cache.try_get_local(&TEXT, "k"), None);
        assert_eq!(rig.cache.get(&TEXT, "k").await, None);
    }
    let rig = Rig::tiered();
    rig.cache.set(&NUMBER, "k", 1).await;
    assert_eq!(rig.node().get(&NEWER, "k").await, None);
    assert_eq!(rig.node().get(&PAGE, "k").await, None);
}

#[tokio::test]
async fn in_process_tier_stays_within_its_bytes() {
    let rig = Rig::with(|builder, _| builder.l1_max_bytes(1 << 20));
    for number in 0..2000 {
        rig.cache.set(&PAGE, &number.to_string(), Bytes::from(vec![7; 4096])).await;
    }
    let stats = rig.cache.stats();
    assert!(stats.l1_bytes <= 1 << 20 && stats.l1_keys > 100, "{stats:?}");
}

#[test]
fn handle_can_go_anywhere() {
    fn check<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn is_send<T: Send>(_: T) {}
    let cache = Cache::disabled();
    check(&cache);
    let future = cache.entry(&PAGE, "k").get_or_load(|_| async { Ok::<_, ()>(text("v")) });
    assert!(size_of_val(&future) < 1024, "{} bytes", size_of_val(&future));
    is_send(future);
}
