//! Processes that load one at a time, and loads nobody waits for.

use std::time::Duration;

use bytes::Bytes;
use stockpile_cache::{Abandoned, Cache, Kind};

use crate::kit::{Gate, Rig, SECOND, settle, text};

const LEASED: Kind<Bytes> = Kind::new("leased").ttl(Duration::from_secs(60)).lease(Duration::from_secs(5));
const ABORTED: Kind<Bytes> = Kind::new("aborted").ttl(Duration::from_secs(60)).abandoned(Abandoned::Abort);

fn spawn(cache: &Cache, kind: Kind<Bytes>, gate: &Gate) -> tokio::task::JoinHandle<Bytes> {
    let (cache, gate) = (cache.clone(), gate.clone());
    tokio::spawn(async move {
        let load = move |_| async move {
            gate.pass().await;
            Ok::<_, &str>(text("v"))
        };
        cache.entry(&kind, "k").get_or_load(load).await.unwrap()
    })
}

#[tokio::test(start_paused = true)]
async fn one_of_many_processes_loads_and_the_others_take_its_value() {
    let (rig, gate) = (Rig::tiered(), Gate::new());
    let nodes: Vec<Cache> = (0..10).map(|_| rig.node()).collect();
    let calls: Vec<_> = nodes.iter().map(|node| spawn(node, LEASED, &gate)).collect();
    gate.entered().await;
    tokio::time::sleep(SECOND).await;
    gate.open();
    for call in calls {
        assert_eq!(call.await.unwrap(), text("v"));
    }
    assert_eq!(gate.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn holder_that_does_not_deliver_holds_nobody_up_for_longer_than_its_lease() {
    let (rig, gate) = (Rig::tiered(), Gate::new());
    let (first, second) = (rig.node(), rig.node());
    let hangs = spawn(&first, LEASED, &gate);
    gate.entered().await;
    let waits = spawn(&second, LEASED, &gate);
    tokio::time::sleep(SECOND * 6).await;
    gate.entered().await;
    gate.open();
    gate.open();
    assert_eq!(waits.await.unwrap(), text("v"));
    assert_eq!(hangs.await.unwrap(), text("v"));
    assert_eq!(gate.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn load_that_fails_gives_its_lease_back() {
    let rig = Rig::tiered();
    let (first, second) = (rig.node(), rig.node());
    first.entry(&LEASED, "k").get_or_load(|_| async { Err::<Bytes, _>("down") }).await.unwrap_err();
    settle().await;
    let start = tokio::time::Instant::now();
    second.entry(&LEASED, "k").get_or_load(|_| async { Ok::<_, &str>(text("v")) }).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn without_a_backend_that_leases_everybody_loads() {
    for rig in [Rig::local(), Rig::tiered()] {
        rig.chaos.fail(true);
        let gate = Gate::new();
        gate.open();
        assert_eq!(spawn(&rig.cache, LEASED, &gate).await.unwrap(), text("v"));
    }
}

#[tokio::test]
async fn load_nobody_waits_for_is_dropped_when_told_so() {
    for rig in [Rig::local(), Rig::tiered()] {
        let gate = Gate::new();
        let (first, second) = (spawn(&rig.cache, ABORTED, &gate), spawn(&rig.cache, ABORTED, &gate));
        gate.entered().await;
        settle().await;
        first.abort();
        settle().await;
        assert_eq!(rig.cache.stats().in_flight, 1, "one still waits");
        second.abort();
        settle().await;
        assert_eq!(rig.cache.stats().in_flight, 0);
        gate.open();
        settle().await;
        assert_eq!(rig.cache.get(&ABORTED, "k").await, None);
        let third = spawn(&rig.cache, ABORTED, &gate);
        assert_eq!(third.await.unwrap(), text("v"), "the next caller starts anew");
    }
}

#[tokio::test]
async fn caller_that_comes_as_the_last_one_leaves_gets_a_value() {
    let rig = Rig::local();
    for _ in 0..1000 {
        let gate = Gate::new();
        let leaving = spawn(&rig.cache, ABORTED, &gate);
        gate.entered().await;
        leaving.abort();
        gate.open();
        let coming = spawn(&rig.cache, ABORTED, &gate);
        gate.open();
        assert_eq!(coming.await.unwrap(), text("v"));
        rig.cache.delete(&ABORTED, "k").await;
        settle().await;
    }
    assert_eq!(rig.cache.stats().in_flight, 0);
}
