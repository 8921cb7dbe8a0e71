//! Invalidation of many entries at once, by tag and of everything.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use stockpile_cache::{
    Backend, Cache, Kind, Lifetime, MemoryBackend, Namespace, Pattern, RawKey, ScanLimit, Stored,
    testkit::{ChaosBackend, ManualClock},
};

use crate::kit::{Gate, MILLI, PAGE, Rig, SECOND, load, settle, text};

const TAGGED: Kind<Bytes> = Kind::new("tagged").ttl(Duration::from_secs(10)).tags(&["all-tagged"]);

async fn set(cache: &Cache, key: &str, tag: &str) {
    cache.entry(&PAGE, key).tags([tag]).set(text("v")).await;
}

fn rigs() -> [Rig; 3] {
    [Rig::local(), Rig::tiered(), Rig::remote()]
}

#[tokio::test]
async fn tag_takes_what_has_it_and_nothing_else() {
    for (rig, remove) in
        rigs().into_iter().flat_map(|rig| [(rig, true)]).chain(rigs().map(|rig| (rig, false)))
    {
        set(&rig.cache, "a", "x").await;
        set(&rig.cache, "b", "y").await;
        rig.cache.set(&PAGE, "c", text("v")).await;
        let done = if remove { rig.cache.remove_tag("x").await } else { rig.cache.expire_tag("x").await };
        assert!(done.complete);
        assert_eq!(rig.cache.get(&PAGE, "a").await, None);
        assert_eq!(rig.cache.get(&PAGE, "b").await, Some(text("v")));
        assert_eq!(rig.cache.get(&PAGE, "c").await, Some(text("v")));
        set(&rig.cache, "a", "x").await;
        assert_eq!(rig.cache.get(&PAGE, "a").await, Some(text("v")), "made after it");
    }
}

#[tokio::test]
async fn expired_entry_stands_in_for_a_failed_load_and_a_removed_one_does_not() {
    for rig in rigs() {
        set(&rig.cache, "k", "x").await;
        rig.cache.expire_tag("x").await;
        let (value, outcome) = rig.fail().await.unwrap();
        assert_eq!((value, outcome.label()), (text("v"), "stale"));
        rig.clock.advance(SECOND * 31);
        rig.cache.remove_tag("x").await;
        rig.fail().await.unwrap_err();
    }
}

#[tokio::test]
async fn expired_entry_without_a_stale_window_is_never_given() {
    const BRIEF: Kind<Bytes> = Kind::new("brief").ttl(Duration::from_secs(10));
    for rig in rigs() {
        rig.cache.entry(&BRIEF, "k").tags(["x"]).set(text("v")).await;
        rig.cache.expire_tag("x").await;
        let load = rig.cache.entry(&BRIEF, "k").get_or_load(|_| async { Err::<Bytes, _>("down") });
        load.await.unwrap_err();
    }
}

#[tokio::test]
async fn load_that_ran_while_its_tag_was_invalidated_is_not_stored_and_not_joined() {
    for rig in rigs() {
        let (gate, cache) = (Gate::new(), rig.cache.clone());
        let inside = gate.clone();
        let call = tokio::spawn(async move {
            let load = move |_| async move {
                inside.pass().await;
                Ok::<_, &str>(text("old"))
            };
            cache.entry(&PAGE, "k").tags(["x"]).get_or_load(load).await
        });
        gate.entered().await;
        rig.cache.expire_tag("x").await;
        assert_eq!(rig.load("new").await.unwrap().0, text("new"), "a later caller does not join it");
        gate.open();
        assert_eq!(call.await.unwrap().unwrap(), text("old"));
        settle().await;
        assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("new")));
    }
}

async fn load_adding(rig: &Rig, gate: &Gate, tag: &'static str) -> Bytes {
    let inside = gate.clone();
    let load = move |cx: stockpile_cache::LoadCx<Bytes>| async move {
        inside.pass().await;
        cx.add_tag(tag);
        Ok::<_, &str>(text("loaded"))
    };
    rig.cache.entry(&PAGE, "k").get_or_load(load).await.unwrap()
}

