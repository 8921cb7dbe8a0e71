//! Loads of many keys at once.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use stockpile_cache::{Cache, Kind, LoadError, OneOfMany, Policy};

use crate::kit::{Gate, MILLI, PAGE, Rig, SECOND, settle, text};

type Asked = Arc<Mutex<Vec<Vec<String>>>>;

/// Loads every key but `absent`, and notes what it was asked for.
async fn load(cache: &Cache, keys: &[&str], asked: &Asked) -> Vec<OneOfMany<Bytes, &'static str>> {
    let asked = Arc::clone(asked);
    let load = move |mut missing: Vec<String>| async move {
        missing.sort();
        asked.lock().unwrap().push(missing.clone());
        let present = missing.into_iter().filter(|key| key != "absent");
        Ok(present.map(|key| (key.clone(), Bytes::from(format!("loaded {key}")))).collect())
    };
    cache.entries(&PAGE, keys).get_or_load_many(load).await
}

fn values(answers: &[OneOfMany<Bytes, &'static str>]) -> Vec<Option<String>> {
    let value = |answer: &OneOfMany<Bytes, &'static str>| {
        answer.clone().unwrap().map(|value| String::from_utf8(value.to_vec()).unwrap())
    };
    answers.iter().map(value).collect()
}

#[tokio::test]
async fn only_what_is_missing_is_loaded_and_in_one_call() {
    for rig in [Rig::local(), Rig::tiered(), Rig::remote()] {
        let asked = Asked::default();
        rig.cache.set(&PAGE, "b", text("set")).await;
        let answers = load(&rig.cache, &["a", "b", "c", "absent", "a"], &asked).await;
        let expected = [Some("loaded a"), Some("set"), Some("loaded c"), None, Some("loaded a")];
        assert_eq!(values(&answers), expected.map(|value| value.map(str::to_owned)));
        settle().await;
        load(&rig.cache, &["a", "b", "c"], &asked).await;
        assert_eq!(*asked.lock().unwrap(), [["a", "absent", "c"]]);
        assert_eq!(rig.cache.get(&PAGE, "c").await, Some(text("loaded c")));
        assert_eq!(rig.stats().loads, 1);
        assert_eq!(rig.cache.stats().in_flight, 0);
    }
}

#[tokio::test]
async fn nothing_asked_for_or_all_at_hand_calls_no_loader() {
    let (rig, asked) = (Rig::tiered(), Asked::default());
    assert!(load(&rig.cache, &[], &asked).await.is_empty());
    rig.cache.set(&PAGE, "a", text("v")).await;
    load(&rig.cache, &["a"], &asked).await;
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn key_that_is_being_loaded_is_waited_for_not_loaded_again() {
    let (rig, gate, asked) = (Rig::tiered(), Gate::new(), Asked::default());
    let single = gate.spawn(&rig.cache, "single");
    gate.entered().await;
    let (cache, noted) = (rig.cache.clone(), Arc::clone(&asked));
    let many = tokio::spawn(async move { load(&cache, &["k", "a"], &noted).await.len() });
    settle().await;
    gate.open();
    single.await.unwrap().unwrap();
    assert_eq!(many.await.unwrap(), 2);
    assert_eq!(*asked.lock().unwrap(), [["a"]]);
}

#[tokio::test]
async fn single_call_joins_a_load_of_many_and_loads_itself_what_that_has_not() {
    let (rig, gate) = (Rig::local(), Gate::new());
    let (cache, inside) = (rig.cache.clone(), gate.clone());
    let many = tokio::spawn(async move {
        let load = move |_| async move {
            inside.pass().await;
            Ok::<_, &'static str>(vec![("k".to_owned(), text("many"))])
        };
        cache.entries(&PAGE, &["k", "other"]).get_or_load_many(load).await.len()
    });
    gate.entered().await;
    let calls = Arc::new(AtomicU64::new(0));
    let single = |key: &'static str| {
        let (cache, calls) = (rig.cache.clone(), Arc::clone(&calls));
        tokio::spawn(async move {
            let load = move |_| async move {
                calls.fetch_add(1, SeqCst);
                Ok::<_, &'static str>(text("single"))
            };
            cache.entry(&PAGE, key).get_or_load(load).await.unwrap()
        })
    };
    let (joined, alone) = (single("k"), single("other"));
    settle().await;
    gate.open();
    many.await.unwrap();
    assert_eq!((joined.await.unwrap(), alone.await.unwrap()), (text("many"), text("single")));
    assert_eq!(calls.load(SeqCst), 1);
}

