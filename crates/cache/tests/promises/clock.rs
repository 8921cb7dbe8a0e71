//! A clock that is set forth and back, as by a hand, a virtual machine that was asleep, or a leap in the time service.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use stockpile_cache::{Cache, MemoryBackend, MemoryBus, Tier};

use crate::kit::{MILLI, PAGE, Rig, SECOND, load, settle, text};

const HOUR: Duration = Duration::from_secs(3600);

async fn tier(cache: &Cache) -> Option<Tier> {
    cache.entry(&PAGE, "k").with_outcome().get().await.and_then(|(_, outcome)| outcome.tier())
}

#[tokio::test]
async fn copies_are_checked_again_after_the_clock_was_set_back() {
    let rig = Rig::tiered();
    let other = rig.node();
    rig.cache.entry(&PAGE, "k").ttl(HOUR * 9).set(text("old")).await;
    other.entry(&PAGE, "k").ttl(HOUR * 9).set(text("new")).await;
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("old")), "no bus tells");
    rig.clock.set_back(HOUR);
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("new")));
    assert_eq!(tier(&rig.cache).await, Some(Tier::L1), "and kept from then on");
}

#[tokio::test]
async fn copy_whose_check_is_long_ago_is_not_new_again_when_the_clock_comes_back() {
    let rig = Rig::tiered();
    let other = rig.node();
    rig.cache.entry(&PAGE, "k").ttl(HOUR * 9).set(text("old")).await;
    rig.clock.advance(HOUR);
    rig.cache.set(&PAGE, "other", text("v")).await;
    other.entry(&PAGE, "k").ttl(HOUR * 9).set(text("new")).await;
    rig.clock.set_back(HOUR);
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("new")));
}

#[tokio::test]
async fn trust_withdrawn_before_the_clock_was_set_back_does_not_stay_away_for_so_long() {
    let rig = Rig::local();
    let (bus, backend) = (MemoryBus::new(), MemoryBackend::new(1 << 20).with_clock(rig.clock.shared()));
    let builder = Cache::builder().clock(rig.clock.shared()).backend(Arc::new(backend));
    let cache = builder.bus(Arc::new(bus.clone())).build().unwrap();
    cache.entry(&PAGE, "k").ttl(HOUR * 9).set(text("v")).await;
    settle().await;
    rig.clock.advance(HOUR);
    bus.cut();
    bus.restore();
    settle().await;
    rig.clock.set_back(HOUR);
    assert_eq!(tier(&cache).await, Some(Tier::L2));
    assert_eq!(tier(&cache).await, Some(Tier::L1));
}

#[tokio::test]
async fn rest_after_a_failed_load_does_not_last_until_the_clock_is_where_it_was() {
    let rig = Rig::local();
    rig.load("old").await.unwrap();
    rig.clock.advance(SECOND * 30 + HOUR);
    rig.cache.entry(&PAGE, "k").ttl(SECOND).stale(HOUR * 9).set(text("old")).await;
    rig.clock.advance(SECOND * 2);
    let load = async |value: Result<Bytes, &'static str>| {
        let entry = rig.cache.entry(&PAGE, "k").ttl(SECOND).stale(HOUR * 9);
        entry.get_or_load(move |_| async move { value }).await
    };
    assert_eq!(load(Err("down")).await.unwrap(), text("old"));
    assert_eq!(load(Ok(text("new"))).await.unwrap(), text("old"), "at rest");
    rig.clock.set_back(HOUR);
    assert_eq!(load(Ok(text("new"))).await.unwrap(), text("new"));
}

#[tokio::test(start_paused = true)]
async fn value_kept_for_a_backend_that_is_down_lives_no_longer_than_it_was_to() {
    let rig = Rig::remote();
    rig.cache.set(&PAGE, "warm up", text("v")).await;
    rig.chaos.fail(true);
    rig.cache.entry(&PAGE, "k").ttl(SECOND * 10).stale(Duration::ZERO).set(text("v")).await;
    rig.clock.set_back(HOUR);
    rig.chaos.fail(false);
    assert!(rig.cache.flush(SECOND * 5).await);
    rig.clock.advance(SECOND * 10 + MILLI);
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
}

/// The next of a row of numbers that are always the same.
fn draw(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state >> 11
}

#[tokio::test]
async fn clock_that_leaps_forth_and_back_brings_back_nothing_that_was_removed() {
    for (rig, seed) in [Rig::local(), Rig::tiered(), Rig::remote()].into_iter().zip(1..) {
        let (mut state, mut good) = (0x9e37_79b9_7f4a_7c15_u64 ^ seed, HashMap::<String, Bytes>::new());
        for round in 0..3000 {
            let key = (draw(&mut state) % 4).to_string();
            let value = Bytes::from(round.to_string());
            match draw(&mut state) % 12 {
                0 | 1 => {
                    rig.cache.entry(&PAGE, &key).tags([&key]).set(value.clone()).await;
                    good.insert(key, value);
                }
                2 => {
                    rig.cache.delete(&PAGE, &key).await;
                    good.remove(&key);
                }
                3 => {
                    rig.cache.remove_tag(&key).await;
                    good.remove(&key);
                }
                4 if draw(&mut state).is_multiple_of(4) => {
                    rig.cache.clear().await;
                    good.clear();
                }
                5 => rig.clock.advance(HOUR),
                6 => rig.clock.set_back(HOUR),
                7 => rig.clock.advance(MILLI * (draw(&mut state) % 9000) as u32),
                8 => {
                    let given = value.clone();
                    let entry = rig.cache.entry(&PAGE, &key).tags([&key]);
                    let loaded = entry.get_or_load(|_| async { Ok::<_, ()>(given) }).await.unwrap();
                    settle().await;
                    assert!(loaded == value || good.get(&key) == Some(&loaded), "round {round}");
                    good.insert(key, loaded);
                }
                9 => {
                    let read = rig.cache.entry(&PAGE, &key).get_or_stale().await;
                    assert!(read.is_none() || read.as_ref() == good.get(&key), "round {round}: {read:?}");
                }
                _ => {
                    let read = rig.cache.get(&PAGE, &key).await;
                    assert!(read.is_none() || read.as_ref() == good.get(&key), "round {round}: {read:?}");
                }
            }
        }
        assert!(rig.stats().hits() > 100, "{:?}", rig.stats());
        load(&rig.cache, "v").await.unwrap();
    }
}