#[tokio::test]
async fn tag_added_by_the_loader_counts() {
    for rig in rigs() {
        for _ in 0..2 {
            let gate = Gate::new();
            gate.open();
            load_adding(&rig, &gate, "x").await;
            settle().await;
            assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("loaded")));
            rig.clock.advance(SECOND);
            rig.cache.remove_tag("x").await;
            assert_eq!(rig.cache.get(&PAGE, "k").await, None);
            rig.clock.advance(SECOND);
        }
    }
}

#[tokio::test]
async fn tag_that_was_invalidated_before_the_loader_added_it_keeps_the_value_out() {
    for rig in rigs() {
        for known_before in [true, false] {
            if known_before {
                set(&rig.cache, "other", "x").await;
                rig.clock.advance(SECOND);
            }
            let gate = Gate::new();
            let (loaded, ()) = tokio::join!(load_adding(&rig, &gate, "x"), async {
                gate.entered().await;
                rig.cache.remove_tag("x").await;
                gate.open();
            });
            assert_eq!(loaded, text("loaded"));
            settle().await;
            assert_eq!(rig.cache.get(&PAGE, "k").await, None);
        }
    }
}

#[tokio::test]
async fn entry_written_anew_forgets_its_old_tags() {
    for rig in rigs() {
        set(&rig.cache, "k", "x").await;
        set(&rig.cache, "k", "y").await;
        rig.cache.remove_tag("x").await;
        assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("v")));
    }
}

#[tokio::test]
async fn kind_tags_all_its_entries() {
    for rig in rigs() {
        rig.cache.set(&TAGGED, "k", text("v")).await;
        rig.cache.set(&PAGE, "k", text("v")).await;
        rig.cache.remove_tag("all-tagged").await;
        assert_eq!(rig.cache.get(&TAGGED, "k").await, None);
        assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("v")));
    }
}

#[tokio::test]
async fn empty_tag_is_none() {
    for rig in rigs() {
        set(&rig.cache, "k", "").await;
        assert!(rig.cache.remove_tag("").await.complete);
        assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("v")));
    }
}

#[tokio::test]
async fn more_tags_than_the_stored_form_counts_keep_an_entry_out() {
    for rig in rigs() {
        let tags: Vec<_> = (0..300).map(|tag| tag.to_string()).collect();
        rig.cache.entry(&PAGE, "k").tags(&tags).set(text("v")).await;
        assert_eq!(rig.cache.get(&PAGE, "k").await, None);
        let load = rig.cache.entry(&PAGE, "k").tags(&tags).get_or_load(|_| async { Ok::<_, ()>(text("v")) });
        assert_eq!(load.await.unwrap(), text("v"));
    }
}

#[tokio::test]
async fn other_node_sees_an_invalidation_within_the_age_of_its_entries_without_a_bus() {
    for clear in [false, true] {
        let rig = Rig::tiered();
        let other = rig.node();
        set(&rig.cache, "k", "x").await;
        assert_eq!(other.get(&PAGE, "k").await, Some(text("v")));
        let done = if clear { rig.cache.clear().await } else { rig.cache.remove_tag("x").await };
        assert!(done.complete);
        rig.clock.advance(SECOND * 5);
        assert_eq!(other.get(&PAGE, "k").await, None);
        assert!(other.entry(&PAGE, "k").get_or_load(|_| async { Err::<Bytes, _>("down") }).await.is_err());
    }
}

