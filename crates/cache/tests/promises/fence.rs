use stockpile_cache::Answer;

use crate::kit::{Gate, PAGE, Rig, SECOND, settle, text};

#[tokio::test]
async fn entry_deleted_during_its_load_is_not_stored() {
    for rig in [Rig::local(), Rig::tiered(), Rig::remote()] {
        let gate = Gate::new();
        let call = gate.spawn(&rig.cache, "old");
        gate.entered().await;
        rig.cache.delete(&PAGE, "k").await;
        gate.open();
        let (value, outcome) = call.await.unwrap().unwrap();
        assert_eq!(value, text("old"), "the caller that asked before gets what it asked for");
        assert!(matches!(outcome.answer, Answer::Loaded { stored: false, .. }));
        settle().await;
        assert_eq!(rig.cache.get(&PAGE, "k").await, None);
        assert_eq!(rig.chaos.writes(), 0);
    }
}

#[tokio::test]
async fn value_set_during_a_load_wins() {
    for rig in [Rig::local(), Rig::tiered(), Rig::remote()] {
        let gate = Gate::new();
        let call = gate.spawn(&rig.cache, "loaded");
        gate.entered().await;
        rig.cache.set(&PAGE, "k", text("set")).await;
        gate.open();
        call.await.unwrap().unwrap();
        settle().await;
        assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("set")));
    }
}

#[tokio::test]
async fn clear_and_pattern_keep_running_loads_from_filling() {
    for pattern in [None, Some("page:*")] {
        let (rig, gate) = (Rig::tiered(), Gate::new());
        let call = gate.spawn(&rig.cache, "old");
        gate.entered().await;
        let complete = match pattern {
            None => rig.cache.clear().await.complete,
            Some(pattern) => rig.cache.delete_pattern(pattern).await.complete,
        };
        assert!(complete);
        gate.open();
        call.await.unwrap().unwrap();
        settle().await;
        assert_eq!(rig.cache.get(&PAGE, "k").await, None);
        assert_eq!(rig.chaos.writes(), 0);
    }
}

#[tokio::test]
async fn pattern_leaves_loads_of_other_keys_alone() {
    let (rig, gate) = (Rig::tiered(), Gate::new());
    let call = gate.spawn(&rig.cache, "v");
    gate.entered().await;
    rig.cache.delete_pattern("page:other*").await;
    gate.open();
    call.await.unwrap().unwrap();
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("v")));
}

#[tokio::test]
async fn caller_after_a_deletion_does_not_join_an_older_load() {
    let (rig, old, new) = (Rig::tiered(), Gate::new(), Gate::new());
    let before = old.spawn(&rig.cache, "old");
    old.entered().await;
    rig.cache.delete(&PAGE, "k").await;
    let after = new.spawn(&rig.cache, "new");
    new.entered().await;
    old.open();
    assert_eq!(before.await.unwrap().unwrap().0, text("old"));
    new.open();
    assert_eq!(after.await.unwrap().unwrap().0, text("new"));
    settle().await;
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("new")));
    assert_eq!(rig.node().get(&PAGE, "k").await, Some(text("new")));
}

#[tokio::test(start_paused = true)]
async fn deletion_comes_after_a_fill_that_is_being_written() {
    let rig = Rig::tiered();
    rig.chaos.hold_writes(true);
    rig.load("old").await.unwrap();
    settle().await;
    let cache = rig.cache.clone();
    let delete = tokio::spawn(async move { cache.delete(&PAGE, "k").await });
    settle().await;
    assert_eq!((rig.chaos.writes(), rig.chaos.deletes()), (1, 0), "the deletion waits for the write");
    rig.chaos.hold_writes(false);
    assert!(delete.await.unwrap().complete);
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
}

#[tokio::test(start_paused = true)]
async fn sets_reach_the_backend_in_their_order() {
    let rig = Rig::tiered();
    rig.chaos.hold_writes(true);
    let set = |value| {
        let cache = rig.cache.clone();
        tokio::spawn(async move { cache.set(&PAGE, "k", text(value)).await })
    };
    let first = set("first");
    settle().await;
    let second = set("second");
    settle().await;
    assert_eq!(rig.chaos.writes(), 1, "the second waits for the first");
    rig.chaos.hold_writes(false);
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(rig.node().get(&PAGE, "k").await, Some(text("second")));
}

