//! A hit allocates nothing. Counted by thread, in a binary of its own, as the allocator is the whole program's.
#![allow(clippy::unwrap_used, reason = "test")]

use std::time::Duration;

use allocation_counter::AllocationInfo;
use bytes::Bytes;
use futures_util::FutureExt;
use stockpile_cache::{Cache, Kind};

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
