//! Events: what is told, and that telling it costs no caller anything.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use bytes::Bytes;
use stockpile_cache::{
    Backend, Cache, CacheBuilder, Event, Events, Failure, Health, Invalidation, Kind, Lifetime, LoadFailure,
    MemoryBus, Namespace, Origin, RawKey, Rejection, Scope, Tier, Why,
};

use crate::kit::{Gate, PAGE, Rig, SECOND, settle, text};

fn told(settings: impl FnOnce(CacheBuilder, &Rig) -> CacheBuilder) -> (Rig, Events) {
    let calm = Rig::local();
    let (builder, events) = settings(Cache::builder().clock(calm.clock.shared()), &calm).events(1000);
    (Rig { cache: builder.build().unwrap(), ..calm }, events)
}

fn tiered() -> (Rig, Events) {
    told(|builder, rig| builder.backend(Arc::new(rig.chaos.clone())))
}

fn all(events: &mut Events) -> Vec<Event> {
    std::iter::from_fn(|| events.try_recv()).collect()
}

#[tokio::test]
async fn loads_are_told_with_their_time_and_whether_they_were_stored() {
    let (rig, mut events) = tiered();
    rig.load("v").await.unwrap();
    rig.load("v").await.unwrap();
    let never = rig.cache.entry(&PAGE, "l").ttl(Duration::ZERO);
    never.get_or_load(|_| async { Ok::<_, ()>(text("w")) }).await.unwrap();
    let events = all(&mut events);
    let [
        Event::Loaded { kind: "page", key: first, stored: true, .. },
        Event::Loaded { key: second, stored: false, .. },
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((&**first, &**second), ("k", "l"), "the hit between them is counted, not told");
}

#[tokio::test]
async fn failed_load_and_the_stale_value_in_its_place_are_told() {
    let (rig, mut events) = tiered();
    rig.cache.set(&PAGE, "k", text("v")).await;
    rig.clock.advance(SECOND * 15);
    rig.fail().await.unwrap();
    let events = all(&mut events);
    let [
        Event::LoadFailed { failure: LoadFailure::Error, .. },
        Event::StaleGiven { key, tier: Tier::L1, why: Why::LoaderFailed, age, .. },
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((&**key, *age), ("k", SECOND * 15));
}

#[tokio::test]
async fn panic_of_a_loader_is_told_once_for_all_its_callers() {
    let (rig, mut events) = tiered();
    let load = |_| async { panic!("as told") };
    let entry = || rig.cache.entry(&PAGE, "k").get_or_load::<(), _, _>(load);
    let (a, b) = tokio::join!(entry(), entry());
    assert!(a.is_err() && b.is_err());
    let events = all(&mut events);
    assert!(matches!(&events[..], [Event::LoadFailed { failure: LoadFailure::Panic, .. }]), "{events:?}");
}

#[tokio::test]
async fn load_that_is_refused_is_told() {
    let (rig, mut events) = told(|builder, _| builder.max_loads(1));
    let gate = Gate::new();
    let first = gate.spawn(&rig.cache, "v");
    gate.entered().await;
    let second = rig.cache.entry(&PAGE, "other").get_or_load(|_| async { Ok::<_, ()>(text("w")) });
    assert!(second.await.is_err());
    let refused = all(&mut events);
    assert!(matches!(&refused[..], [Event::LoadRefused { key, .. }] if &**key == "other"), "{refused:?}");
    gate.open();
    first.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn failure_of_the_backend_is_told_by_class() {
    let (rig, mut events) = tiered();
    rig.chaos.fail(true);
    rig.cache.get(&PAGE, "k").await;
    rig.chaos.fail(false);
    rig.chaos.delay(SECOND * 3600);
    rig.cache.get(&PAGE, "k").await;
    let events = all(&mut events);
    let classes: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::BackendFailed { failure, .. } => Some(*failure),
            _ => None,
        })
        .collect();
    assert_eq!(classes, [Failure::Unreachable, Failure::TimedOut]);
    assert_eq!(rig.stats().backend_errors, 2);
}

#[tokio::test(start_paused = true)]
async fn outage_is_told_when_it_begins_and_when_it_is_over() {
    let (rig, mut events) = tiered();
    rig.chaos.fail(true);
    for _ in 0..10 {
        rig.cache.get(&PAGE, "k").await;
    }
    let first = all(&mut events);
    let down =
        |event: &&Event| matches!(event, Event::BackendDown { failure: Some(Failure::Unreachable), .. });
    assert_eq!(first.iter().filter(down).count(), 1, "{first:?}");
    rig.chaos.fail(false);
    tokio::time::sleep(SECOND * 60).await;
    let then = all(&mut events);
    assert!(matches!(then[..], [Event::BackendUp { outage, .. }] if outage < SECOND * 60), "{then:?}");
}

#[tokio::test(start_paused = true)]
async fn outage_that_only_the_replay_meets_is_told_too() {
    let (rig, mut events) = tiered();
    rig.cache.set(&PAGE, "k", text("old")).await;
    rig.chaos.fail(true);
    assert!(rig.cache.delete(&PAGE, "k").await.queued);
    let is_down = |event: &Event| matches!(event, Event::BackendDown { .. });
    assert!(!all(&mut events).iter().any(is_down), "one failure is none");
    // No request comes any more; the deletion is due, and its connection says that it is gone.
    rig.chaos.say(Some(Health::Down));
    tokio::time::sleep(SECOND * 60).await;
    let told = all(&mut events);
    assert_eq!(told.iter().filter(|event| is_down(event)).count(), 1, "{told:?}");
    rig.chaos.say(None);
    rig.chaos.fail(false);
    assert!(rig.cache.flush(SECOND * 60).await);
    assert!(matches!(all(&mut events).last(), Some(Event::BackendUp { .. })));
}

#[tokio::test]
async fn stored_bytes_that_are_no_entry_are_told_with_the_reason() {
    let (rig, mut events) = tiered();
    rig.cache.set(&PAGE, "other", text("v")).await;
    let key = |name| RawKey::new(&Namespace::default(), "page", name);
    let of_another = rig.chaos.get(&key("other")).await.unwrap().unwrap();
    for bytes in [Bytes::new(), of_another] {
        rig.chaos.set(&key("k"), bytes, Lifetime::MAX).await.unwrap();
        rig.cache.get(&PAGE, "k").await;
    }
    rig.node().get(&Kind::<u64>::new("page"), "other").await;
    let (as_number, mut numbers) = (Kind::<u64>::new("page"), Vec::new());
    rig.cache.get(&as_number, "other").await;
    for event in all(&mut events) {
        if let Event::Rejected { key, why, .. } = event {
            numbers.push((key.to_string(), why));
        }
    }
    let k = "k".to_owned();
    let expected = [
        (k.clone(), Rejection::Damaged),
        (k, Rejection::OtherKey),
        ("other".to_owned(), Rejection::OtherSchema),
    ];
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn invalidations_are_told_with_their_scope_and_whether_all_know() {
    let (rig, mut events) = tiered();
    rig.cache.delete(&PAGE, "k").await;
    rig.cache.expire_tag("red").await;
    rig.cache.clear().await;
    rig.chaos.fail(true);
    rig.cache.delete_pattern("page:*").await;
    let scopes: Vec<_> = all(&mut events)
        .into_iter()
        .filter_map(|event| match event {
            Event::Invalidated { scope, origin: Origin::Here, complete, .. } => Some((scope, complete)),
            _ => None,
        })
        .collect();
    let [
        (Scope::Key { kind: "page", key, .. }, true),
        (Scope::Tag { tag: Some(tag), how: Invalidation::Expire, .. }, true),
        (Scope::Everything(Invalidation::Remove), true),
        (Scope::Pattern(pattern), false),
    ] = &scopes[..]
    else {
        panic!("{scopes:?}")
    };
    assert_eq!((&**key, &**tag, &**pattern), ("k", "red", "page:*"));
}

#[tokio::test]
async fn what_another_node_took_back_is_told_as_its_doing() {
    let bus = Arc::new(MemoryBus::new());
    let (rig, mut events) =
        told(|builder, rig| builder.backend(Arc::new(rig.chaos.clone())).bus(bus.clone()));
    let other = Cache::builder().clock(rig.clock.shared()).backend(Arc::new(rig.chaos.clone())).bus(bus);
    let other = other.build().unwrap();
    rig.cache.get(&PAGE, "k").await;
    other.get(&PAGE, "k").await;
    settle().await;
    other.remove_tag("red").await;
    settle().await;
    let events = all(&mut events);
    assert!(events.contains(&Event::BusConnected), "{events:?}");
    let is_theirs = |event: &Event| {
        matches!(event, Event::Invalidated { scope: Scope::Tag { tag: None, .. }, origin: Origin::Bus, .. })
    };
    assert!(events.iter().any(is_theirs), "{events:?}");
}

#[tokio::test]
async fn reader_that_does_not_read_costs_events_and_nothing_else() {
    let calm = Rig::local();
    let (builder, mut events) = Cache::builder().clock(calm.clock.shared()).events(3);
    let cache = builder.build().unwrap();
    for key in 0..10 {
        let load = |_| async { Ok::<_, ()>(text("v")) };
        cache.entry(&PAGE, &key.to_string()).get_or_load(load).await.unwrap();
    }
    let stats = cache.stats().events;
    assert_eq!((stats.given, stats.dropped), (3, 7));
    assert_eq!(all(&mut events).len(), 3);
    drop(events);
    cache.entry(&PAGE, "k").get_or_load(|_| async { Ok::<_, ()>(text("v")) }).await.unwrap();
    assert_eq!(cache.stats().events, stats, "nobody is there to miss it");
}

#[tokio::test]
async fn reader_learns_that_the_cache_is_gone() {
    let (rig, mut events) = tiered();
    rig.load("v").await.unwrap();
    settle().await;
    drop(rig);
    assert!(matches!(events.recv().await, Some(Event::Loaded { .. })));
    assert_eq!(events.recv().await, None);
}

#[tokio::test]
async fn handler_that_panics_fails_no_call_and_is_called_again() {
    let (seen, sees) = mpsc::channel();
    let cache = Cache::builder()
        .on_event(move |event| {
            if matches!(event, Event::Invalidated { .. }) {
                panic!("as told");
            }
            seen.send(event).unwrap();
        })
        .build()
        .unwrap();
    cache.delete(&PAGE, "k").await;
    cache.entry(&PAGE, "k").get_or_load(|_| async { Ok::<_, ()>(text("v")) }).await.unwrap();
    assert!(matches!(sees.recv().unwrap(), Event::Loaded { .. }));
    assert_eq!(cache.stats().events.handler_panics, 1);
    drop(cache);
    assert!(sees.recv().is_err(), "the handler ends with the cache");
}

#[tokio::test]
async fn handler_that_hangs_keeps_no_call_waiting() {
    let (release, hold) = mpsc::channel::<()>();
    let cache = Cache::builder().on_event(move |_| hold.recv().unwrap_or_default()).build().unwrap();
    for key in 0..2000 {
        cache.delete(&PAGE, &key.to_string()).await;
    }
    let stats = cache.stats().events;
    assert!(stats.given + stats.dropped == 2000 && stats.dropped > 900, "{stats:?}");
    drop(release);
}

#[tokio::test]
async fn entries_pushed_out_for_want_of_room_are_counted_and_told_on_request() {
    for asked in [false, true] {
        let (rig, mut events) = told(|builder, _| {
            let builder = builder.l1_max_bytes(20_000);
            if asked { builder.eviction_events() } else { builder }
        });
        for number in 0..100 {
            rig.cache.set(&PAGE, &number.to_string(), Bytes::from(vec![0; 1_000])).await;
        }
        let stats = rig.cache.stats();
        assert_eq!(stats.l1_keys + stats.l1_evictions, 100, "{stats:?}");
        assert!(stats.l1_bytes <= 20_000 && stats.l1_evictions >= 80, "{stats:?}");
        let told = all(&mut events);
        let told = told.iter().filter(|event| {
            matches!(event, Event::Evicted { kind: "page", key, bytes: 1_129..=1_130, .. } if key.len() < 3)
        });
        assert_eq!(told.count() as u64, if asked { stats.l1_evictions } else { 0 });
        // What is removed, replaced or cleared is not pushed out.
        for number in 0..100 {
            rig.cache.delete(&PAGE, &number.to_string()).await;
        }
        rig.cache.set(&PAGE, "99", text("v")).await;
        rig.cache.set(&PAGE, "99", text("w")).await;
        rig.cache.clear().await;
        assert_eq!(rig.cache.stats().l1_evictions, stats.l1_evictions);
    }
}

#[tokio::test]
async fn evictions_crowd_out_no_call_when_nobody_reads() {
    let (builder, events) = Cache::builder().l1_max_bytes(20_000).eviction_events().events(4);
    let cache = builder.build().unwrap();
    for number in 0..100 {
        cache.set(&PAGE, &number.to_string(), Bytes::from(vec![0; 1_000])).await;
    }
    let stats = cache.stats();
    assert_eq!((stats.events.given, stats.events.dropped), (4, stats.l1_evictions - 4));
    drop(events);
}
