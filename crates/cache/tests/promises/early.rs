//! Loads ahead of time, and loads that find nothing new.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use stockpile_cache::{Cache, Kind, LoadCx, Loaded, Tier};

use crate::kit::{Gate, Rig, SECOND, settle, text};

/// Fresh for 10 seconds; from 8 on, a read loads the next value.
const EAGER: Kind<Bytes> =
    Kind::new("eager").ttl(Duration::from_secs(10)).stale(Duration::from_secs(60)).eager(0.8);

async fn load(cache: &Cache, value: &'static str) -> Bytes {
    cache.entry(&EAGER, "k").get_or_load(move |_| async move { Ok::<_, &str>(text(value)) }).await.unwrap()
}

#[tokio::test]
async fn read_late_in_the_life_of_an_entry_loads_the_next_one_and_does_not_wait() {
    for rig in [Rig::local(), Rig::tiered()] {
        load(&rig.cache, "first").await;
        settle().await;
        rig.clock.advance(SECOND * 7);
        assert_eq!(load(&rig.cache, "too early").await, text("first"));
        settle().await;
        rig.clock.advance(SECOND);
        assert_eq!(load(&rig.cache, "second").await, text("first"));
        settle().await;
        assert_eq!(load(&rig.cache, "third").await, text("second"));
        assert_eq!(rig.cache.stats().kind("eager").loads, 2);
    }
}

#[tokio::test]
async fn early_load_runs_once_and_a_later_miss_joins_it() {
    let (rig, gate) = (Rig::tiered(), Gate::new());
    load(&rig.cache, "first").await;
    settle().await;
    rig.clock.advance(SECOND * 9);
    for _ in 0..10 {
        let inside = gate.clone();
        let load = move |_| async move {
            inside.pass().await;
            Ok::<_, &str>(text("second"))
        };
        assert_eq!(rig.cache.entry(&EAGER, "k").get_or_load(load).await.unwrap(), text("first"));
    }
    gate.entered().await;
    rig.clock.advance(SECOND * 2);
    let cache = rig.cache.clone();
    let miss = tokio::spawn(async move { load(&cache, "another").await });
    settle().await;
    gate.open();
    assert_eq!(miss.await.unwrap(), text("second"));
    assert_eq!(gate.calls(), 1);
}

#[tokio::test]
async fn early_load_that_fails_is_not_tried_again_for_a_while() {
    let rig = Rig::local();
    load(&rig.cache, "first").await;
    rig.clock.advance(SECOND * 8);
    let calls = Arc::new(AtomicU64::new(0));
    for _ in 0..10 {
        let calls = Arc::clone(&calls);
        let load = move |_| async move {
            calls.fetch_add(1, SeqCst);
            Err::<Bytes, _>("down")
        };
        assert_eq!(rig.cache.entry(&EAGER, "k").get_or_load(load).await.unwrap(), text("first"));
        settle().await;
    }
    assert_eq!(calls.load(SeqCst), 1);
}

#[tokio::test]
async fn value_another_node_loaded_meanwhile_spares_the_early_load() {
    let rig = Rig::tiered();
    let other = rig.node();
    load(&rig.cache, "first").await;
    settle().await;
    load(&other, "unused").await;
    rig.clock.advance(SECOND * 8);
    load(&other, "second").await;
    settle().await;
    load(&rig.cache, "third").await;
    settle().await;
    assert_eq!(load(&rig.cache, "fourth").await, text("second"));
    assert_eq!(rig.cache.stats().kind("eager").loads, 1);
}

