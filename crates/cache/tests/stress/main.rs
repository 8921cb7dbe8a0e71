//! Many tasks on several threads do everything a cache can do to a few keys. The seeds are fixed, the order of events is
//! not: what must hold holds in every order.
#![allow(clippy::unwrap_used, reason = "test")]

mod world;

use std::{sync::Arc, time::Duration};

use stockpile_cache::{Cache, CacheBuilder, KindStats, MemoryBackend, MemoryBus, testkit::ChaosBackend};
use tokio::task::JoinSet;

use self::world::{Change, World};

const TASKS: u64 = 8;
const STEPS: usize = 400;

/// Long enough that a busy machine is no outage.
fn builder() -> CacheBuilder {
    Cache::builder().budget(Duration::from_secs(30))
}

fn chaos() -> ChaosBackend {
    ChaosBackend::new(Arc::new(MemoryBackend::new(8 << 20)))
}

/// Makes the backend slow now and then, so that calls meet in it; and failing, if wanted.
async fn disturb(chaos: ChaosBackend, fails: bool) {
    let pause = || tokio::time::sleep(Duration::from_millis(3));
    loop {
        chaos.hold_writes(true);
        pause().await;
        chaos.hold_writes(false);
        chaos.delay(Duration::from_millis(1));
        pause().await;
        chaos.delay(Duration::ZERO);
        chaos.fail(fails);
        pause().await;
        chaos.fail(false);
    }
}

/// Runs tasks on each node at once, and the disturbance beside them.
async fn run(
    world: &Arc<World>,
    chaos: Option<(ChaosBackend, bool)>,
    nodes: Vec<(Cache, &'static [Change])>,
) {
    let disturbance = chaos.clone().map(|(chaos, fails)| tokio::spawn(disturb(chaos, fails)));
    let mut tasks = JoinSet::new();
    for &(ref cache, changes) in &nodes {
        for seed in 0..TASKS {
            let (world, cache) = (Arc::clone(world), cache.clone());
            tasks.spawn(async move { world.work(&cache, seed, STEPS, changes).await });
        }
    }
    let calls: u64 = tasks.join_all().await.into_iter().sum();
    if let Some(disturbance) = disturbance {
        disturbance.abort();
        let _ = disturbance.await;
    }
    if let Some((chaos, _)) = chaos {
        chaos.hold_writes(false);
        chaos.delay(Duration::ZERO);
        chaos.fail(false);
    }
    for (cache, _) in &nodes {
        world::until("nothing is in flight", || cache.stats().in_flight == 0).await;
    }
    // Or nothing was tried.
    let did = |what: fn(&KindStats) -> u64| {
        nodes.iter().any(|(cache, _)| cache.stats().kinds.iter().any(|kind| what(kind) > 0))
    };
    assert!(did(KindStats::hits) && did(|kind| kind.loads) && did(|kind| kind.joins) && world.has_changed());
    let counted: u64 = nodes.iter().flat_map(|(cache, _)| cache.stats().kinds).map(|kind| kind.calls()).sum();
    assert_eq!(counted, calls, "each call is one hit, stale hit or miss");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_tier_gives_nothing_older_than_the_last_change() {
    let world = World::strict();
    run(&world, None, vec![(builder().build().unwrap(), Change::ALL)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_tiers_give_nothing_older_than_the_last_change() {
    let (world, chaos) = (World::strict(), chaos());
    let cache = builder().backend(Arc::new(chaos.clone())).build().unwrap();
    run(&world, Some((chaos, false)), vec![(cache, Change::ALL)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn backend_alone_gives_nothing_older_than_the_last_change() {
    let (world, chaos) = (World::strict(), chaos());
    let cache = builder().backend(Arc::new(chaos.clone())).l1_max_bytes(0).build().unwrap();
    run(&world, Some((chaos, false)), vec![(cache, Change::ALL)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn failing_backend_fails_no_call_and_brings_nothing_back() {
    let (world, chaos) = (World::strict(), chaos());
    let cache = builder().backend(Arc::new(chaos.clone())).build().unwrap();
    run(&world, Some((chaos, true)), vec![(cache, Change::ALL)]).await;
}

/// A node does not see at once what the other did; a change after all that does show, on both.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_agree_once_they_rest() {
    let (world, chaos, bus) = (World::lenient(), chaos(), MemoryBus::new());
    let node = || builder().backend(Arc::new(chaos.clone())).bus(Arc::new(bus.clone())).build().unwrap();
    let (a, b) = (node(), node());
    run(&world, Some((chaos, false)), vec![(a.clone(), Change::ALL), (b.clone(), Change::ALL)]).await;
    for change in Change::ALL {
        world.change_everything(&a, *change).await;
        world.agrees(&a).await;
        world.agrees(&b).await;
    }
}

/// What carries generations is refused wherever it was loaded, also by a node that had not heard yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn node_that_invalidates_by_tag_gets_nothing_older_from_another() {
    let (world, chaos, bus) = (World::strict(), chaos(), MemoryBus::new());
    let node = || builder().backend(Arc::new(chaos.clone())).bus(Arc::new(bus.clone())).build().unwrap();
    let (a, b) = (node(), node());
    let loads = tokio::spawn({
        let (world, b) = (Arc::clone(&world), b.clone());
        async move { world.load_for_ever(&b).await }
    });
    run(&world, Some((chaos, false)), vec![(a, Change::OF_TAGS)]).await;
    loads.abort();
}