#[tokio::test(start_paused = true)]
async fn reader_during_a_deletion_does_not_bring_the_entry_back() {
    for sweep in [false, true] {
        let rig = Rig::tiered();
        rig.cache.set(&PAGE, "k", text("old")).await;
        rig.chaos.hold_writes(true);
        let cache = rig.cache.clone();
        let delete = tokio::spawn(async move {
            if sweep { cache.clear().await.complete } else { cache.delete(&PAGE, "k").await.complete }
        });
        settle().await;
        let cache = rig.cache.clone();
        let read = tokio::spawn(async move { cache.get(&PAGE, "k").await });
        settle().await;
        rig.chaos.hold_writes(false);
        assert!(delete.await.unwrap());
        assert_eq!(read.await.unwrap(), None);
        assert_eq!(rig.cache.get(&PAGE, "k").await, None);
    }
}

#[tokio::test]
async fn stale_value_deleted_during_a_load_that_fails_is_gone() {
    let (rig, gate) = (Rig::tiered(), Gate::new());
    rig.load("old").await.unwrap();
    rig.clock.advance(SECOND * 15);
    let (cache, inner) = (rig.cache.clone(), gate.clone());
    let call = tokio::spawn(async move {
        let load = move |_| async move {
            inner.pass().await;
            Err("down")
        };
        cache.entry(&PAGE, "k").get_or_load(load).await
    });
    gate.entered().await;
    rig.cache.delete(&PAGE, "k").await;
    gate.open();
    assert!(call.await.unwrap().is_err());
    assert_eq!(rig.cache.stats().l1_keys, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn storm_of_a_hundred_thousand_loads_and_deletions_leaves_nothing_behind() {
    let rig = Rig::tiered();
    let tasks: Vec<_> = (0..8)
        .map(|task: usize| {
            let cache = rig.cache.clone();
            tokio::spawn(async move {
                for round in 0..12_500 {
                    let key = ((task + round) % 5).to_string();
                    match round % 4 {
                        0 => drop(cache.delete(&PAGE, &key).await),
                        1 => {
                            // Dropped at its first wait.
                            let load =
                                cache.entry(&PAGE, &key).get_or_load(|_| async { Ok::<_, ()>(text("v")) });
                            let _ = tokio::time::timeout(std::time::Duration::ZERO, load).await;
                        }
                        2 => drop(cache.entry(&PAGE, &key).get_or_load(|_| async { Err::<_, ()>(()) }).await),
                        _ => drop(
                            cache.entry(&PAGE, &key).get_or_load(|_| async { Ok::<_, ()>(text("v")) }).await,
                        ),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    // Loads whose callers are gone may still be landing.
    for _ in 0..1000 {
        if rig.cache.stats().in_flight == 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{:?}", rig.cache.stats());
}

#[tokio::test(start_paused = true)]
async fn running_pattern_deletion_makes_only_what_it_matches_wait() {
    let rig = Rig::remote();
    for key in ["a1", "b1"] {
        rig.cache.set(&PAGE, key, text("v")).await;
    }
    rig.chaos.hold_writes(true);
    let sweep = {
        let cache = rig.cache.clone();
        tokio::spawn(async move { cache.delete_pattern("page:a*").await })
    };
    settle().await;
    let start = tokio::time::Instant::now();
    assert_eq!(rig.cache.get(&PAGE, "b1").await, Some(text("v")));
    assert_eq!(rig.cache.get_many(&PAGE, &["b1"]).await, [Some(text("v"))]);
    assert_eq!(start.elapsed(), std::time::Duration::ZERO);
    assert_eq!(rig.cache.get(&PAGE, "a1").await, None, "not what is being removed");
    assert!(!sweep.is_finished());
    rig.chaos.hold_writes(false);
    assert_eq!(sweep.await.unwrap().keys, 1);
}

#[tokio::test(start_paused = true)]
async fn read_waits_for_a_deletion_also_when_a_refresh_that_writes_nothing_came_between() {
    let rig = Rig::with(|builder, chaos| {
        builder.backend(std::sync::Arc::new(chaos.clone())).budget(SECOND * 10).breaker(100).l1_max_bytes(0)
    });
    rig.node().set(&PAGE, "k", text("old")).await;
    rig.chaos.hold_writes(true);
    let delete = {
        let cache = rig.cache.clone();
        tokio::spawn(async move { cache.delete(&PAGE, "k").await })
    };
    settle().await;
    // Without the counters nothing can be written.
    rig.chaos.fail(true);
    let refreshed = rig.cache.entry(&PAGE, "k").refresh(|_| async { Ok::<_, ()>(text("new")) }).await;
    assert_eq!(refreshed.unwrap(), text("new"));
    rig.chaos.fail(false);
    let read = {
        let cache = rig.cache.clone();
        tokio::spawn(async move { cache.get(&PAGE, "k").await })
    };
    settle().await;
    assert!(!read.is_finished(), "the deletion is still under way");
    rig.chaos.hold_writes(false);
    assert!(delete.await.unwrap().existed);
    assert_eq!(read.await.unwrap(), None);
}