#[tokio::test]
async fn part_that_is_none_and_endless_lives_start_nothing_early() {
    for part in [-1.0, 0.0, 1.0, 2.0, f32::NAN, f32::INFINITY] {
        let rig = Rig::local();
        let kind: Kind<Bytes> = Kind::new("odd").ttl(SECOND * 10).eager(part);
        rig.cache.set(&kind, "k", text("v")).await;
        rig.clock.advance(Duration::from_millis(9_999));
        rig.cache.entry(&kind, "k").get_or_load(|_| async { Err::<Bytes, _>(()) }).await.unwrap();
        settle().await;
        assert_eq!(rig.cache.stats().kind("odd").loads, 0, "{part}");
    }
    for rig in [Rig::local(), Rig::tiered()] {
        let kind: Kind<Bytes> = Kind::new("endless").ttl(Duration::MAX).eager(0.01).xfetch(1.0);
        rig.cache.set(&kind, "k", text("v")).await;
        rig.clock.advance(SECOND * 3600 * 24 * 30);
        rig.cache.entry(&kind, "k").get_or_load(|_| async { Err::<Bytes, _>(()) }).await.unwrap();
        settle().await;
        assert_eq!(rig.cache.stats().kind("endless").loads, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn xfetch_loads_ahead_by_about_as_long_as_a_load_takes() {
    const ENTRIES: u32 = 100;
    let kind: Kind<Bytes> = Kind::new("xfetch").ttl(SECOND * 1000).xfetch(1.0);
    let mut early = Duration::ZERO;
    for _ in 0..ENTRIES {
        let rig = Rig::local();
        let load = |_| async {
            tokio::time::sleep(SECOND * 10).await;
            Ok::<_, ()>(text("v"))
        };
        rig.cache.entry(&kind, "k").get_or_load(load).await.unwrap();
        rig.clock.advance(SECOND * 900);
        let mut left = SECOND * 100;
        while rig.cache.stats().kind("xfetch").loads == 1 && !left.is_zero() {
            rig.clock.advance(SECOND);
            left -= SECOND;
            rig.cache.entry(&kind, "k").get_or_load(load).await.unwrap();
            tokio::task::yield_now().await;
        }
        early += left;
    }
    let mean = early / ENTRIES;
    assert!((SECOND * 6..SECOND * 15).contains(&mean), "the mean of an exponential of 10 s is {mean:?}");
}

async fn revalidate(cache: &Cache, current: &'static str) -> Bytes {
    let load = move |cx: LoadCx<Bytes>| async move {
        cx.set_ttl(SECOND * 10);
        if cx.stale_etag() == Some(current)
            && let Some(unmodified) = cx.not_modified()
        {
            return Ok::<Loaded<Bytes>, &str>(unmodified);
        }
        cx.set_etag(current);
        cx.add_tag("x");
        Ok(text(current).into())
    };
    cache.entry(&EAGER, "k").get_or_revalidate(load).await.unwrap()
}

#[tokio::test]
async fn unmodified_value_lives_on_with_its_version_and_tags() {
    for rig in [Rig::local(), Rig::tiered(), Rig::remote()] {
        revalidate(&rig.cache, "v1").await;
        settle().await;
        for _ in 0..3 {
            rig.clock.advance(SECOND * 11);
            assert_eq!(rig.cache.get(&EAGER, "k").await, None);
            assert_eq!(revalidate(&rig.cache, "v1").await, text("v1"));
            settle().await;
            assert_eq!(rig.cache.get(&EAGER, "k").await, Some(text("v1")));
        }
        rig.clock.advance(SECOND * 11);
        assert_eq!(revalidate(&rig.cache, "v2").await, text("v2"));
        settle().await;
        rig.clock.advance(SECOND * 11);
        assert_eq!(revalidate(&rig.cache, "v2").await, text("v2"));
        settle().await;
        rig.cache.remove_tag("x").await;
        assert_eq!(rig.cache.get(&EAGER, "k").await, None, "the tag of the first load still counts");
    }
}

#[tokio::test]
async fn version_is_known_to_a_node_that_never_saw_the_value() {
    let rig = Rig::tiered();
    revalidate(&rig.cache, "v1").await;
    settle().await;
    rig.clock.advance(SECOND * 11);
    let other = rig.node();
    let load = |cx: LoadCx<Bytes>| async move { Ok::<_, &str>(cx.not_modified().expect("a stale value")) };
    assert_eq!(other.entry(&EAGER, "k").get_or_revalidate(load).await.unwrap(), text("v1"));
    let again = other.entry(&EAGER, "k").with_outcome().get().await.unwrap();
    assert_eq!(again.1.tier(), Some(Tier::L1));
}

#[tokio::test]
async fn without_a_stale_value_nothing_can_be_unmodified() {
    let rig = Rig::local();
    let load = |cx: LoadCx<Bytes>| async move {
        assert!(cx.not_modified().is_none());
        Err::<Loaded<Bytes>, _>("nothing")
    };
    rig.cache.entry(&EAGER, "k").get_or_revalidate(load).await.unwrap_err();
}
