use std::time::Duration;

use bytes::Bytes;
use stockpile_cache::{Answer, LoadError, Tier, Why};

use crate::kit::{Gate, MILLI, PAGE, Rig, SECOND, settle, text};

fn stale(tier: Tier, why: Why) -> Answer {
    Answer::Stale { tier, why }
}

#[tokio::test]
async fn default_stands_in_for_a_load_that_gives_nothing_and_is_never_stored() {
    for rig in [Rig::local(), Rig::tiered(), Rig::remote()] {
        let get = async |load: Result<Bytes, &'static str>| {
            let entry = rig.cache.entry(&PAGE, "k").with_outcome();
            let (value, outcome) = entry.get_or_load_or(text("default"), move |_| async { load }).await;
            (value, outcome.answer)
        };
        for _ in 0..2 {
            assert_eq!(get(Err("down")).await, (text("default"), Answer::Default));
            assert_eq!(rig.cache.get(&PAGE, "k").await, None);
        }
        assert_eq!(rig.stats().load_errors, 2);
        assert_eq!(get(Ok(text("v"))).await.0, text("v"));
        settle().await;
        rig.clock.advance(SECOND * 15);
        let (value, answer) = get(Err("down")).await;
        assert!(value == text("v") && matches!(answer, Answer::Stale { .. }), "{answer:?}");
        let late = rig.cache.entry(&PAGE, "other").hard_timeout(Duration::ZERO);
        assert_eq!(late.get_or_load_or(text("default"), |_| async { Err("down") }).await, text("default"));
    }
}

#[tokio::test]
async fn failed_load_gives_the_stale_value_and_says_why() {
    let rig = Rig::local();
    rig.load("old").await.unwrap();
    rig.clock.advance(SECOND * 15);
    let (value, outcome) = rig.fail().await.unwrap();
    assert_eq!((value, outcome.label(), outcome.tier()), (text("old"), "stale", Some(Tier::L1)));
    assert_eq!(outcome.answer, stale(Tier::L1, Why::LoaderFailed));
    assert_eq!(
        (outcome.age, outcome.fresh_for, outcome.usable_for),
        (SECOND * 15, Duration::ZERO, SECOND * 55)
    );
    assert_eq!((rig.stats().stale_hits_l1, rig.stats().load_errors), (1, 1));
}

#[tokio::test]
async fn stale_value_of_the_backend_stands_in_on_a_node_that_never_had_it() {
    let rig = Rig::tiered();
    rig.load("old").await.unwrap();
    rig.clock.advance(SECOND * 15);
    let other = rig.node();
    let answer = other.entry(&PAGE, "k").with_outcome().get_or_load(|_| async { Err("down") }).await;
    let (value, outcome) = answer.unwrap();
    assert_eq!((value, outcome.answer), (text("old"), stale(Tier::L2, Why::LoaderFailed)));
}

#[tokio::test]
async fn after_the_window_the_error_comes_out() {
    for rig in [Rig::local(), Rig::tiered()] {
        rig.load("old").await.unwrap();
        rig.clock.advance(SECOND * 70 - MILLI);
        assert!(rig.fail().await.is_ok());
        rig.clock.advance(MILLI);
        assert_eq!(rig.fail().await.unwrap_err().loader(), Some(&"down"));
    }
}

#[tokio::test]
async fn call_that_wants_no_stale_value_gets_none() {
    let rig = Rig::tiered();
    rig.load("old").await.unwrap();
    rig.clock.advance(SECOND * 15);
    let entry = rig.cache.entry(&PAGE, "k").stale(Duration::ZERO);
    assert!(entry.get_or_load(|_| async { Err("down") }).await.is_err());
    assert_eq!(rig.cache.get(&PAGE, "k").await, None, "a plain read gives fresh values only");
}

#[tokio::test]
async fn deleted_value_never_comes_back_as_a_stale_one() {
    let rig = Rig::tiered();
    rig.load("old").await.unwrap();
    rig.clock.advance(SECOND * 15);
    rig.cache.delete(&PAGE, "k").await;
    assert!(rig.fail().await.is_err());
}

#[tokio::test]
async fn failed_load_is_not_tried_again_within_the_throttle_time() {
    let rig = Rig::tiered();
    rig.load("old").await.unwrap();
    rig.clock.advance(SECOND * 15);
    for _ in 0..100 {
        assert_eq!(rig.fail().await.unwrap().1.answer, stale(Tier::L1, Why::LoaderFailed));
    }
    assert_eq!((rig.stats().loads, rig.stats().load_errors, rig.stats().stale_hits()), (2, 1, 100));
    rig.clock.advance(SECOND * 30);
    assert_eq!(rig.load("new").await.unwrap().0, text("new"));
}

#[tokio::test]
async fn panic_of_a_loader_gives_the_stale_value() {
    let rig = Rig::local();
    rig.load("old").await.unwrap();
    rig.clock.advance(SECOND * 15);
    let entry = rig.cache.entry(&PAGE, "k");
    assert_eq!(entry.get_or_load::<(), _, _>(|_| async { panic!("gone") }).await.unwrap(), text("old"));
}

#[tokio::test]
async fn zero_soft_timeout_gives_the_stale_value_at_once_and_refreshes_behind() {
    let (rig, gate) = (Rig::tiered(), Gate::new());
    rig.load("old").await.unwrap();
    rig.clock.advance(SECOND * 15);
    for _ in 0..10 {
        let inner = gate.clone();
        let load = move |_| async move {
            inner.pass().await;
            Ok::<_, ()>(text("new"))
        };
        let entry = rig.cache.entry(&PAGE, "k").soft_timeout(Duration::ZERO).with_outcome();
        let (value, outcome) = entry.get_or_load(load).await.unwrap();
        assert_eq!((value, outcome.answer), (text("old"), stale(Tier::L1, Why::SoftTimeout)));
    }
    gate.entered().await;
    gate.open();
    settle().await;
    assert_eq!(gate.calls(), 1);
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("new")));
}