#[tokio::test]
async fn clocks_a_quarter_of_an_hour_apart_neither_keep_nor_lose_an_entry() {
    const QUARTER: Duration = Duration::from_secs(15 * 60);
    for (ahead, behind) in [(0, 1), (1, 0)] {
        let backend: Arc<dyn Backend> = Arc::new(MemoryBackend::new(1 << 20));
        let node = |late: bool| {
            let clock = ManualClock::new();
            clock.advance(if late { QUARTER } else { MILLI });
            let builder = Cache::builder().backend(Arc::clone(&backend)).l1_max_bytes(0);
            (builder.clock(clock.shared()).build().unwrap(), clock)
        };
        let ((first, first_clock), (second, second_clock)) = (node(false), node(true));
        let nodes = [first, second];
        for round in 0..20 {
            let key = round.to_string();
            set(&nodes[ahead], &key, "x").await;
            nodes[behind].expire_tag("x").await;
            // As long as a node may go without asking.
            first_clock.advance(SECOND * 5);
            second_clock.advance(SECOND * 5);
            assert_eq!(nodes[ahead].get(&PAGE, &key).await, None, "made before");
            set(&nodes[behind], &key, "x").await;
            assert_eq!(nodes[behind].get(&PAGE, &key).await, Some(text("v")), "made after");
        }
    }
}

/// All the backend holds under keys of its own: the counters.
async fn counters(rig: &Rig) -> Vec<(RawKey, Bytes)> {
    let pattern = Pattern::new(&Namespace::default(), ":*").unwrap();
    let mut found = Vec::new();
    for stored in rig.chaos.scan(&pattern, None, 100).await.unwrap().keys {
        let key = RawKey::stored(&Namespace::default(), std::str::from_utf8(&stored.key).unwrap()).unwrap();
        found.push((key.clone(), rig.chaos.get(&key).await.unwrap().unwrap()));
    }
    found
}

#[tokio::test]
async fn counter_that_is_lost_makes_entries_stale_never_valid_and_undoes_no_removal_that_is_known() {
    for remove in [false, true] {
        for key in ["k", "other"] {
            let rig = Rig::remote();
            set(&rig.cache, "k", "x").await;
            set(&rig.cache, "other", "x").await;
            let done = if remove { rig.cache.remove_tag("x").await } else { rig.cache.expire_tag("x").await };
            assert!(done.complete);
            let counters = Pattern::new(&Namespace::default(), ":*").unwrap();
            assert_eq!(rig.chaos.delete_pattern(&counters, ScanLimit::default()).await.unwrap().keys, 2);
            rig.clock.advance(SECOND * 5);
            for (node, knows) in [(rig.cache.clone(), true), (rig.node(), false)] {
                assert_eq!(node.get(&PAGE, key).await, None);
                let load = node.entry(&PAGE, key).get_or_load(|_| async { Err::<Bytes, _>("down") });
                let stands_in = !(remove && knows);
                assert_eq!(load.await.ok(), stands_in.then(|| text("v")), "{key} {remove} {knows}");
            }
            rig.clock.advance(SECOND * 31);
            load(&rig.node(), "new").await.unwrap();
            settle().await;
            assert_eq!(rig.node().get(&PAGE, "k").await, Some(text("new")), "made under a new counter");
        }
    }
}

#[tokio::test]
async fn copy_that_was_removed_is_not_given_again_when_its_counter_is_lost() {
    let rig = Rig::tiered();
    set(&rig.cache, "k", "x").await;
    assert!(rig.cache.remove_tag("x").await.complete);
    for (key, _) in counters(&rig).await {
        rig.chaos.delete(&key).await.unwrap();
    }
    // Whoever asks for the tag finds that its counter is missing.
    rig.clock.advance(SECOND * 5);
    set(&rig.cache, "other", "x").await;
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
    rig.fail().await.unwrap_err();
}

