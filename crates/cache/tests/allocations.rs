//! A hit allocates nothing, and an outage no more than was allowed. Counted by thread, in a binary of its own, as the allocator is the whole program's.
#![allow(clippy::unwrap_used, reason = "test")]

use std::{sync::Arc, time::Duration};

use allocation_counter::AllocationInfo;
use bytes::Bytes;
use futures_util::FutureExt;
use stockpile_cache::{Cache, Kind, MemoryBackend, testkit::ChaosBackend};

const PAGE: Kind<Bytes> = Kind::new("page").ttl(Duration::from_secs(3600)).tags(&["pages"]);
const TEXT: Kind<String> = Kind::new("text").ttl(Duration::from_secs(3600));

fn filled() -> Cache {
    let cache = Cache::in_memory();
    cache.set(&PAGE, "a", Bytes::from(vec![7; 3300])).now_or_never().unwrap();
    cache.set(&TEXT, "a", "text".to_owned()).now_or_never().unwrap();
    cache
}

fn allocations(read: impl Fn()) -> AllocationInfo {
    allocation_counter::measure(read)
}

#[test]
fn counting_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7)))).count_total, 1);
}

#[test]
fn hit_of_try_get_local_allocates_nothing() {
    let cache = filled();
    let read = || {
        assert!(cache.try_get_local(&PAGE, "a").is_some());
        assert!(cache.try_get_local(&TEXT, "a").is_some());
    };
    assert_eq!(allocations(read).count_total, 0);
}

#[test]
fn hit_of_get_allocates_nothing() {
    let cache = filled();
    let read = || {
        assert!(cache.get(&PAGE, "a").now_or_never().unwrap().is_some());
        assert!(cache.entry(&TEXT, "a").with_outcome().get().now_or_never().unwrap().is_some());
    };
    assert_eq!(allocations(read).count_total, 0);
}

#[test]
fn hit_of_get_or_load_allocates_nothing() {
    let cache = filled();
    let read = || {
        let load = cache.entry(&PAGE, "a").get_or_load(|_| async { Err(()) });
        assert!(load.now_or_never().unwrap().is_ok());
        let load = cache.entry(&TEXT, "a").with_outcome().get_or_load(|_| async { Err(()) });
        assert!(load.now_or_never().unwrap().is_ok());
    };
    assert_eq!(allocations(read).count_total, 0);
}

#[test]
fn wishes_and_up_to_four_tags_of_a_hit_allocate_nothing() {
    let cache = filled();
    let read = || {
        let entry = cache.entry(&PAGE, "a").ttl(Duration::from_secs(9)).tags(["1", "2", "3", "4"]);
        assert!(entry.get_or_load(|_| async { Err(()) }).now_or_never().unwrap().is_ok());
    };
    assert_eq!(allocations(read).count_total, 0);
}

/// A thousand requests at once, a hundred times.
#[test]
fn requests_of_an_outage_take_no_more_memory_than_was_allowed_for_them() {
    let info = allocations(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let chaos = ChaosBackend::new(Arc::new(MemoryBackend::new(1 << 20)));
        let builder = Cache::builder().backend(Arc::new(chaos.clone()));
        let cache = builder.l1_max_bytes(1 << 20).replay_queue(2_000, 1 << 20).build().unwrap();
        runtime.block_on(async {
            cache.set(&TEXT, "warm up", String::new()).await;
            chaos.fail(true);
            for round in 0..100 {
                let requests = (0..1000).map(|number| {
                    let cache = cache.clone();
                    tokio::spawn(async move {
                        let key = format!("{round} {number}");
                        match number % 3 {
                            0 => drop(cache.delete(&TEXT, &key).await),
                            1 => drop(cache.set(&TEXT, &key, "v".repeat(1000)).await),
                            _ => {
                                let load = |_| async { Ok::<_, ()>("v".repeat(1000)) };
                                cache.entry(&TEXT, &key).get_or_load(load).await.unwrap();
                            }
                        }
                    })
                });
                for request in requests.collect::<Vec<_>>() {
                    request.await.unwrap();
                }
            }
        });
    });
    // 2 MiB by our own count; the rest is what a thousand requests take while they run, and tables with room to grow.
    assert!(info.bytes_max < 16 << 20, "{} bytes at most", info.bytes_max);
}
