//! Writes that got no answer and land later.
#![allow(clippy::unwrap_used, reason = "test")]

use std::sync::Arc;

use stockpile_cache::{Backend, BreakerState, Namespace, RawKey, Stored};
use tokio::time::sleep;

use crate::kit::{MILLI, PAGE, Rig, SECOND, text};

fn patient() -> Rig {
    Rig::with(|builder, chaos| builder.backend(Arc::new(chaos.clone())).l1_max_bytes(0).breaker(100))
}

async fn backend_has(rig: &Rig, key: &str) -> bool {
    rig.chaos.get(&RawKey::new(&Namespace::default(), "page", key)).await.unwrap().is_some()
}

#[tokio::test(start_paused = true)]
async fn deletion_is_repeated_when_an_older_write_lands_after_it() {
    let rig = patient();
    rig.chaos.late_writes(true);
    assert_eq!(rig.cache.set(&PAGE, "k", text("ghost")).await.l2, Stored::Queued);
    rig.chaos.late_writes(false);
    let removed = rig.cache.delete(&PAGE, "k").await;
    assert_eq!((removed.complete, removed.queued), (false, true), "an older write may still land");
    assert_eq!(rig.chaos.land().await.unwrap(), 1);
    assert!(backend_has(&rig, "k").await);
    assert_eq!(rig.cache.get(&PAGE, "k").await, None, "the ghost is not believed");
    assert!(rig.cache.flush(SECOND * 3).await);
    assert!(!backend_has(&rig, "k").await);
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
}

#[tokio::test(start_paused = true)]
async fn newer_value_is_repeated_when_an_older_one_lands_after_it() {
    let rig = patient();
    rig.chaos.late_writes(true);
    rig.cache.set(&PAGE, "k", text("ghost")).await;
    rig.chaos.late_writes(false);
    assert_eq!(rig.cache.set(&PAGE, "k", text("new")).await.l2, Stored::Stored);
    assert_eq!(rig.node().get(&PAGE, "k").await, Some(text("new")), "others see it at once");
    rig.chaos.land().await.unwrap();
    assert_eq!(rig.cache.get(&PAGE, "k").await, None, "the ghost is not believed");
    assert!(rig.cache.flush(SECOND * 3).await);
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("new")));
}

#[tokio::test(start_paused = true)]
async fn ghosts_of_a_frozen_backend_are_laid_whenever_they_land() {
    // So many milliseconds after the thaw; a second after the first answer none is waited for any more.
    for lands_after in [0, 20, 90, 400, 990] {
        let rig = Rig::remote();
        rig.cache.set(&PAGE, "other", text("old")).await;
        rig.chaos.late_writes(true);
        rig.chaos.delay(SECOND * 3600);
        rig.cache.set(&PAGE, "k", text("ghost")).await;
        rig.cache.set(&PAGE, "other", text("ghost")).await;
        rig.cache.get(&PAGE, "x").await;
        assert_eq!(rig.cache.remote_health().unwrap().state, BreakerState::Open);
        rig.cache.delete(&PAGE, "k").await;
        rig.cache.set(&PAGE, "other", text("new")).await;
        sleep(SECOND * 600).await;
        rig.chaos.late_writes(false);
        rig.chaos.delay(std::time::Duration::ZERO);
        sleep(MILLI * lands_after).await;
        assert!(rig.chaos.land().await.unwrap() >= 2);
        assert_eq!(rig.cache.get(&PAGE, "k").await, None);
        assert!(rig.cache.flush(SECOND * 3).await);
        assert!(!backend_has(&rig, "k").await, "{lands_after}");
        assert_eq!(rig.cache.get(&PAGE, "other").await, Some(text("new")), "{lands_after}");
    }
}

#[tokio::test(start_paused = true)]
async fn ghost_of_a_load_does_not_bring_back_what_was_deleted() {
    let rig = patient();
    rig.chaos.late_writes(true);
    rig.load("ghost").await.unwrap();
    sleep(MILLI * 60).await;
    rig.chaos.late_writes(false);
    rig.cache.delete(&PAGE, "k").await;
    rig.chaos.land().await.unwrap();
    assert!(rig.cache.flush(SECOND * 3).await);
    assert!(!backend_has(&rig, "k").await);
}

#[tokio::test(start_paused = true)]
async fn ghost_does_not_survive_a_clear() {
    let rig = patient();
    rig.chaos.late_writes(true);
    rig.cache.set(&PAGE, "k", text("ghost")).await;
    rig.chaos.late_writes(false);
    rig.cache.clear().await;
    rig.chaos.land().await.unwrap();
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
    assert!(rig.cache.flush(SECOND * 3).await);
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
    assert_eq!(rig.node().get(&PAGE, "k").await, None);
}

#[tokio::test(start_paused = true)]
async fn replay_that_gets_no_answer_is_itself_a_ghost() {
    let rig = patient();
    rig.chaos.fail(true);
    rig.cache.set(&PAGE, "k", text("old")).await;
    rig.chaos.fail(false);
    rig.chaos.late_writes(true);
    // The replay of the value is under way when the entry is deleted.
    sleep(MILLI * 150).await;
    rig.cache.delete(&PAGE, "k").await;
    rig.chaos.late_writes(false);
    sleep(MILLI * 300).await;
    rig.chaos.land().await.unwrap();
    assert!(rig.cache.flush(SECOND * 3).await);
    assert!(!backend_has(&rig, "k").await);
}

#[tokio::test(start_paused = true)]
async fn other_keys_are_believed_all_the_while() {
    let rig = patient();
    rig.cache.set(&PAGE, "other", text("v")).await;
    rig.chaos.late_writes(true);
    rig.cache.set(&PAGE, "k", text("ghost")).await;
    assert_eq!(rig.cache.get(&PAGE, "other").await, Some(text("v")));
    assert_eq!(rig.cache.get_many(&PAGE, &["k", "other"]).await, [None, Some(text("v"))]);
}

#[tokio::test(start_paused = true)]
async fn this_process_serves_its_own_value_all_the_while() {
    let rig = Rig::tiered();
    rig.chaos.late_writes(true);
    rig.cache.set(&PAGE, "k", text("v")).await;
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("v")));
}

#[test]
fn write_whose_runtime_ended_is_sent_again() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let rig = patient();
    runtime().block_on(async { rig.cache.set(&PAGE, "k", text("old")).await });
    rig.chaos.hold_writes(true);
    let first = runtime();
    let cache = rig.cache.clone();
    first.spawn(async move { cache.delete(&PAGE, "k").await });
    first.block_on(crate::kit::settle());
    drop(first);
    rig.chaos.hold_writes(false);
    runtime().block_on(async {
        assert_eq!(rig.cache.get(&PAGE, "k").await, None, "nobody knows whether it was deleted");
        assert!(rig.cache.flush(SECOND * 5).await);
        assert!(!backend_has(&rig, "k").await);
    });
}
