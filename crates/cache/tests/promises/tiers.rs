use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use stockpile_cache::{
    Backend, Cache, Error, Kind, Lifetime, MemoryBackend, Namespace, NoopBackend, Pattern, Policy, RawKey,
    ScanLimit, Tier,
};

use crate::kit::{MILLI, PAGE, Rig, SECOND, text};

#[tokio::test]
async fn value_found_in_the_backend_is_kept_here_with_its_birth_and_end() {
    let rig = Rig::tiered();
    rig.load("v").await.unwrap();
    tokio::task::yield_now().await;
    rig.clock.advance(SECOND * 9);
    let other = rig.node();
    let (_, outcome) = other.entry(&PAGE, "k").with_outcome().get().await.unwrap();
    assert_eq!((outcome.tier(), outcome.age, outcome.fresh_for), (Some(Tier::L2), SECOND * 9, SECOND));
    rig.clock.advance(SECOND - MILLI);
    let (_, outcome) = other.entry(&PAGE, "k").with_outcome().try_get_local().unwrap();
    assert_eq!((outcome.tier(), outcome.fresh_for), (Some(Tier::L1), MILLI));
    rig.clock.advance(MILLI);
    assert_eq!(other.try_get_local(&PAGE, "k"), None);
}

#[tokio::test]
async fn load_takes_what_another_node_has_stored() {
    let rig = Rig::tiered();
    rig.cache.set(&PAGE, "k", text("theirs")).await;
    let other = rig.node();
    let (value, outcome) = crate::kit::load(&other, "ours").await.unwrap();
    assert_eq!((value, outcome.label(), outcome.tier()), (text("theirs"), "hit", Some(Tier::L2)));
    assert_eq!((other.stats().kind("page").loads, other.stats().kind("page").hits_l2), (0, 1));
}

#[tokio::test]
async fn many_keys_are_one_question_and_keep_their_order() {
    let rig = Rig::tiered();
    rig.cache.set(&PAGE, "a", text("1")).await;
    rig.cache.set(&PAGE, "b", text("2")).await;
    let other = rig.node();
    other.get(&PAGE, "b").await;
    let answers = other.get_many(&PAGE, &["b", "absent", "a"]).await;
    assert_eq!(answers, [Some(text("2")), None, Some(text("1"))]);
    let stats = other.stats().kind("page");
    assert_eq!((stats.hits_l1, stats.hits_l2, stats.misses), (1, 2, 1));
    assert!(other.try_get_local(&PAGE, "a").is_some());
}

#[tokio::test]
async fn deletion_reaches_both_tiers_and_says_whether_there_was_something() {
    let rig = Rig::tiered();
    rig.cache.set(&PAGE, "k", text("v")).await;
    let other = rig.node();
    assert!(other.delete(&PAGE, "k").await.existed, "only the backend had it for this node");
    assert!(!other.delete(&PAGE, "k").await.existed);
    assert!(rig.cache.delete(&PAGE, "k").await.existed);
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
}

#[tokio::test]
async fn pattern_deletes_in_both_tiers_within_its_namespace() {
    let rig = Rig::tiered();
    let foreign =
        Cache::builder().namespace("foreign").clock(rig.clock.shared()).backend(Arc::new(rig.chaos.clone()));
    let foreign = foreign.build().unwrap();
    for key in ["600519.SH", "600036.SH", "000001.SZ"] {
        rig.cache.set(&PAGE, key, text("v")).await;
        foreign.set(&PAGE, key, text("v")).await;
    }
    let deleted = rig.cache.delete_pattern("page:6*.SH").await;
    assert_eq!((deleted.keys, deleted.complete), (2, true));
    assert_eq!(rig.cache.get(&PAGE, "600519.SH").await, None);
    assert_eq!(rig.cache.get(&PAGE, "000001.SZ").await, Some(text("v")));
    assert_eq!(rig.cache.delete_pattern("page:none*").await.keys, 0);
    assert!(!rig.cache.delete_pattern("page:[").await.complete);
    rig.cache.clear().await;
    assert_eq!(rig.cache.get(&PAGE, "000001.SZ").await, None);
    assert_eq!(foreign.get(&PAGE, "600519.SH").await, Some(text("v")));
}

#[tokio::test]
async fn damaged_bytes_are_a_miss_and_the_loader_heals_them() {
    const NUMBER: Kind<u64> = Kind::new("number");
    let backend = Arc::new(MemoryBackend::new(1 << 20));
    let cache = Cache::builder().backend(backend.clone()).l1_max_bytes(0).build().unwrap();
    let key = |name: &str| RawKey::new(&Namespace::default(), "number", name);
    let lifetime = Lifetime::new(SECOND * 60).unwrap();
    cache.set(&NUMBER, "other", 1).await;
    let of_another_key = backend.get(&key("other")).await.unwrap().unwrap();
    for bytes in
        [Bytes::new(), text("17"), Bytes::from(vec![0; 500]), of_another_key.slice(1..), of_another_key]
    {
        backend.set(&key("k"), bytes, lifetime).await.unwrap();
        assert_eq!(cache.get(&NUMBER, "k").await, None);
        assert_eq!(*cache.entry(&NUMBER, "k").get_or_load(|_| async { Ok::<_, ()>(7) }).await.unwrap(), 7);
    }
    tokio::task::yield_now().await;
    assert_eq!(cache.get(&NUMBER, "k").await.as_deref(), Some(&7));
    assert_eq!(cache.stats().kind("number").rejected, 10);
}