#[tokio::test(start_paused = true)]
async fn soft_timeout_waits_as_long_as_it_says() {
    let rig = Rig::local();
    rig.load("old").await.unwrap();
    rig.clock.advance(SECOND * 15);
    let start = tokio::time::Instant::now();
    let load = |_| async {
        tokio::time::sleep(SECOND).await;
        Ok::<_, ()>(text("new"))
    };
    let entry = rig.cache.entry(&PAGE, "k").soft_timeout(MILLI * 100);
    assert_eq!(entry.get_or_load(load).await.unwrap(), text("old"));
    assert!((MILLI * 100..MILLI * 120).contains(&start.elapsed()));
    tokio::time::sleep(SECOND).await;
    assert_eq!(rig.cache.try_get_local(&PAGE, "k"), Some(text("new")), "the load went on");
}

#[tokio::test(start_paused = true)]
async fn soft_timeout_without_a_stale_value_waits_for_the_load() {
    let rig = Rig::tiered();
    let load = |_| async {
        tokio::time::sleep(SECOND).await;
        Ok::<_, ()>(text("new"))
    };
    let entry = rig.cache.entry(&PAGE, "k").soft_timeout(MILLI).hard_timeout(SECOND * 2);
    assert_eq!(entry.get_or_load(load).await.unwrap(), text("new"));
}

#[tokio::test(start_paused = true)]
async fn hard_timeout_gives_the_stale_value_and_spares_the_next_callers_the_wait() {
    let (rig, gate) = (Rig::local(), Gate::new());
    rig.load("old").await.unwrap();
    rig.clock.advance(SECOND * 15);
    let background = gate.spawn(&rig.cache, "new");
    gate.entered().await;
    for expected in [MILLI * 100, Duration::ZERO] {
        let start = tokio::time::Instant::now();
        let entry = rig.cache.entry(&PAGE, "k").hard_timeout(MILLI * 100).with_outcome();
        let (_, outcome) = entry.get_or_load(|_| async { Err("unused") }).await.unwrap();
        assert_eq!(outcome.answer, stale(Tier::L1, Why::HardTimeout));
        assert_eq!(start.elapsed(), expected);
    }
    gate.open();
    background.await.unwrap().unwrap();
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("new")));
}

#[tokio::test(start_paused = true)]
async fn hard_timeout_without_a_stale_value_is_an_error_and_the_load_fills_later() {
    let (rig, gate) = (Rig::tiered(), Gate::new());
    let inner = gate.clone();
    let load = move |_| async move {
        inner.pass().await;
        Ok::<_, ()>(text("late"))
    };
    let error = rig.cache.entry(&PAGE, "k").hard_timeout(SECOND).get_or_load(load).await.unwrap_err();
    assert!(matches!(error, LoadError::Timeout(after) if after == SECOND));
    gate.open();
    settle().await;
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("late")));
}

#[tokio::test]
async fn loader_sees_the_stale_value() {
    let rig = Rig::local();
    rig.load("old").await.unwrap();
    rig.clock.advance(SECOND * 15);
    let load =
        |cx: stockpile_cache::LoadCx<bytes::Bytes>| async move { Ok::<_, ()>(cx.stale().unwrap().clone()) };
    let (value, outcome) = rig.cache.entry(&PAGE, "k").with_outcome().get_or_load(load).await.unwrap();
    assert_eq!((value, outcome.age, outcome.fresh_for), (text("old"), Duration::ZERO, SECOND * 10));
}

#[tokio::test]
async fn read_that_takes_stale_values_loads_nothing_and_gives_what_is_there() {
    for rig in [Rig::local(), Rig::tiered(), Rig::remote()] {
        let read = || rig.cache.entry(&PAGE, "k").with_outcome().get_or_stale();
        assert_eq!(read().await, None);
        rig.cache.set(&PAGE, "k", text("price")).await;
        let (value, outcome) = read().await.unwrap();
        assert_eq!((value, outcome.label()), (text("price"), "hit"));
        rig.clock.advance(SECOND * 70 - MILLI);
        let (value, outcome) = read().await.unwrap();
        let tier = outcome.tier().unwrap();
        assert_eq!((value, outcome.answer), (text("price"), stale(tier, Why::NotLoaded)));
        assert_eq!((outcome.age, outcome.usable_for), (SECOND * 70 - MILLI, MILLI));
        let own = rig.cache.entry(&PAGE, "k").stale(Duration::ZERO);
        assert_eq!(own.get_or_stale().await, None, "a call that wants none");
        rig.clock.advance(MILLI);
        assert_eq!(read().await, None, "after the window");
        let stats = rig.stats();
        assert_eq!((stats.loads, stats.hits(), stats.stale_hits(), stats.misses), (0, 1, 1, 3));
    }
}

#[tokio::test]
async fn read_that_takes_stale_values_sees_another_nodes_and_outlives_the_backend() {
    let rig = Rig::tiered();
    let other = rig.node();
    rig.cache.set(&PAGE, "k", text("price")).await;
    rig.clock.advance(SECOND * 15);
    assert_eq!(other.entry(&PAGE, "k").get_or_stale().await, Some(text("price")));
    rig.chaos.fail(true);
    assert_eq!(other.entry(&PAGE, "k").get_or_stale().await, Some(text("price")));
    rig.chaos.fail(false);
    rig.cache.delete(&PAGE, "k").await;
    assert_eq!(rig.cache.entry(&PAGE, "k").get_or_stale().await, None, "what was removed stays away");
}
