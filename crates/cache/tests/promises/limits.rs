//! Values too large and keys too long to be stored.

use std::sync::Arc;

use bytes::Bytes;
use stockpile_cache::{Backend, Cache, Error, Event, Kind, MemoryBackend, NoopBackend, Stored, Unstorable};

use crate::kit::{PAGE, Rig, SECOND, settle, text};

fn small(rig: fn(&Rig) -> Option<Arc<dyn Backend>>) -> (Rig, stockpile_cache::Events) {
    let calm = Rig::local();
    let builder = Cache::builder().clock(calm.clock.shared()).max_value_bytes(100).max_key_bytes(20);
    let builder = match rig(&calm) {
        Some(backend) => builder.backend(backend),
        None => builder,
    };
    let (builder, events) = builder.events(64);
    (Rig { cache: builder.build().unwrap(), ..calm }, events)
}

/// A cache over each backend, and over none.
fn everywhere() -> [(Rig, stockpile_cache::Events); 4] {
    [
        small(|_| None),
        small(|rig| Some(Arc::new(rig.chaos.clone()))),
        small(|_| Some(Arc::new(MemoryBackend::new(1 << 20)))),
        small(|_| Some(Arc::new(NoopBackend))),
    ]
}

fn refusals(events: &mut stockpile_cache::Events) -> Vec<(String, Unstorable)> {
    std::iter::from_fn(|| events.try_recv())
        .filter_map(|event| match event {
            Event::NotStored { key, why, .. } => Some((key.to_string(), why)),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn value_too_large_is_given_counted_told_and_not_stored() {
    for (rig, mut events) in everywhere() {
        let (just, over) = (Bytes::from(vec![7; 100]), Bytes::from(vec![7; 101]));
        let load = {
            let over = over.clone();
            move |_| async move { Ok::<_, ()>(over) }
        };
        assert_eq!(rig.cache.entry(&PAGE, "k").get_or_load(load).await.unwrap(), over);
        settle().await;
        assert_eq!(rig.cache.get(&PAGE, "k").await, None);
        assert_eq!(rig.stats().not_stored, 1);
        assert_eq!(refusals(&mut events), [("k".to_owned(), Unstorable::ValueTooLarge)]);
        rig.cache.set(&PAGE, "k", just.clone()).await;
        assert_eq!((rig.cache.get(&PAGE, "k").await, rig.stats().not_stored), (Some(just), 1));
    }
}

#[tokio::test]
async fn value_too_large_takes_the_old_one_out_of_both_tiers() {
    let (rig, _events) = small(|rig| Some(Arc::new(rig.chaos.clone())));
    rig.cache.set(&PAGE, "k", text("old")).await;
    let written = rig.cache.set(&PAGE, "k", Bytes::from(vec![7; 101])).await;
    assert_eq!((written.l1, written.l2), (Stored::Skipped, Stored::Skipped));
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
    assert_eq!(rig.node().get(&PAGE, "k").await, None);
}

#[tokio::test]
async fn key_too_long_is_treated_alike_over_every_backend() {
    let (just, over) = ("k".repeat(20), "k".repeat(10_000));
    for (rig, mut events) in everywhere() {
        let load = |_| async { Ok::<_, ()>(text("v")) };
        let entry = || rig.cache.entry(&PAGE, &over);
        assert_eq!(entry().get_or_load(load).await.unwrap(), text("v"));
        settle().await;
        assert_eq!(entry().get().await, None);
        assert_eq!(rig.cache.get_many(&PAGE, &[&over, "other"]).await, [None, None]);
        let load =
            |keys: Vec<String>| async { Ok::<_, ()>(keys.into_iter().map(|key| (key, text("w"))).collect()) };
        let many = rig.cache.entries(&PAGE, &[&over]).get_or_load_many(load).await;
        let many: Vec<_> = many.into_iter().map(Result::unwrap).collect();
        assert_eq!(many, [Some(text("w"))]);
        let written = rig.cache.set(&PAGE, &over, text("v")).await;
        assert_eq!((written.l1, written.l2), (Stored::Skipped, Stored::Skipped));
        assert!(!rig.cache.delete(&PAGE, &over).await.existed);
        assert_eq!(rig.stats().not_stored, 3);
        assert_eq!(refusals(&mut events), vec![(over.clone(), Unstorable::KeyTooLong); 3]);
        rig.cache.set(&PAGE, &just, text("v")).await;
        assert_eq!(rig.cache.get(&PAGE, &just).await, Some(text("v")));
    }
}

#[tokio::test]
async fn backend_is_not_asked_for_keys_too_long_to_be_stored() {
    let (rig, _events) = small(|rig| Some(Arc::new(rig.chaos.clone())));
    let over = "k".repeat(21);
    rig.cache.get(&PAGE, &over).await;
    rig.cache.get_many(&PAGE, &[&over]).await;
    let _ = rig.cache.entry(&PAGE, &over).get_or_load(|_| async { Ok::<_, ()>(text("v")) }).await;
    settle().await;
    assert_eq!((rig.chaos.reads(), rig.chaos.writes()), (0, 0));
}

#[tokio::test]
async fn changes_under_keys_too_long_never_reach_the_backend_nor_its_queue() {
    let rig = Rig::tiered();
    rig.cache.set(&PAGE, "k", text("v")).await;
    let (writes, deletes, counters) = (rig.chaos.writes(), rig.chaos.deletes(), rig.chaos.counters());
    let over = "k".repeat(1 << 20);
    for fails in [false, true] {
        rig.chaos.fail(fails);
        for _ in 0..17 {
            let written = rig.cache.set(&PAGE, &over, text("v")).await;
            assert_eq!((written.l1, written.l2), (Stored::Skipped, Stored::Skipped));
            let removed = rig.cache.delete(&PAGE, &over).await;
            assert_eq!((removed.existed, removed.complete, removed.queued), (false, true, false));
            rig.cache.entry(&PAGE, &over).ttl(std::time::Duration::ZERO).set(text("v")).await;
        }
    }
    assert_eq!((rig.chaos.writes(), rig.chaos.deletes(), rig.chaos.counters()), (writes, deletes, counters));
    let health = rig.cache.remote_health().unwrap();
    assert_eq!((health.queued, rig.cache.stats().backend.overflows), (0, 0));
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("v")));
}

#[tokio::test]
async fn callers_of_a_key_too_long_share_one_load() {
    let (rig, _events) = small(|_| None);
    let over = "k".repeat(21);
    let load = |_| async {
        settle().await;
        Ok::<_, ()>(text("v"))
    };
    let entry = || rig.cache.entry(&PAGE, &over).get_or_load(load);
    let (a, b) = tokio::join!(entry(), entry());
    assert_eq!((a.unwrap(), b.unwrap(), rig.stats().loads), (text("v"), text("v"), 1));
}

#[tokio::test]
async fn early_load_of_a_value_too_large_is_not_repeated_at_each_read() {
    const EAGER: Kind<Bytes> = PAGE.eager(0.5);
    let (rig, _events) = small(|_| None);
    rig.cache.set(&EAGER, "k", text("old")).await;
    rig.clock.advance(SECOND * 6);
    for _ in 0..10 {
        let load = |_| async { Ok::<_, ()>(Bytes::from(vec![7; 101])) };
        assert_eq!(rig.cache.entry(&EAGER, "k").get_or_load(load).await.unwrap(), text("old"));
        settle().await;
    }
    assert_eq!(rig.stats().loads, 1);
}

#[test]
fn limit_beyond_what_an_entry_holds_is_told_when_building() {
    let built = Cache::builder().max_value_bytes(64 << 20).build();
    assert!(matches!(built, Err(Error::Setting { setting: "max_value_bytes", .. })));
    assert!(Cache::builder().max_value_bytes(63 << 20).build().is_ok());
}

#[tokio::test]
async fn largest_value_with_most_tags_is_stored() {
    let rig = Rig::with(|builder, _| {
        let backend = Arc::new(MemoryBackend::new(1 << 30));
        builder.backend(backend).l1_max_bytes(0).max_value_bytes(63 << 20).budget(SECOND * 60)
    });
    let tags: Vec<_> = (0..254).map(|tag| tag.to_string()).collect();
    let value = Bytes::from(vec![7; 63 << 20]);
    let written = rig.cache.entry(&PAGE, "k").tags(&tags).set(value.clone()).await;
    assert_eq!(written.l2, Stored::Stored);
    assert!(rig.cache.get(&PAGE, "k").await == Some(value));
}