#[tokio::test]
async fn entry_of_a_newer_release_is_a_miss_and_left_alone() {
    let backend = Arc::new(MemoryBackend::new(1 << 20));
    let cache = Cache::builder().backend(backend.clone()).build().unwrap();
    let key = RawKey::new(&Namespace::default(), "page", "k");
    cache.set(&PAGE, "k", text("v")).await;
    let mut newer = backend.get(&key).await.unwrap().unwrap().to_vec();
    newer[2] = 2;
    cache.clear().await;
    backend.set(&key, newer.clone().into(), Lifetime::MAX).await.unwrap();
    assert_eq!(crate::kit::load(&cache, "ours").await.unwrap().0, text("ours"));
    tokio::task::yield_now().await;
    assert_eq!(backend.get(&key).await.unwrap().unwrap(), newer);
    assert_eq!(cache.get(&PAGE, "k").await, Some(text("ours")));
}

#[tokio::test]
async fn what_cannot_be_encoded_is_given_and_not_stored() {
    struct Odd;
    impl serde::Serialize for Odd {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("odd"))
        }
    }
    impl<'de> serde::Deserialize<'de> for Odd {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Ok(Self)
        }
    }
    impl stockpile_cache::CacheValue for Odd {
        type Codec = stockpile_cache::Json;
    }
    const ODD: Kind<Odd> = Kind::new("page");
    for rig in [Rig::local(), Rig::tiered()] {
        rig.cache.set(&PAGE, "k", text("old")).await;
        rig.cache.set(&ODD, "k", Odd).await;
        assert!(rig.cache.get(&PAGE, "k").await.is_none(), "the older value must not outlive a newer one");
        assert!(rig.cache.entry(&ODD, "k").get_or_load(|_| async { Ok::<_, ()>(Odd) }).await.is_ok());
        assert_eq!(rig.cache.stats().l1_keys, 0);
    }
}

#[tokio::test]
async fn noop_backend_leaves_the_in_process_tier_at_work() {
    let cache = Cache::builder().backend(Arc::new(NoopBackend)).build().unwrap();
    cache.set(&PAGE, "k", text("v")).await;
    assert_eq!(cache.get(&PAGE, "k").await, Some(text("v")));
    let everything = Pattern::everything(&Namespace::default());
    assert!(NoopBackend.delete_pattern(&everything, ScanLimit::default()).await.unwrap().complete);
}

#[test]
fn addresses_are_known_or_explained_without_their_secrets() {
    assert!(Cache::from_url("memory://").is_ok());
    assert!(Cache::from_url("none://").is_ok());
    for (url, says) in [
        #[cfg(not(feature = "redis"))]
        ("redis://:secret@host/1", "needs the feature `redis`"),
        #[cfg(feature = "redis")]
        ("redis://:secret@host/x", "database number"),
        ("memory://secret", "takes nothing"),
        ("secret", "write `memory://`"),
        ("http://secret", "unknown"),
    ] {
        let error = Cache::from_url(url).unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains("secret"), "{error}");
    }
}

#[test]
fn configuration_mistakes_are_told_when_building() {
    let wrong = |builder: stockpile_cache::CacheBuilder| match builder.build() {
        Err(Error::Setting { setting, .. }) => setting,
        other => panic!("{other:?}"),
    };
    assert_eq!(wrong(Cache::builder().namespace("")), "namespace");
    assert_eq!(wrong(Cache::builder().budget(Duration::ZERO)), "budget");
    assert_eq!(wrong(Cache::builder().breaker(0)), "breaker");
    assert_eq!(wrong(Cache::builder().max_loads(0)), "max_loads");
    assert_eq!(wrong(Cache::builder().defaults(Policy::ttl(SECOND).jitter(1.5))), "defaults");
}

#[tokio::test]
async fn pattern_counts_what_was_alive() {
    for rig in [Rig::local(), Rig::tiered(), Rig::remote()] {
        for key in ["dead", "alive"] {
            let ttl = if key == "dead" { SECOND } else { SECOND * 60 };
            rig.cache.entry(&PAGE, key).ttl(ttl).stale(Duration::ZERO).set(text("v")).await;
        }
        rig.clock.advance(SECOND * 2);
        assert_eq!(rig.cache.delete_pattern("page:*").await.keys, 1);
    }
}

#[tokio::test]
async fn kind_with_another_schema_number_misses_in_this_process_too() {
    const NEWER: Kind<Bytes> = PAGE.schema(2);
    for rig in [Rig::local(), Rig::tiered(), Rig::remote()] {
        rig.cache.set(&PAGE, "k", text("old")).await;
        assert_eq!(rig.cache.get(&NEWER, "k").await, None);
        let failed = rig.cache.entry(&NEWER, "k").get_or_load(|_| async { Err::<Bytes, _>("down") });
        failed.await.unwrap_err();
        rig.cache.set(&NEWER, "k", text("new")).await;
        assert_eq!(rig.cache.get(&NEWER, "k").await, Some(text("new")));
        assert_eq!(rig.cache.get(&PAGE, "k").await, None);
    }
}
