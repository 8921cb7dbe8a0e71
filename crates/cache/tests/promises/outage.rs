use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use stockpile_cache::{Health, LoadError, Stored};

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

/// Fills ten keys that are fresh for an hour, and has the backend fail until it is left alone.
async fn warm(rig: &Rig) -> Vec<String> {
    let keys: Vec<String> = (0..10).map(|key| key.to_string()).collect();
    for key in &keys {
        rig.cache.entry(&PAGE, key).ttl(SECOND * 3600).set(text("v")).await;
    }
    rig.chaos.fail(true);
    for _ in 0..3 {
        rig.cache.get(&PAGE, "other").await;
    }
    keys
}

async fn load_all(rig: &Rig, keys: &[String]) {
    for key in keys {
        let load = |_| async { Ok::<_, ()>(text("v")) };
        let loaded = rig.cache.entry(&PAGE, key).ttl(SECOND * 3600).get_or_load(load).await;
        assert_eq!(loaded.unwrap(), text("v"));
    }
}

#[tokio::test(start_paused = true)]
async fn warm_keys_are_given_in_an_outage_and_loaded_once_a_minute_at_most() {
    let rig = Rig::tiered();
    let keys = warm(&rig).await;
    for second in 0..600 {
        load_all(&rig, &keys).await;
        assert_eq!(rig.cache.get(&PAGE, "3").await, Some(text("v")), "after {second} s");
        rig.clock.advance(SECOND);
        tokio::time::sleep(SECOND).await;
    }
    assert_eq!(rig.stats().loads, 9 * 10, "in ten minutes, of ten keys; the first minute none");
}

#[tokio::test(start_paused = true)]
async fn plain_reads_of_an_outage_end_with_the_time_set_for_it() {
    let rig = Rig::with(|builder, chaos| {
        builder.backend(Arc::new(chaos.clone())).l1_max_age_in_outage(SECOND * 20)
    });
    warm(&rig).await;
    rig.clock.advance(SECOND * 20 - MILLI);
    assert_eq!(rig.cache.get(&PAGE, "3").await, Some(text("v")));
    rig.clock.advance(MILLI);
    assert_eq!(
        rig.cache.get(&PAGE, "3").await,
        None,
        "others may have changed it, if they reach the backend"
    );
}

#[tokio::test(start_paused = true)]
async fn backend_that_is_back_is_asked_about_what_was_given_unasked() {
    let rig = Rig::tiered();
    let other = rig.node();
    warm(&rig).await;
    rig.clock.advance(SECOND * 30);
    assert_eq!(rig.cache.get(&PAGE, "3").await, Some(text("v")));
    rig.chaos.fail(false);
    other.set(&PAGE, "3", text("new")).await;
    tokio::time::sleep(SECOND).await;
    assert_eq!(rig.cache.get(&PAGE, "3").await, Some(text("new")));
    assert_eq!(rig.cache.get(&PAGE, "4").await, Some(text("v")));
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_back_is_not_given_in_an_outage_however_fresh_it_was() {
    let rig = Rig::tiered();
    rig.cache.entry(&PAGE, "tagged").ttl(SECOND * 3600).tags(["x"]).set(text("v")).await;
    warm(&rig).await;
    rig.clock.advance(SECOND * 10);
    rig.cache.remove_tag("x").await;
    rig.cache.delete(&PAGE, "3").await;
    assert_eq!(rig.cache.get(&PAGE, "tagged").await, None);
    assert_eq!(rig.cache.get(&PAGE, "3").await, None);
    assert_eq!(rig.cache.get(&PAGE, "4").await, Some(text("v")));
    rig.cache.clear().await;
    assert_eq!(rig.cache.get(&PAGE, "4").await, None);
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

#[tokio::test(start_paused = true)]
async fn loaders_of_an_outage_are_no_more_at_once_than_may_run() {
    let rig =
        Rig::with(|builder, chaos| builder.backend(Arc::new(chaos.clone())).l1_max_bytes(0).max_loads(10));
    let keys: Vec<String> = (0..500).map(|key| key.to_string()).collect();
    for key in &keys {
        rig.cache.set(&PAGE, key, text("v")).await;
    }
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for outage in [false, true] {
        rig.chaos.fail(outage);
        let calls = keys.iter().map(|key| {
            let (cache, key) = (rig.cache.clone(), key.clone());
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            tokio::spawn(async move {
                let load = move |_| async move {
                    most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                    tokio::time::sleep(MILLI * 20).await;
                    running.fetch_sub(1, SeqCst);
                    Ok::<_, ()>(text("v"))
                };
                cache.entry(&PAGE, &key).get_or_load(load).await
            })
        });
        let (mut given, mut refused) = (0, 0);
        for call in calls.collect::<Vec<_>>() {
            match call.await.unwrap() {
                Ok(_) => given += 1,
                Err(LoadError::Overloaded) => refused += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        let expected = if outage { (10, 490, 10) } else { (500, 0, 0) };
        assert_eq!((given, refused, most.load(SeqCst)), expected);
    }
}
