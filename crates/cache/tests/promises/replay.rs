#![allow(clippy::unwrap_used, reason = "test")]

use std::{sync::Arc, time::Duration};

use stockpile_cache::{Backend, BreakerState, Cache, Generation, Kind, Namespace, RawKey, Stored};
use tokio::time::{Instant, sleep};

use crate::kit::{MILLI, PAGE, Rig, SECOND, settle, text};

fn raw(key: &str) -> RawKey {
    RawKey::new(&Namespace::default(), "page", key)
}

/// Makes the breaker open, by reads of other keys; before it, the cache had the backend for a while.
async fn outage(rig: &Rig) {
    rig.cache.set(&PAGE, "before", text("v")).await;
    rig.chaos.fail(true);
    for key in ["a", "b", "c"] {
        rig.cache.get(&PAGE, key).await;
    }
    assert_eq!(rig.cache.remote_health().unwrap().state, BreakerState::Open);
}

/// Ends the outage and waits until the backend has everything.
async fn recovery(rig: &Rig) {
    rig.chaos.fail(false);
    assert!(rig.cache.flush(SECOND * 5).await, "{:?}", rig.cache.remote_health());
    assert_eq!(rig.cache.remote_health().unwrap().queued_bytes, 0);
}

#[tokio::test(start_paused = true)]
async fn entry_deleted_in_an_outage_does_not_come_back_after_it() {
    for rig in [Rig::tiered(), Rig::remote()] {
        rig.cache.set(&PAGE, "k", text("old")).await;
        outage(&rig).await;
        let removed = rig.cache.delete(&PAGE, "k").await;
        assert_eq!((removed.complete, removed.queued), (false, true));
        recovery(&rig).await;
        assert_eq!(rig.cache.get(&PAGE, "k").await, None);
        assert_eq!(rig.node().get(&PAGE, "k").await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn deletion_that_fails_alone_is_repeated_though_the_breaker_stays_closed() {
    let rig = Rig::remote();
    rig.cache.set(&PAGE, "k", text("old")).await;
    rig.chaos.fail(true);
    assert!(rig.cache.delete(&PAGE, "k").await.queued);
    rig.chaos.fail(false);
    assert_eq!(rig.cache.get(&PAGE, "k").await, None, "what the backend still has is not believed");
    assert_eq!(rig.cache.remote_health().unwrap().state, BreakerState::Closed);
    assert!(rig.cache.flush(SECOND * 3).await);
    assert_eq!(rig.node().get(&PAGE, "k").await, None);
}

#[tokio::test(start_paused = true)]
async fn last_value_set_in_an_outage_is_what_the_backend_gets() {
    let rig = Rig::remote();
    rig.cache.set(&PAGE, "k", text("old")).await;
    outage(&rig).await;
    for value in ["first", "second"] {
        assert_eq!(rig.cache.set(&PAGE, "k", text(value)).await.l2, Stored::Queued);
    }
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
    let writes = rig.chaos.writes();
    recovery(&rig).await;
    assert_eq!((rig.chaos.writes() - writes, rig.node().get(&PAGE, "k").await), (1, Some(text("second"))));
    assert_eq!(rig.cache.stats().backend.replayed, 1);
}

#[tokio::test(start_paused = true)]
async fn value_loaded_in_an_outage_reaches_the_other_nodes_after_it() {
    let rig = Rig::tiered();
    outage(&rig).await;
    rig.load("v").await.unwrap();
    settle().await;
    recovery(&rig).await;
    assert_eq!(rig.node().get(&PAGE, "k").await, Some(text("v")));
}

#[tokio::test(start_paused = true)]
async fn replayed_value_lives_no_longer_than_it_would_have() {
    const SHORT: Kind<bytes::Bytes> = Kind::new("page").ttl(Duration::from_secs(10));
    let rig = Rig::remote();
    outage(&rig).await;
    rig.cache.set(&SHORT, "k", text("v")).await;
    rig.clock.advance(SECOND * 7);
    recovery(&rig).await;
    assert_eq!(rig.node().get(&SHORT, "k").await, Some(text("v")));
    rig.clock.advance(SECOND * 3);
    assert_eq!(rig.chaos.get(&raw("k")).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn value_whose_time_is_over_is_not_sent_and_what_it_replaced_is_gone() {
    const SHORT: Kind<bytes::Bytes> = Kind::new("page").ttl(Duration::from_secs(1));
    let rig = Rig::remote();
    rig.cache.set(&PAGE, "k", text("old")).await;
    outage(&rig).await;
    rig.cache.set(&SHORT, "k", text("new")).await;
    rig.clock.advance(SECOND * 2);
    let writes = rig.chaos.writes();
    recovery(&rig).await;
    assert_eq!((rig.chaos.writes(), rig.node().get(&PAGE, "k").await), (writes, None));
}

#[tokio::test(start_paused = true)]
async fn pattern_and_clear_of_an_outage_are_repeated_and_spare_what_came_after() {
    for pattern in [None, Some("page:6*")] {
        let rig = Rig::remote();
        for key in ["600", "601"] {
            rig.cache.set(&PAGE, key, text("old")).await;
        }
        outage(&rig).await;
        rig.cache.set(&PAGE, "602", text("old")).await;
        match pattern {
            None => {
                let cleared = rig.cache.clear().await;
                assert_eq!((cleared.complete, cleared.queued), (false, true));
            }
            Some(pattern) => {
                let deleted = rig.cache.delete_pattern(pattern).await;
                assert_eq!((deleted.complete, deleted.queued), (false, true));
                rig.cache.set(&PAGE, "601", text("new")).await;
            }
        }
        recovery(&rig).await;
        let node = rig.node();
        assert_eq!(node.get(&PAGE, "600").await, None);
        assert_eq!(node.get(&PAGE, "601").await, pattern.map(|_| text("new")));
        assert_eq!(node.get(&PAGE, "602").await, None, "set before, so swept");
    }
}

#[tokio::test(start_paused = true)]
async fn deletions_are_sent_before_values() {
    let rig = Rig::tiered();
    rig.cache.set(&PAGE, "gone", text("old")).await;
    outage(&rig).await;
    for number in 0..50 {
        rig.cache.set(&PAGE, &number.to_string(), text("v")).await;
    }
    rig.cache.delete(&PAGE, "gone").await;
    // The first value fails, so only what came before it has been done.
    rig.chaos.fail_after(1);
    rig.chaos.fail(false);
    sleep(SECOND * 2).await;
    rig.chaos.fail_after(usize::MAX);
    assert_eq!(rig.chaos.get(&raw("gone")).await.unwrap(), None);
    assert!(rig.cache.remote_health().unwrap().queued > 0);
}

#[tokio::test(start_paused = true)]
async fn batch_that_broke_off_in_the_middle_is_sent_again_whole() {
    let rig = Rig::tiered();
    outage(&rig).await;
    for number in 0..50 {
        rig.cache.set(&PAGE, &number.to_string(), text("v")).await;
    }
    rig.chaos.fail_after(20);
    rig.chaos.fail(false);
    sleep(SECOND * 2).await;
    assert_eq!(rig.cache.remote_health().unwrap().state, BreakerState::Open, "the probe alone is not enough");
    rig.chaos.fail_after(usize::MAX);
    recovery(&rig).await;
    let node = rig.node();
    for number in 0..50 {
        assert_eq!(node.get(&PAGE, &number.to_string()).await, Some(text("v")));
    }
}

#[tokio::test(start_paused = true)]
async fn breaker_closes_only_when_what_was_deleted_is_gone() {
    let rig = Rig::remote();
    let keys: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
    for key in &keys {
        rig.cache.set(&PAGE, key, text("old")).await;
    }
    outage(&rig).await;
    for key in &keys {
        rig.cache.delete(&PAGE, key).await;
    }
    rig.chaos.fail(false);
    rig.chaos.delay(MILLI);
    let start = Instant::now();
    while start.elapsed() < SECOND * 5 {
        let key = &keys[start.elapsed().as_millis() as usize % keys.len()];
        assert_eq!(rig.cache.get(&PAGE, key).await, None);
        sleep(MILLI * 3).await;
    }
    assert_eq!(rig.cache.remote_health().unwrap().state, BreakerState::Closed);
}

const CALLERS: u32 = 200;

/// One of many requests at once: a deletion, a set, a load or a read.
async fn request(cache: &Cache, number: u32) {
    let key = number.to_string();
    match number % 20 {
        0 => drop(cache.delete(&PAGE, &(number % 500).to_string()).await),
        1 => drop(cache.set(&PAGE, &(number % 500).to_string(), text("v")).await),
        2..6 => {
            let load = |_| async {
                sleep(MILLI * 5).await;
                Ok::<_, ()>(text("v"))
            };
            cache.entry(&PAGE, &key).get_or_load(load).await.unwrap();
        }
        _ => assert_eq!(cache.get(&PAGE, &format!("other {key}")).await, None),
    }
}

/// What they take of the memory is counted in `tests/allocations.rs`.
#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_requests_in_an_outage_are_bounded() {
    let rig = Rig::with(|builder, chaos| {
        builder.backend(Arc::new(chaos.clone())).l1_max_bytes(1 << 20).replay_queue(2_000, 1 << 20)
    });
    outage(&rig).await;
    let callers = (0..CALLERS).map(|caller| {
        let cache = rig.cache.clone();
        tokio::spawn(async move {
            for round in 0..100_000 / CALLERS {
                request(&cache, round * CALLERS + caller).await;
            }
        })
    });
    let callers: Vec<_> = callers.collect();
    let metrics = tokio::runtime::Handle::current().metrics();
    let mut most = 0;
    while callers.iter().any(|caller| !caller.is_finished()) {
        let health = rig.cache.remote_health().unwrap();
        assert!(health.queued <= 2_000 && health.queued_bytes <= 1 << 20, "{health:?}");
        most = most.max(metrics.num_alive_tasks());
        sleep(MILLI).await;
    }
    for caller in callers {
        caller.await.unwrap();
    }
    // Each caller, the load or change it waits for, the write of one load before, and the one that probes.
    assert!(most > CALLERS as usize && most <= 3 * CALLERS as usize + 1, "{most} tasks");
    let stats = rig.cache.stats();
    assert!(stats.backend.dropped_fills > 0 && stats.l1_bytes <= stats.l1_max_bytes);
    assert_eq!(stats.backend.overflows, 0, "loads alone never cost an invalidation");
    sleep(SECOND).await;
    assert_eq!(rig.cache.stats().in_flight, 0);
    assert!(metrics.num_alive_tasks() <= 1, "{}", metrics.num_alive_tasks());
}

#[tokio::test(start_paused = true)]
async fn queue_that_is_full_invalidates_the_namespace_instead() {
    let rig = Rig::with(|builder, chaos| builder.backend(Arc::new(chaos.clone())).replay_queue(100, 1 << 20));
    let counter = RawKey::new(&Namespace::default(), "", "generation:0000000000000000");
    let before = rig.chaos.seed_generation(&counter).await.unwrap().generation;
    for number in 0..150 {
        rig.cache.set(&PAGE, &number.to_string(), text("old")).await;
    }
    let node = rig.node();
    assert_eq!(node.get(&PAGE, "7").await, Some(text("old")));
    outage(&rig).await;
    for number in 0..150 {
        assert!(rig.cache.delete(&PAGE, &number.to_string()).await.queued);
    }
    let health = rig.cache.remote_health().unwrap();
    assert_eq!((health.queued, rig.cache.stats().backend.overflows), (1, 1));
    rig.clock.advance(SECOND);
    recovery(&rig).await;
    let after: Generation = rig.chaos.generations(&[counter]).await.unwrap()[0].unwrap();
    assert!(after.removed > before.latest, "{before:?} {after:?}");
    rig.clock.advance(SECOND * 6);
    for number in 0..150 {
        assert_eq!(node.get(&PAGE, &number.to_string()).await, None);
        assert_eq!(rig.cache.get(&PAGE, &number.to_string()).await, None);
    }
    assert_eq!(rig.cache.set(&PAGE, "7", text("new")).await.l2, Stored::Stored);
    assert_eq!(rig.node().get(&PAGE, "7").await, Some(text("new")));
}

#[tokio::test(start_paused = true)]
async fn nothing_of_the_backend_is_believed_until_a_full_queue_has_invalidated_it() {
    let rig = Rig::with(|builder, chaos| {
        builder.backend(Arc::new(chaos.clone())).l1_max_bytes(0).replay_queue(10, 1 << 20).breaker(1_000)
    });
    for number in 0..20 {
        rig.cache.set(&PAGE, &number.to_string(), text("old")).await;
    }
    rig.chaos.refuse_writes(true);
    for number in 0..20 {
        rig.cache.delete(&PAGE, &number.to_string()).await;
    }
    for number in 0..20 {
        assert_eq!(rig.cache.get(&PAGE, &number.to_string()).await, None);
    }
    assert_eq!(rig.cache.stats().backend.overflows, 1);
}

#[tokio::test(start_paused = true)]
async fn value_too_large_for_the_queue_is_kept_as_a_deletion() {
    let rig = Rig::with(|builder, chaos| {
        builder.backend(Arc::new(chaos.clone())).l1_max_bytes(0).replay_queue(100, 10_000)
    });
    rig.cache.set(&PAGE, "k", text("old")).await;
    outage(&rig).await;
    rig.cache.set(&PAGE, "k", crate::kit::noise(20_000)).await;
    assert!(rig.cache.remote_health().unwrap().queued_bytes < 10_000);
    recovery(&rig).await;
    assert_eq!(rig.node().get(&PAGE, "k").await, None);
}

#[tokio::test(start_paused = true)]
async fn flush_waits_for_a_write_that_is_under_way() {
    let rig = Rig::tiered();
    rig.chaos.hold_writes(true);
    rig.load("v").await.unwrap();
    settle().await;
    assert!(!rig.cache.flush(MILLI * 10).await);
    rig.chaos.hold_writes(false);
    assert!(rig.cache.flush(SECOND * 3).await);
    assert!(rig.chaos.get(&raw("k")).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn shutdown_during_an_outage_ends_in_time_and_leaves_nothing_running() {
    let rig = Rig::tiered();
    outage(&rig).await;
    rig.cache.set(&PAGE, "k", text("v")).await;
    let start = Instant::now();
    assert!(!rig.cache.shutdown(SECOND).await);
    assert!(start.elapsed() <= MILLI * 1002, "{:?}", start.elapsed());
    let calls = rig.chaos.calls();
    rig.chaos.fail(false);
    sleep(SECOND * 5).await;
    assert_eq!(rig.cache.set(&PAGE, "l", text("v")).await.l2, Stored::Failed);
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("v")), "this process goes on");
    assert_eq!(rig.load("v").await.unwrap().0, text("v"));
    settle().await;
    assert_eq!(rig.chaos.calls(), calls);
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn shutdown_of_a_calm_cache_is_done_at_once() {
    let (rig, start) = (Rig::tiered(), Instant::now());
    rig.cache.set(&PAGE, "k", text("v")).await;
    assert!(rig.cache.shutdown(SECOND * 60).await);
    assert!(Cache::in_memory().shutdown(SECOND).await);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn sweep_the_backend_never_finishes_ends_in_one_invalidation_of_all() {
    let rig = Rig::with(|builder, chaos| {
        builder.backend(Arc::new(chaos.clone())).sweep_timeout(MILLI * 100).breaker(1_000_000)
    });
    rig.chaos.late_writes(true);
    assert!(rig.cache.delete_pattern("page:*").await.queued);
    sleep(SECOND * 600).await;
    assert_eq!(rig.cache.stats().backend.overflows, 1);
    rig.chaos.late_writes(false);
    recovery(&rig).await;
}