/// As after a failover to a replica that did not have the last changes, or a restart from an older copy.
#[tokio::test(start_paused = true)]
async fn invalidation_the_backend_has_forgotten_holds_here_and_is_told_again() {
    for by in ["remove", "expire", "clear"] {
        for rig in [Rig::remote(), Rig::tiered()] {
            set(&rig.cache, "k", "x").await;
            rig.clock.advance(SECOND);
            let before = counters(&rig).await;
            let entry = RawKey::new(&Namespace::default(), "page", "k");
            let bytes = rig.chaos.get(&entry).await.unwrap().unwrap();
            let done = match by {
                "remove" => rig.cache.remove_tag("x").await,
                "expire" => rig.cache.expire_tag("x").await,
                _ => rig.cache.clear().await,
            };
            assert!(done.complete);
            for (key, text) in before.into_iter().chain([(entry, bytes)]) {
                rig.chaos.set(&key, text, Lifetime::MAX).await.unwrap();
            }
            rig.clock.advance(SECOND * 5);
            assert_eq!(rig.cache.get(&PAGE, "k").await, None, "{by}");
            if by != "expire" {
                rig.fail().await.unwrap_err();
            }
            assert!(rig.cache.flush(SECOND * 3).await);
            assert_eq!(rig.node().get(&PAGE, "k").await, None, "{by}: others are told too");
            set(&rig.cache, "k", "x").await;
            assert_eq!(rig.node().get(&PAGE, "k").await, Some(text("v")), "{by}");
        }
    }
}

#[tokio::test]
async fn clear_takes_its_namespace_only_and_keeps_running_loads_out() {
    let rig = Rig::tiered();
    let foreign = Cache::builder().namespace("foreign").clock(rig.clock.shared());
    let foreign = foreign.backend(Arc::new(rig.chaos.clone())).build().unwrap();
    foreign.set(&PAGE, "k", text("theirs")).await;
    let gate = Gate::new();
    let call = gate.spawn(&rig.cache, "old");
    gate.entered().await;
    assert!(rig.cache.clear().await.complete);
    gate.open();
    call.await.unwrap().unwrap();
    settle().await;
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
    assert_eq!(rig.node().get(&PAGE, "k").await, None);
    assert_eq!(foreign.get(&PAGE, "k").await, Some(text("theirs")));
}

#[tokio::test]
async fn expire_all_keeps_the_fallback_and_clear_does_not() {
    for rig in rigs() {
        set(&rig.cache, "k", "x").await;
        rig.cache.expire_all().await;
        assert_eq!(rig.cache.get(&PAGE, "k").await, None);
        assert_eq!(rig.fail().await.unwrap().0, text("v"));
        rig.clock.advance(SECOND * 31);
        rig.cache.clear().await;
        rig.fail().await.unwrap_err();
    }
}

#[tokio::test]
async fn invalidation_costs_one_step_however_many_entries_there_are() {
    let rig = Rig::tiered();
    for key in 0..1000 {
        set(&rig.cache, &key.to_string(), "x").await;
    }
    let before = (rig.chaos.writes(), rig.chaos.deletes(), rig.chaos.counters());
    rig.cache.remove_tag("x").await;
    let after = (rig.chaos.writes(), rig.chaos.deletes(), rig.chaos.counters());
    assert_eq!(after, (before.0, before.1, before.2 + 1));
}

#[tokio::test]
async fn entries_without_tags_cost_no_further_question() {
    let rig = Rig::remote();
    rig.load("v").await.unwrap();
    settle().await;
    let before = rig.chaos.counters();
    for _ in 0..10 {
        rig.load("v").await.unwrap();
    }
    assert_eq!(rig.chaos.counters(), before);
}

#[tokio::test]
async fn invalidation_the_backend_did_not_take_holds_in_this_process() {
    let rig = Rig::tiered();
    set(&rig.cache, "k", "x").await;
    rig.chaos.fail(true);
    assert!(!rig.cache.remove_tag("x").await.complete);
    rig.chaos.fail(false);
    assert_eq!(rig.cache.get(&PAGE, "k").await, None, "whatever the backend still says");
    rig.fail().await.unwrap_err();
}

#[tokio::test]
async fn values_made_in_an_outage_are_kept_in_this_process_with_their_tags() {
    let rig = Rig::tiered();
    rig.chaos.fail(true);
    set(&rig.cache, "k", "x").await;
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("v")));
    rig.cache.expire_tag("x").await;
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
    set(&rig.cache, "k", "x").await;
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("v")));
}

