//! What a hit in this process costs, beside the bare map it is built on.
//!
//! `cargo bench -p stockpile-cache --bench hit`. Says nothing about backends or loads.

use std::time::Duration;

use bytes::Bytes;
use divan::{AllocProfiler, Bencher, black_box};
use futures_util::FutureExt;
use stockpile_cache::{Cache, Clock, Kind, SystemClock};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const PAGE: Kind<Bytes> = Kind::new("page").ttl(Duration::from_secs(3600));
const KEYS: usize = 1024;
const BODY: usize = 3300;
const THREADS: [usize; 2] = [1, 2];

fn main() {
    divan::main();
}

fn keys() -> Vec<String> {
    (0..KEYS).map(|number| format!("{number:06}.SH")).collect()
}

/// All made before the first is stored, so that it does not matter what the allocator puts between them.
fn bodies() -> Vec<Bytes> {
    (0..KEYS).map(|_| Bytes::from(vec![7; BODY])).collect()
}

fn filled() -> Cache {
    let cache = Cache::in_memory();
    for (key, body) in keys().iter().zip(bodies()) {
        // In memory a write never waits.
        cache.set(&PAGE, key, body).now_or_never();
    }
    cache
}

/// Reads every key in turn, so that one hot counter does not decide.
fn each(bencher: Bencher<'_, '_>, read: impl Fn(&str) -> Option<Bytes> + Sync) {
    let keys = keys();
    bencher.counter(divan::counter::ItemsCount::new(KEYS)).bench(|| {
        for key in &keys {
            black_box(read(black_box(key)));
        }
    });
}

#[divan::bench(threads = THREADS)]
fn bare_quick_cache(bencher: Bencher<'_, '_>) {
    let map = quick_cache::sync::Cache::<String, Bytes>::new(100_000);
    for (key, body) in keys().iter().zip(bodies()) {
        map.insert(key.clone(), body);
    }
    each(bencher, |key| map.get(key));
}

#[divan::bench(threads = THREADS)]
fn try_get_local(bencher: Bencher<'_, '_>) {
    let cache = filled();
    each(bencher, |key| cache.try_get_local(&PAGE, key));
}

#[divan::bench(threads = THREADS)]
fn get(bencher: Bencher<'_, '_>) {
    let cache = filled();
    each(bencher, |key| cache.get(&PAGE, key).now_or_never().flatten());
}

#[divan::bench(threads = THREADS)]
fn get_or_load(bencher: Bencher<'_, '_>) {
    let cache = filled();
    each(bencher, |key| {
        let load = cache.entry(&PAGE, key).get_or_load(|_| async { Err(()) });
        load.now_or_never().and_then(Result::ok)
    });
}

#[divan::bench(threads = THREADS)]
fn get_or_load_with_wishes(bencher: Bencher<'_, '_>) {
    let cache = filled();
    each(bencher, |key| {
        let entry = cache.entry(&PAGE, key).ttl(Duration::from_secs(60)).tags(["bars", key]);
        let load = entry.get_or_load(|_| async { Err(()) });
        load.now_or_never().and_then(Result::ok)
    });
}

/// As many as keys, so that one line beside the others says what the clock is of them.
#[divan::bench]
fn clock(bencher: Bencher<'_, '_>) {
    bencher.counter(divan::counter::ItemsCount::new(KEYS)).bench(|| {
        for _ in 0..KEYS {
            black_box(SystemClock.now_ms());
        }
    });
}
