//! What a hit in this process costs, beside the bare map it is built on.
//!
//! `cargo bench -p stockpile-cache --bench hit`. Says nothing about backends or loads.

use std::time::Duration;

use bytes::Bytes;
use divan::{AllocProfiler, Bencher, black_box};
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

fn filled() -> Cache {
    let cache = Cache::in_memory();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let fill = async {
        for key in keys() {
            cache.set(&PAGE, &key, Bytes::from(vec![7; BODY])).await;
        }
    };
    runtime.expect("a runtime without drivers can be built").block_on(fill);
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
    for key in keys() {
        map.insert(key, Bytes::from(vec![7; BODY]));
    }
    each(bencher, |key| map.get(key));
}

#[divan::bench(threads = THREADS)]
fn try_get_local(bencher: Bencher<'_, '_>) {
    let cache = filled();
    each(bencher, |key| cache.try_get_local(&PAGE, key));
}

#[divan::bench(threads = THREADS)]
fn get_or_load(bencher: Bencher<'_, '_>) {
    use futures_util::FutureExt;
    let cache = filled();
    each(bencher, |key| {
        let load = cache.entry(&PAGE, key).get_or_load(|_| async { Err(()) });
        load.now_or_never().and_then(Result::ok)
    });
}

#[divan::bench]
fn coarse_clock() -> u64 {
    SystemClock.now_ms()
}
