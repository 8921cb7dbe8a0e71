//! Several processes that keep copies of the same entries, and tell each other what changed.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use stockpile_cache::{
    Bus, Cache, Kind, MemoryBackend, MemoryBus, Tier,
    testkit::{ChaosBackend, ManualClock},
};

use crate::kit::{Gate, PAGE, SECOND, load, settle, text};

struct Nodes {
    a: Cache,
    b: Cache,
    bus: MemoryBus,
    chaos: ChaosBackend,
    clock: ManualClock,
}

impl Nodes {
    async fn new() -> Self {
        let (clock, bus) = (ManualClock::new(), MemoryBus::new());
        let chaos = ChaosBackend::new(Arc::new(MemoryBackend::new(1 << 20).with_clock(clock.shared())));
        let node = || {
            let builder = Cache::builder().clock(clock.shared()).backend(Arc::new(chaos.clone()));
            builder.bus(Arc::new(bus.clone())).build().unwrap()
        };
        let nodes = Self { a: node(), b: node(), bus, chaos, clock };
        for cache in [&nodes.a, &nodes.b] {
            cache.get(&PAGE, "warm up").await;
        }
        settle().await;
        nodes.tick();
        nodes
    }

    /// What was checked in this very millisecond is not trusted after a connection.
    fn tick(&self) {
        self.clock.advance(Duration::from_millis(1));
    }

    /// Puts `k` into the process of both.
    async fn share(&self, value: &'static str) {
        self.a.entry(&PAGE, "k").tags(["x"]).set(text(value)).await;
        settle().await;
        assert_eq!(self.b.get(&PAGE, "k").await, Some(text(value)));
        assert_eq!(self.tier(&self.b).await, Some(Tier::L1));
    }

