#![allow(clippy::unwrap_used, reason = "test")]

use std::{sync::Arc, time::Duration};

use stockpile_cache::{BreakerState, Cache, Failure, Health, MemoryBackend, Stored, testkit::ChaosBackend};
use tokio::time::{Instant, sleep};

use crate::kit::{MILLI, PAGE, Rig, SECOND, settle, text};

/// Three reads that fail.
async fn open(rig: &Rig) {
    rig.chaos.fail(true);
    for key in ["a", "b", "c"] {
        rig.cache.get(&PAGE, key).await;
    }
    assert_eq!(state(rig), BreakerState::Open);
}

fn state(rig: &Rig) -> BreakerState {
    rig.cache.remote_health().unwrap().state
}

#[tokio::test(start_paused = true)]
async fn open_breaker_answers_at_once_without_calling_the_backend() {
    let rig = Rig::tiered();
    rig.cache.set(&PAGE, "before", text("v")).await;
    open(&rig).await;
    rig.chaos.delay(SECOND * 3600);
    let (calls, start) = (rig.chaos.calls(), Instant::now());
    rig.cache.get(&PAGE, "k").await;
    rig.cache.get_many(&PAGE, &["k", "l"]).await;
    rig.load("v").await.unwrap();
    assert_eq!(rig.cache.set(&PAGE, "k", text("w")).await.l2, Stored::Queued);
    assert!(rig.cache.delete(&PAGE, "k").await.queued);
    assert!(rig.cache.delete_pattern("page:*").await.queued);
    assert_eq!((rig.chaos.calls(), start.elapsed()), (calls, Duration::ZERO));
    assert!(rig.cache.stats().backend.not_asked >= 5);
}

