use std::time::Duration;

use stockpile_cache::{Health, Stored};

use crate::kit::{MILLI, PAGE, Rig, SECOND, text};

#[tokio::test]
async fn backend_that_fails_is_a_miss_and_counted() {
    let rig = Rig::tiered();
    rig.chaos.fail(true);
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
    assert_eq!(rig.load("v").await.unwrap().0, text("v"));
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("v")), "this process keeps it");
    tokio::task::yield_now().await;
    assert_eq!(rig.stats().backend_errors, 2, "two reads; without its generation nothing is written");
}

#[tokio::test]
async fn writes_and_deletions_say_what_failed() {
    let rig = Rig::tiered();
    rig.cache.set(&PAGE, "before", text("v")).await;
    rig.chaos.fail(true);
    let written = rig.cache.set(&PAGE, "k", text("v")).await;
    assert_eq!((written.l1, written.l2), (Stored::Stored, Stored::Queued));
    let removed = rig.cache.delete(&PAGE, "k").await;
    assert_eq!((removed.existed, removed.complete, removed.queued), (true, false, true));
    let cleared = rig.cache.clear().await;
    assert_eq!((cleared.complete, cleared.queued), (false, true));
    let deleted = rig.cache.delete_pattern("page:*").await;
    assert_eq!((deleted.complete, deleted.queued), (false, true));
}

#[tokio::test]
async fn backend_that_panics_is_a_miss() {
    let rig = Rig::tiered();
    rig.chaos.panic(true);
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
    assert_eq!(rig.load("v").await.unwrap().0, text("v"));
    assert!(rig.stats().backend_errors >= 2);
}

#[tokio::test(start_paused = true)]
async fn slow_backend_costs_no_more_than_the_budget() {
    let rig = Rig::tiered();
    rig.chaos.delay(SECOND * 3600);
    let start = tokio::time::Instant::now();
    assert_eq!(rig.load("v").await.unwrap().0, text("v"));
    // The timer of tokio is a millisecond coarse.
    assert!(start.elapsed() <= MILLI * 52, "{:?}: the write is not waited for", start.elapsed());
    rig.cache.get(&PAGE, "other").await;
    assert!(start.elapsed() <= MILLI * 104);
}

#[tokio::test(start_paused = true)]
async fn backend_that_is_back_is_used_again() {
    let rig = Rig::remote();
    rig.chaos.fail(true);
    for _ in 0..3 {
        rig.cache.get(&PAGE, "k").await;
    }
    assert_eq!(rig.cache.health(), Health::Down);
    rig.chaos.fail(false);
    tokio::time::sleep(MILLI * 101).await;
    assert_eq!(rig.cache.set(&PAGE, "k", text("v")).await.l2, Stored::Stored);
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("v")));
    assert_eq!(rig.cache.health(), Health::Up);
}

#[tokio::test]
async fn every_call_counts_exactly_one_of_hit_stale_hit_and_miss() {
    let rig = Rig::tiered();
    let mut calls = 0;
    for round in 0..40_u64 {
        rig.chaos.fail(round % 5 == 0);
        rig.clock.advance(Duration::from_secs(round % 13));
        if round % 9 == 0 {
            rig.cache.delete(&PAGE, "k").await;
        }
        let _ = rig.cache.get(&PAGE, "k").await;
        let _ = rig.fail().await;
        let _ = rig.load("v").await;
        let _ = rig.cache.get_many(&PAGE, &["k", "l"]).await;
        calls += 5;
        assert_eq!(rig.stats().calls(), calls, "round {round}");
    }
    assert!(rig.stats().hits() > 0 && rig.stats().stale_hits() > 0 && rig.stats().misses > 0);
}