#[tokio::test]
async fn each_key_has_its_own_answer_when_the_load_fails() {
    for rig in [Rig::local(), Rig::tiered()] {
        rig.cache.set(&PAGE, "stale", text("old")).await;
        rig.clock.advance(SECOND * 11);
        rig.cache.set(&PAGE, "fresh", text("new")).await;
        let load = |_| async { Err::<Vec<(String, Bytes)>, _>("down") };
        let answers = rig.cache.entries(&PAGE, &["stale", "fresh", "none"]).get_or_load_many(load).await;
        assert_eq!(answers[0].as_ref().unwrap(), &Some(text("old")));
        assert_eq!(answers[1].as_ref().unwrap(), &Some(text("new")));
        assert!(matches!(&answers[2], Err(LoadError::Loader(error)) if **error == "down"));
        assert_eq!(rig.cache.stats().in_flight, 0);
    }
}

#[tokio::test]
async fn loader_of_many_that_panics_is_an_error() {
    let rig = Rig::local();
    let load = |missing: Vec<String>| async move {
        assert!(missing.is_empty(), "told to panic");
        Ok::<Vec<(String, Bytes)>, &str>(Vec::new())
    };
    let answers = rig.cache.entries(&PAGE, &["a"]).get_or_load_many(load).await;
    assert!(matches!(&answers[0], Err(LoadError::Panicked(_))));
    assert_eq!(rig.cache.stats().in_flight, 0);
}

#[tokio::test]
async fn the_backend_is_asked_once_for_all() {
    let (rig, asked) = (Rig::tiered(), Asked::default());
    let keys: Vec<String> = (0..100).map(|key| key.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    load(&rig.cache, &keys, &asked).await;
    settle().await;
    let node = rig.node();
    let before = rig.chaos.batches();
    assert_eq!(load(&node, &keys, &asked).await.len(), 100);
    assert_eq!(rig.chaos.batches(), before + 1);
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn no_time_at_all_starts_no_load_of_many() {
    let (rig, policy) = (Rig::tiered(), Policy::NONE.hard_timeout(Duration::ZERO));
    rig.cache.set(&PAGE, "stale", text("old")).await;
    rig.clock.advance(SECOND * 11);
    let load = |_| async { Ok::<Vec<(String, Bytes)>, &str>(Vec::new()) };
    let keys = ["stale", "none"];
    let answers = rig.cache.entries(&PAGE, &keys).policy(policy).get_or_load_many(load).await;
    assert_eq!(answers[0].as_ref().unwrap(), &Some(text("old")));
    assert!(matches!(&answers[1], Err(LoadError::Timeout(Duration::ZERO))));
    assert_eq!(rig.stats().loads, 0);
}

#[tokio::test(start_paused = true)]
async fn values_of_many_are_written_side_by_side() {
    let (rig, asked) = (Rig::tiered(), Asked::default());
    rig.load("warm up").await.unwrap();
    settle().await;
    rig.chaos.delay(MILLI * 20);
    let keys: Vec<String> = (0..50).map(|key| key.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    load(&rig.cache, &keys, &asked).await;
    tokio::time::sleep(MILLI * 100).await;
    rig.chaos.delay(Duration::ZERO);
    assert!(
        rig.node().get_many(&PAGE, &keys).await.iter().all(Option::is_some),
        "20 ms each, all within 100"
    );
}

#[tokio::test]
async fn keys_that_are_due_are_loaded_behind_the_caller_in_one_call() {
    const EAGER: Kind<Bytes> = PAGE.eager(0.5);
    let rig = Rig::with(|builder, chaos| builder.backend(Arc::new(chaos.clone())).l1_max_age(SECOND * 60));
    let calls = Arc::new(Mutex::new(Vec::new()));
    let get = async |keys: &[&str], value: Option<&'static str>| {
        let calls = Arc::clone(&calls);
        let load = move |mut keys: Vec<String>| async move {
            keys.sort();
            calls.lock().unwrap().push(keys.join(" "));
            Ok::<_, ()>(keys.into_iter().filter_map(|key| Some((key, text(value?)))).collect())
        };
        let answers = rig.cache.entries(&EAGER, keys).get_or_load_many(load).await;
        settle().await;
        answers.into_iter().map(|answer| answer.unwrap()).collect::<Vec<_>>()
    };
    get(&["a", "b"], Some("old")).await;
    rig.clock.advance(SECOND * 6);
    assert_eq!(get(&["a", "b", "a"], Some("new")).await, vec![Some(text("old")); 3]);
    assert_eq!(get(&["a", "b"], Some("never")).await, vec![Some(text("new")); 2]);
    rig.clock.advance(SECOND * 6);
    assert_eq!(get(&["a", "c"], Some("newer")).await, [Some(text("new")), Some(text("newer"))]);
    assert_eq!(get(&["a"], Some("never")).await, [Some(text("newer"))]);
    for _ in 0..3 {
        assert_eq!(
            get(&["b"], None).await,
            [Some(text("new"))],
            "one that is not found is not tried each time"
        );
    }
    assert_eq!(*calls.lock().unwrap(), ["a b", "a b", "a c", "b"]);
}
