use std::time::Duration;

use stockpile_cache::{Answer, Cache, LoadError};

use crate::kit::{Gate, MILLI, PAGE, Rig, SECOND, load, settle, text};

#[tokio::test]
async fn a_thousand_concurrent_misses_are_one_load_and_one_write() {
    for rig in [Rig::local(), Rig::tiered(), Rig::remote()] {
        let gate = Gate::new();
        let calls: Vec<_> = (0..1000).map(|_| gate.spawn(&rig.cache, "v")).collect();
        gate.entered().await;
        settle().await;
        gate.open();
        let mut loaded = 0;
        for call in calls {
            let (value, outcome) = call.await.unwrap().unwrap();
            assert_eq!((value, outcome.label()), (text("v"), "miss"));
            loaded += u64::from(matches!(outcome.answer, Answer::Loaded { .. }));
        }
        assert_eq!((gate.calls(), loaded), (1, 1));
        let stats = rig.stats();
        assert_eq!((stats.loads, stats.joins, stats.misses, stats.calls()), (1, 999, 1000, 1000));
        assert!(rig.chaos.writes() <= 1 && rig.chaos.reads() <= 1);
        assert_eq!(rig.cache.stats().in_flight, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_that_miss_together_load_once() {
    for round in 0..50 {
        let (rig, gate) = (Rig::local(), Gate::new());
        gate.open();
        let calls: Vec<_> = (0..64).map(|_| gate.spawn(&rig.cache, "v")).collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        assert_eq!(gate.calls(), 1, "round {round}");
    }
}

#[tokio::test]
async fn cache_that_keeps_nothing_still_loads_once_at_a_time() {
    let (cache, gate) = (Cache::disabled(), Gate::new());
    let calls: Vec<_> = (0..50).map(|_| gate.spawn(&cache, "v")).collect();
    gate.entered().await;
    settle().await;
    gate.open();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(gate.calls(), 1);
    assert_eq!(cache.get(&PAGE, "k").await, None);
    let (_, outcome) = load(&cache, "again").await.unwrap();
    assert!(matches!(outcome.answer, Answer::Loaded { stored: false, .. }));
    assert_eq!(cache.stats().l1_keys, 0);
}

#[tokio::test]
async fn keys_do_not_wait_for_one_another() {
    let (rig, gate) = (Rig::tiered(), Gate::new());
    let stuck = gate.spawn(&rig.cache, "v");
    gate.entered().await;
    for number in 0..200 {
        let key = number.to_string();
        rig.cache.entry(&PAGE, &key).get_or_load(|_| async { Ok::<_, ()>(text("v")) }).await.unwrap();
    }
    gate.open();
    stuck.await.unwrap().unwrap();
}

#[tokio::test]
async fn load_goes_on_when_every_caller_is_gone() {
    let (rig, gate) = (Rig::tiered(), Gate::new());
    let calls = [gate.spawn(&rig.cache, "v"), gate.spawn(&rig.cache, "v")];
    gate.entered().await;
    for call in calls {
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
    }
    gate.open();
    settle().await;
    assert_eq!(rig.cache.try_get_local(&PAGE, "k"), Some(text("v")));
    assert_eq!(rig.node().get(&PAGE, "k").await, Some(text("v")));
    assert_eq!(rig.cache.stats().in_flight, 0);
}

#[tokio::test]
async fn followers_get_the_value_when_the_leader_is_gone() {
    let (rig, gate) = (Rig::local(), Gate::new());
    let leader = gate.spawn(&rig.cache, "v");
    gate.entered().await;
    let follower = gate.spawn(&rig.cache, "other");
    settle().await;
    leader.abort();
    gate.open();
    assert_eq!(follower.await.unwrap().unwrap().0, text("v"));
    assert_eq!(gate.calls(), 1);
}

#[tokio::test]
async fn follower_loads_itself_when_the_runtime_of_the_leader_is_gone() {
    let (rig, gate) = (Rig::local(), Gate::new());
    let theirs = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let entered = gate.clone();
    let cache = rig.cache.clone();
    theirs.spawn(async move { entered.spawn(&cache, "lost").await });
    gate.entered().await;
    let follower = gate.spawn(&rig.cache, "found");
    settle().await;
    theirs.shutdown_background();
    gate.entered().await;
    gate.open();
    assert_eq!(follower.await.unwrap().unwrap().0, text("found"));
}

#[tokio::test]
async fn panic_reaches_every_caller_as_an_error_and_the_next_call_loads() {
    let rig = Rig::tiered();
    let call = || {
        let cache = rig.cache.clone();
        tokio::spawn(async move {
            let load = |_| async {
                settle().await;
                panic!("no such table")
            };
            cache.entry(&PAGE, "k").get_or_load::<(), _, _>(load).await
        })
    };
    for call in [call(), call()] {
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(&error, LoadError::Panicked(message) if **message == *"no such table"), "{error}");
    }
    assert_eq!((rig.stats().loads, rig.stats().load_errors, rig.cache.stats().in_flight), (1, 1, 0));
    assert_eq!(rig.load("v").await.unwrap().0, text("v"));
}

#[tokio::test]
async fn error_is_shared_and_not_kept() {
    let rig = Rig::tiered();
    let (first, second) = tokio::join!(rig.fail(), rig.fail());
    for error in [first.unwrap_err(), second.unwrap_err()] {
        assert_eq!(error.loader(), Some(&"down"));
    }
    assert_eq!((rig.stats().loads, rig.stats().load_errors, rig.stats().misses), (1, 1, 2));
    assert_eq!(rig.load("v").await.unwrap().0, text("v"));
}

#[tokio::test(start_paused = true)]
async fn hard_timeout_of_a_follower_ends_its_wait_and_not_the_load() {
    let (rig, gate) = (Rig::local(), Gate::new());
    let leader = gate.spawn(&rig.cache, "v");
    gate.entered().await;
    let entry = rig.cache.entry(&PAGE, "k").hard_timeout(MILLI * 20);
    let error = entry.get_or_load(|_| async { Err("unused") }).await.unwrap_err();
    assert!(matches!(error, LoadError::Timeout(after) if after == MILLI * 20));
    gate.open();
    assert_eq!(leader.await.unwrap().unwrap().0, text("v"));
}

#[tokio::test]
async fn zero_hard_timeout_does_not_start_the_loader() {
    let rig = Rig::local();
    let entry = rig.cache.entry(&PAGE, "k").hard_timeout(Duration::ZERO);
    let error = entry.get_or_load::<(), _, _>(|_| async { panic!("started") }).await.unwrap_err();
    assert!(matches!(error, LoadError::Timeout(Duration::ZERO)));
    assert_eq!((rig.stats().loads, rig.stats().misses), (0, 1));
}

#[tokio::test]
async fn too_many_loads_are_refused_and_stale_values_stand_in() {
    let rig = Rig::with(|builder, _| builder.max_loads(1));
    rig.cache.set(&PAGE, "stale", text("old")).await;
    rig.clock.advance(SECOND * 10);
    let gate = Gate::new();
    let running = gate.spawn(&rig.cache, "v");
    gate.entered().await;
    let refused = rig.cache.entry(&PAGE, "new").get_or_load(|_| async { Ok::<_, ()>(text("v")) }).await;
    assert!(matches!(refused, Err(LoadError::Overloaded)));
    let stale = rig.cache.entry(&PAGE, "stale").get_or_load(|_| async { Ok::<_, ()>(text("v")) }).await;
    assert_eq!(stale.unwrap(), text("old"));
    gate.open();
    running.await.unwrap().unwrap();
}