#[tokio::test(start_paused = true)]
async fn requests_after_the_breaker_opened_wait_for_nothing() {
    let rig = Rig::tiered();
    rig.chaos.delay(SECOND * 3600);
    let start = Instant::now();
    for _ in 0..3 {
        rig.cache.get(&PAGE, "k").await;
    }
    assert!(start.elapsed() <= MILLI * 160, "{:?}", start.elapsed());
    let opened = Instant::now();
    for _ in 0..1000 {
        rig.load("v").await.unwrap();
        rig.clock.advance(SECOND * 11);
    }
    assert_eq!(opened.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn one_request_waits_no_longer_than_its_budget_over_all_it_asks() {
    let rig =
        Rig::with(|builder, chaos| builder.backend(Arc::new(chaos.clone())).budget(MILLI * 40).breaker(9));
    rig.chaos.hold_writes(true);
    let cache = rig.cache.clone();
    let first = tokio::spawn(async move { cache.set(&PAGE, "k", text("v")).await });
    settle().await;
    sleep(MILLI * 20).await;
    rig.chaos.delay(SECOND);
    // Waits 20 ms for the write before it, and what is left for its own.
    let start = Instant::now();
    assert_eq!(rig.cache.set(&PAGE, "k", text("w")).await.l2, Stored::Queued);
    assert!(start.elapsed() <= MILLI * 42, "{:?}", start.elapsed());
    assert_eq!(first.await.unwrap().l2, Stored::Queued);
}

#[tokio::test(start_paused = true)]
async fn only_probes_reach_a_backend_that_is_left_alone() {
    let rig = Rig::tiered();
    open(&rig).await;
    let (calls, pings) = (rig.chaos.calls(), rig.chaos.pings());
    for _ in 0..100 {
        rig.cache.get(&PAGE, "k").await;
        sleep(MILLI * 100).await;
    }
    let pings = rig.chaos.pings() - pings;
    assert_eq!(rig.chaos.calls() - calls, pings);
    assert!((18..=40).contains(&pings), "{pings} in 10 seconds, half a second apart or a little less");
}

#[tokio::test(start_paused = true)]
async fn outage_of_ten_minutes_is_over_within_a_second_of_its_end() {
    let rig = Rig::tiered();
    open(&rig).await;
    for _ in 0..60 {
        rig.load("v").await.unwrap();
        rig.clock.advance(SECOND * 10);
        sleep(SECOND * 10).await;
    }
    rig.chaos.fail(false);
    sleep(SECOND).await;
    let health = rig.cache.remote_health().unwrap();
    assert_eq!((health.state, health.health, health.times_opened), (BreakerState::Closed, Health::Up, 1));
    assert!(health.last_outage.unwrap() > SECOND * 600 && health.last_outage.unwrap() < SECOND * 601);
    assert_eq!(rig.cache.set(&PAGE, "k", text("w")).await.l2, Stored::Stored);
    assert_eq!(rig.node().get(&PAGE, "k").await, Some(text("w")));
}

#[tokio::test(start_paused = true)]
async fn backend_that_says_it_is_down_is_not_asked_at_all() {
    let rig = Rig::tiered();
    rig.chaos.say(Some(Health::Down));
    rig.cache.get(&PAGE, "k").await;
    assert_eq!((rig.chaos.calls(), state(&rig)), (0, BreakerState::Open));
    sleep(SECOND).await;
    assert_eq!(state(&rig), BreakerState::Open, "it answers, and still says it is down");
    rig.chaos.say(None);
    sleep(SECOND).await;
    assert_eq!(state(&rig), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn refused_writes_leave_reads_alone() {
    let rig = Rig::remote();
    rig.cache.set(&PAGE, "other", text("v")).await;
    rig.cache.set(&PAGE, "k", text("old")).await;
    rig.chaos.refuse_writes(true);
    for _ in 0..20 {
        assert_eq!(rig.cache.set(&PAGE, "k", text("new")).await.l2, Stored::Failed);
        assert!(rig.cache.delete(&PAGE, "l").await.queued);
    }
    assert_eq!(state(&rig), BreakerState::Closed);
    assert_eq!(rig.cache.get(&PAGE, "other").await, Some(text("v")));
    assert_eq!(rig.cache.get(&PAGE, "k").await, None, "the old value was replaced");
    assert!(rig.cache.stats().backend.refused >= 2);
    rig.chaos.refuse_writes(false);
    assert!(rig.cache.flush(SECOND * 3).await);
    assert_eq!(rig.node().get(&PAGE, "k").await, None);
}

#[tokio::test(start_paused = true)]
async fn panics_and_late_answers_open_the_breaker_as_errors_do() {
    for late in [false, true] {
        let rig = Rig::tiered();
        rig.chaos.panic(!late);
        rig.chaos.delay(if late { SECOND } else { Duration::ZERO });
        for _ in 0..3 {
            rig.cache.set(&PAGE, "k", text("v")).await;
            rig.cache.delete(&PAGE, "l").await;
        }
        let health = rig.cache.remote_health().unwrap();
        assert_eq!(health.state, BreakerState::Open);
        assert_eq!(health.last_failure, Some(if late { Failure::TimedOut } else { Failure::Unreachable }));
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_backend_never_had_is_no_failure() {
    let rig = Rig::with(|builder, _| builder.backend(Arc::new(stockpile_cache::NoopBackend)));
    for _ in 0..10 {
        rig.cache.set(&PAGE, "k", text("v")).await;
        rig.cache.clear().await;
    }
    let health = rig.cache.remote_health().unwrap();
    assert_eq!((health.state, health.queued), (BreakerState::Closed, 0));
}

#[test]
fn probing_goes_on_in_another_runtime_when_its_own_is_gone() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let chaos = ChaosBackend::new(Arc::new(MemoryBackend::new(1 << 20)));
    let cache = Cache::builder().backend(Arc::new(chaos.clone())).build().unwrap();
    chaos.fail(true);
    runtime().block_on(async {
        for _ in 0..3 {
            cache.get(&PAGE, "k").await;
        }
    });
    chaos.fail(false);
    let pings = chaos.pings();
    runtime().block_on(async {
        for _ in 0..300 {
            cache.get(&PAGE, "k").await;
            if cache.remote_health().unwrap().state == BreakerState::Closed {
                break;
            }
            sleep(MILLI * 10).await;
        }
    });
    assert_eq!(cache.remote_health().unwrap().state, BreakerState::Closed);
    assert!(chaos.pings() > pings);
}

#[tokio::test(start_paused = true)]
async fn dropped_cache_is_not_kept_alive_by_its_probes() {
    let rig = Rig::tiered();
    open(&rig).await;
    let Rig { cache, chaos, .. } = rig;
    drop(cache);
    let pings = chaos.pings();
    sleep(SECOND * 10).await;
    assert_eq!(chaos.pings(), pings);
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn health_tells_how_long_and_what_comes_next() {
    let rig = Rig::tiered();
    let calm = rig.cache.remote_health().unwrap();
    assert_eq!((calm.health, calm.state, calm.next_probe), (Health::Up, BreakerState::Closed, None));
    open(&rig).await;
    rig.cache.delete(&PAGE, "k").await;
    sleep(MILLI * 30).await;
    let down = rig.cache.remote_health().unwrap();
    assert_eq!((down.health, down.for_time, down.queued), (Health::Down, MILLI * 30, 1));
    assert_eq!((down.last_failure, down.times_opened), (Some(Failure::Unreachable), 1));
    assert!(down.next_probe.unwrap() <= MILLI * 70 && down.queued_bytes > 0);
    assert_eq!(rig.cache.stats().backend.unreachable, 3);
    assert_eq!(Cache::in_memory().remote_health(), None);
}