#[tokio::test]
async fn backend_without_one_step_counters_invalidates_all_the_same() {
    /// Six methods and nothing else.
    #[derive(Debug)]
    struct Plain(MemoryBackend);

    #[async_trait::async_trait]
    impl Backend for Plain {
        fn name(&self) -> &'static str {
            "plain"
        }
        fn capabilities(&self) -> stockpile_cache::Capabilities {
            stockpile_cache::Capabilities::keeping()
        }
        async fn get(&self, key: &stockpile_cache::RawKey) -> stockpile_cache::Result<Option<Bytes>> {
            self.0.get(key).await
        }
        async fn set(
            &self,
            key: &stockpile_cache::RawKey,
            value: Bytes,
            lifetime: stockpile_cache::Lifetime,
        ) -> stockpile_cache::Result<()> {
            self.0.set(key, value, lifetime).await
        }
        async fn delete(&self, key: &stockpile_cache::RawKey) -> stockpile_cache::Result<bool> {
            self.0.delete(key).await
        }
        fn health(&self) -> stockpile_cache::Health {
            self.0.health()
        }
    }

    let plain = ChaosBackend::new(Arc::new(Plain(MemoryBackend::new(1 << 20))));
    let cache = Cache::builder().backend(Arc::new(plain)).l1_max_bytes(0).build().unwrap();
    set(&cache, "k", "x").await;
    set(&cache, "other", "y").await;
    assert!(cache.expire_tag("x").await.complete);
    assert_eq!(cache.get(&PAGE, "k").await, None);
    assert_eq!(cache.get(&PAGE, "other").await, Some(text("v")));
    assert!(cache.clear().await.complete);
    assert_eq!(cache.get(&PAGE, "other").await, None);
}

/// A `set` asks for the counters it does not know, and what is invalidated meanwhile raises them.
#[tokio::test(start_paused = true)]
async fn value_whose_set_was_under_way_when_it_was_invalidated_does_not_survive() {
    for by in ["clear", "expire_all", "tag"] {
        let rig = Rig::remote();
        rig.chaos.delay(MILLI * 5);
        let set = {
            let cache = rig.cache.clone();
            tokio::spawn(async move { cache.entry(&PAGE, "k").tags(["t"]).set(text("old")).await })
        };
        settle().await;
        let done = match by {
            "clear" => rig.cache.clear().await,
            "expire_all" => rig.cache.expire_all().await,
            _ => rig.cache.expire_tag("t").await,
        };
        assert!(done.complete);
        assert_eq!(set.await.unwrap().l2, Stored::Skipped, "{by}");
        assert_eq!(rig.cache.get(&PAGE, "k").await, None, "{by}");
        assert_eq!(rig.node().get(&PAGE, "k").await, None, "{by}");
        rig.cache.entry(&PAGE, "k").tags(["t"]).set(text("new")).await;
        assert_eq!(rig.node().get(&PAGE, "k").await, Some(text("new")), "{by}");
    }
}

/// The way out of what a deletion of one key does not reach: see the guide on nodes.
#[tokio::test]
async fn load_of_another_node_that_no_bus_reaches_does_not_bring_back_what_its_own_tag_removed() {
    let (rig, gate) = (Rig::remote(), Gate::new());
    let other = rig.node();
    // Both know the counters, as they do in the long run.
    for cache in [&rig.cache, &other] {
        cache.entry(&PAGE, "known").tags(["order:17"]).set(text("v")).await;
    }
    let load = {
        let (other, gate) = (other.clone(), gate.clone());
        tokio::spawn(async move {
            let entry = other.entry(&PAGE, "k").tags(["order:17"]);
            entry
                .get_or_load(move |_| async move {
                    gate.pass().await;
                    Ok::<_, ()>(text("old"))
                })
                .await
        })
    };
    gate.entered().await;
    assert!(rig.cache.remove_tag("order:17").await.complete);
    let calls = rig.chaos.calls();
    gate.open();
    load.await.unwrap().unwrap();
    settle().await;
    assert_eq!(rig.chaos.calls() - calls, 1, "its write, and no more for the tag");
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
}