    /// Says what another process would.
    async fn tell_changed(&self, key: &str) {
        let message = format!(r#"{{"v":1,"from":1,"n":1,"op":{{"changed":["{key}"]}}}}"#);
        self.bus.publish("cache:bus:v1", message.into()).await.unwrap();
        settle().await;
    }

    async fn tier(&self, cache: &Cache) -> Option<Tier> {
        cache.entry(&PAGE, "k").with_outcome().get().await.and_then(|(_, outcome)| outcome.tier())
    }
}

#[tokio::test]
async fn change_on_one_node_is_seen_on_the_other_at_once() {
    let nodes = Nodes::new().await;
    nodes.share("old").await;
    nodes.a.set(&PAGE, "k", text("new")).await;
    settle().await;
    assert_eq!(nodes.b.get(&PAGE, "k").await, Some(text("new")));
    nodes.a.delete(&PAGE, "k").await;
    settle().await;
    assert_eq!(nodes.b.get(&PAGE, "k").await, None);
    for by_tag in [true, false] {
        nodes.share("v").await;
        if by_tag {
            nodes.a.remove_tag("x").await
        } else {
            nodes.a.clear().await
        };
        settle().await;
        assert_eq!(nodes.b.get(&PAGE, "k").await, None);
        load(&nodes.b, "again").await.unwrap();
    }
    nodes.share("v").await;
    nodes.a.delete_pattern("page:*").await;
    settle().await;
    assert_eq!(nodes.b.get(&PAGE, "k").await, None);
}

#[tokio::test]
async fn entry_expired_on_one_node_is_a_fallback_on_the_other() {
    let nodes = Nodes::new().await;
    nodes.share("v").await;
    nodes.a.expire_tag("x").await;
    settle().await;
    assert_eq!(nodes.b.get(&PAGE, "k").await, None);
    let failed = nodes.b.entry(&PAGE, "k").get_or_load(|_| async { Err::<Bytes, _>("down") }).await;
    assert_eq!(failed.unwrap(), text("v"));
}

#[tokio::test]
async fn value_that_replaces_another_is_told_of_and_a_first_one_is_not() {
    let nodes = Nodes::new().await;
    let sent = || nodes.a.stats().bus.unwrap().sent;
    let before = sent();
    load(&nodes.a, "first").await.unwrap();
    settle().await;
    assert_eq!(sent(), before);
    nodes.clock.advance(SECOND * 11);
    load(&nodes.a, "second").await.unwrap();
    settle().await;
    assert_eq!(sent(), before + 1);
}

#[tokio::test]
async fn message_about_a_key_nobody_has_here_asks_the_backend_nothing() {
    let nodes = Nodes::new().await;
    let reads = nodes.chaos.reads();
    for _ in 0..100 {
        nodes.a.set(&PAGE, "k", text("v")).await;
    }
    settle().await;
    assert!(nodes.b.stats().bus.unwrap().received > 0);
    assert_eq!(nodes.chaos.reads(), reads);
}

#[tokio::test]
async fn own_messages_are_not_followed_and_no_message_makes_another() {
    let nodes = Nodes::new().await;
    nodes.share("v").await;
    let (a, b) = (nodes.a.stats().bus.unwrap(), nodes.b.stats().bus.unwrap());
    nodes.a.set(&PAGE, "k", text("w")).await;
    settle().await;
    assert_eq!(nodes.tier(&nodes.a).await, Some(Tier::L1));
    assert_eq!(nodes.a.stats().bus.unwrap().received, a.received);
    assert_eq!(nodes.b.stats().bus.unwrap().sent, b.sent);
}

#[tokio::test]
async fn load_that_ran_while_another_node_changed_the_entry_is_not_stored() {
    let nodes = Nodes::new().await;
    let gate = Gate::new();
    let call = gate.spawn(&nodes.b, "old");
    gate.entered().await;
    nodes.a.set(&PAGE, "k", text("new")).await;
    settle().await;
    gate.open();
    assert_eq!(call.await.unwrap().unwrap().0, text("old"));
    settle().await;
    assert_eq!(nodes.b.get(&PAGE, "k").await, Some(text("new")));
    assert_eq!(nodes.a.get(&PAGE, "k").await, Some(text("new")));
}

#[tokio::test]
async fn fill_being_written_while_another_node_changed_the_entry_does_not_stay() {
    let nodes = Nodes::new().await;
    nodes.chaos.hold_writes(true);
    load(&nodes.b, "old").await.unwrap();
    settle().await;
    let cache = nodes.a.clone();
    // It gets to the backend first, as the other's write hangs.
    let message = br#"{"v":1,"from":1,"n":1,"op":{"changed":["cache:page:k"]}}"#;
    nodes.bus.publish("cache:bus:v1", Bytes::from_static(message)).await.unwrap();
    settle().await;
    nodes.chaos.hold_writes(false);
    settle().await;
    assert_eq!(cache.get(&PAGE, "k").await, None);
    assert_eq!(nodes.b.get(&PAGE, "k").await, None);
}

#[tokio::test]
async fn what_happened_while_the_bus_was_cut_is_seen_when_it_is_back() {
    let nodes = Nodes::new().await;
    nodes.share("old").await;
    nodes.bus.cut();
    settle().await;
    nodes.a.set(&PAGE, "k", text("new")).await;
    settle().await;
    assert_eq!(nodes.tier(&nodes.b).await, Some(Tier::L1), "within the age of an entry nobody tells of");
    nodes.bus.restore();
    settle().await;
    assert_eq!(nodes.b.get(&PAGE, "k").await, Some(text("new")));
}

#[tokio::test]
async fn entries_are_checked_more_often_while_no_bus_tells() {
    let nodes = Nodes::new().await;
    nodes.a.entry(&PAGE, "k").ttl(SECOND * 3600).set(text("v")).await;
    settle().await;
    nodes.b.get(&PAGE, "k").await;
    nodes.clock.advance(SECOND * 59);
    assert_eq!(nodes.tier(&nodes.b).await, Some(Tier::L1));
    nodes.clock.advance(SECOND);
    assert_eq!(nodes.tier(&nodes.b).await, Some(Tier::L2));
    nodes.bus.cut();
    settle().await;
    nodes.clock.advance(SECOND * 5);
    assert_eq!(nodes.tier(&nodes.b).await, Some(Tier::L2));
}

#[tokio::test]
async fn message_that_never_came_is_noticed_by_the_next_one() {
    let nodes = Nodes::new().await;
    nodes.share("old").await;
    for (number, gaps) in [(1, 0), (2, 0), (4, 1), (5, 1)] {
        let message = format!(r#"{{"v":1,"from":1,"n":{number},"op":{{"changed":["cache:page:other"]}}}}"#);
        nodes.bus.publish("cache:bus:v1", message.into()).await.unwrap();
        settle().await;
        assert_eq!(nodes.b.stats().bus.unwrap().gaps, gaps, "after number {number}");
        let tier = if number == 4 { Tier::L2 } else { Tier::L1 };
        assert_eq!(nodes.tier(&nodes.b).await, Some(tier), "after number {number}");
        nodes.tick();
        nodes.b.get(&PAGE, "k").await;
    }
}

#[tokio::test(start_paused = true)]
async fn last_message_that_never_came_is_noticed_by_a_beat() {
    let nodes = Nodes::new().await;
    nodes.share("old").await;
    nodes
        .bus
        .publish("cache:bus:v1", Bytes::from_static(br#"{"v":1,"from":1,"n":1,"op":"beat"}"#))
        .await
        .unwrap();
    nodes
        .bus
        .publish("cache:bus:v1", Bytes::from_static(br#"{"v":1,"from":1,"n":2,"op":"beat"}"#))
        .await
        .unwrap();
    settle().await;
    assert_eq!(nodes.b.stats().bus.unwrap().gaps, 1);
    let sent = nodes.a.stats().bus.unwrap().sent;
    tokio::time::sleep(SECOND * 6).await;
    assert!(nodes.a.stats().bus.unwrap().sent > sent, "each node beats");
}

#[tokio::test]
async fn garbage_and_other_releases_are_ignored_and_counted() {
    let nodes = Nodes::new().await;
    nodes.share("v").await;
    for text in ["", "{", "\u{0}", r#"{"v":9,"from":1,"n":1,"op":"beat"}"#, r#"{"v":1,"op":{"changed":[1]}}"#]
    {
        nodes.bus.publish("cache:bus:v1", Bytes::from(text.to_owned())).await.unwrap();
    }
    settle().await;
    assert_eq!(nodes.b.stats().bus.unwrap().ignored, 5);
    assert_eq!(nodes.tier(&nodes.b).await, Some(Tier::L1));
}

#[tokio::test]
async fn keys_of_other_namespaces_and_kinds_never_used_are_left_alone() {
    let nodes = Nodes::new().await;
    nodes.share("v").await;
    for key in ["page:k", "cache:", "cache:page", "other:page:k", "cache:never:k", "cache:pag%65:k"] {
        let message = format!(r#"{{"v":1,"from":1,"n":1,"op":{{"changed":["{key}"]}}}}"#);
        nodes.bus.publish("cache:bus:v1", message.into()).await.unwrap();
    }
    settle().await;
    assert_eq!(nodes.b.get(&PAGE, "k").await, Some(text("v")));
}

#[tokio::test]
async fn deletion_heard_during_the_very_first_load_of_a_kind_keeps_it_out() {
    let nodes = Nodes::new().await;
    const FIRST: Kind<Bytes> = Kind::new("first");
    let (gate, cache) = (Gate::new(), nodes.b.clone());
    nodes.chaos.delay(Duration::from_millis(20));
    let inside = gate.clone();
    let call = tokio::spawn(async move {
        let load = move |_| async move {
            inside.pass().await;
            Ok::<_, ()>(text("old"))
        };
        cache.entry(&FIRST, "k").get_or_load(load).await
    });
    // Its look into the backend is under way.
    settle().await;
    nodes.tell_changed("cache:first:k").await;
    nodes.chaos.delay(Duration::ZERO);
    gate.entered().await;
    gate.open();
    call.await.unwrap().unwrap();
    settle().await;
    assert_eq!(nodes.b.get(&FIRST, "k").await, None);
}

#[tokio::test]
async fn changes_of_kinds_beyond_those_counted_one_by_one_are_heard() {
    let nodes = Nodes::new().await;
    let kind = |number: usize| Kind::<Bytes>::new(Box::leak(format!("kind-{number}").into_boxed_str()));
    for number in 0..300 {
        nodes.b.set(&kind(number), "k", text("old")).await;
    }
    for number in 0..300 {
        nodes.a.set(&kind(number), "k", text("new")).await;
    }
    settle().await;
    for number in 0..300 {
        assert_eq!(nodes.b.get(&kind(number), "k").await, Some(text("new")), "{number}");
    }
}

#[tokio::test]
async fn nothing_is_announced_before_the_backend_has_it() {
    let nodes = Nodes::new().await;
    nodes.share("old").await;
    nodes.chaos.hold_writes(true);
    let cache = nodes.a.clone();
    let set = tokio::spawn(async move { cache.set(&PAGE, "k", text("new")).await });
    settle().await;
    assert_eq!(nodes.tier(&nodes.b).await, Some(Tier::L1));
    nodes.chaos.hold_writes(false);
    set.await.unwrap();
    settle().await;
    assert_eq!(nodes.b.get(&PAGE, "k").await, Some(text("new")));
}

#[tokio::test]
async fn caches_without_a_backend_hear_each_other_too() {
    let (clock, bus) = (ManualClock::new(), MemoryBus::new());
    let node = || Cache::builder().clock(clock.shared()).bus(Arc::new(bus.clone())).build().unwrap();
    let (a, b) = (node(), node());
    for cache in [&a, &b] {
        cache.get(&PAGE, "warm up").await;
        settle().await;
    }
    clock.advance(Duration::from_millis(1));
    b.entry(&PAGE, "k").tags(["x"]).set(text("v")).await;
    b.entry(&PAGE, "other").tags(["x"]).set(text("v")).await;
    a.delete(&PAGE, "k").await;
    settle().await;
    assert_eq!((b.get(&PAGE, "k").await, b.get(&PAGE, "other").await), (None, Some(text("v"))));
    a.remove_tag("x").await;
    settle().await;
    assert_eq!(b.get(&PAGE, "other").await, None);
}

#[tokio::test]
async fn dropped_cache_stops_listening() {
    let nodes = Nodes::new().await;
    let Nodes { a, b, bus, .. } = nodes;
    drop(b);
    settle().await;
    drop(a);
    settle().await;
    let mut rest = bus.subscribe("cache:bus:v1");
    bus.publish("cache:bus:v1", Bytes::from_static(b"last")).await.unwrap();
    assert_eq!(rest.recv().await, Some(stockpile_cache::BusEvent::Connected));
    assert_eq!(bus.listeners("cache:bus:v1"), 1);
}

#[tokio::test]
async fn refreshed_value_replaces_what_the_other_node_holds() {
    let nodes = Nodes::new().await;
    nodes.share("old").await;
    nodes.tick();
    let load = |_| async { Ok::<_, ()>(text("new")) };
    assert_eq!(nodes.a.entry(&PAGE, "k").refresh(load).await.unwrap(), text("new"));
    settle().await;
    assert_eq!(nodes.b.get(&PAGE, "k").await, Some(text("new")));
}

#[tokio::test(start_paused = true)]
async fn cache_that_is_shut_down_says_what_waits_and_leaves_the_bus() {
    let nodes = Nodes::new().await;
    nodes.share("v").await;
    nodes.a.delete(&PAGE, "k").await;
    assert!(nodes.a.shutdown(SECOND).await);
    settle().await;
    assert_eq!(nodes.b.try_get_local(&PAGE, "k"), None);
    let sent = nodes.a.stats().bus.unwrap().sent;
    nodes.a.set(&PAGE, "k", text("mine")).await;
    nodes.a.get(&PAGE, "other").await;
    tokio::time::sleep(SECOND * 20).await;
    let stats = nodes.a.stats().bus.unwrap();
    assert_eq!((stats.sent, stats.connected), (sent, false));
    nodes.b.set(&PAGE, "k", text("v")).await;
    settle().await;
    assert_eq!(nodes.bus.listeners("cache:bus:v1"), 1);
}
