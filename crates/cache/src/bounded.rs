//! A concurrent map with a bound in bytes; the only file that knows who evicts.

use std::hash::Hash;

use quick_cache::{
    DefaultHashBuilder, Lifecycle, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle},
};

/// Bytes an entry costs beyond its key and value: slots, links and allocations. An estimate.
pub(crate) const OVERHEAD: u64 = 128;

// A value must fit one shard, so shards are few and large rather than many and small.
const SHARD_BYTES: u64 = 8 << 20;
const TYPICAL_ENTRY_BYTES: u64 = 2 << 10;

pub(crate) type Bounded<K, V, L = DefaultLifecycle<K, V>> = Cache<K, V, ByWeight, DefaultHashBuilder, L>;

/// Says how many bytes an entry is charged.
pub(crate) trait Weigh<K> {
    fn weigh(&self, key: &K) -> u64;
}

#[derive(Clone, Debug)]
pub(crate) struct ByWeight;

impl<K, V: Weigh<K>> Weighter<K, V> for ByWeight {
    fn weight(&self, key: &K, value: &V) -> u64 {
        value.weigh(key)
    }
}

pub(crate) fn bounded<K: Eq + Hash, V: Weigh<K> + Clone>(max_bytes: u64) -> Bounded<K, V> {
    watched(max_bytes, DefaultLifecycle::default())
}

/// Makes a map that shows what it pushes out, and what did not fit, to `lifecycle`.
pub(crate) fn watched<K, V, L>(max_bytes: u64, lifecycle: L) -> Bounded<K, V, L>
where
    K: Eq + Hash,
    V: Weigh<K> + Clone,
    L: Lifecycle<K, V> + Clone,
{
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let shards = usize::try_from(max_bytes / SHARD_BYTES).unwrap_or(usize::MAX).clamp(1, threads * 4);
    // Rounded down, because the map rounds up.
    let shards = 1 << shards.ilog2();
    let items = usize::try_from(max_bytes / TYPICAL_ENTRY_BYTES).unwrap_or(usize::MAX).max(1);
    let mut options = OptionsBuilder::new();
    options.shards(shards).estimated_items_capacity(items).weight_capacity(max_bytes);
    match options.build() {
        Ok(options) => Cache::with_options(options, ByWeight, DefaultHashBuilder::default(), lifecycle),
        // Both required options are set above; this arm gives the same map with default sharding.
        Err(_) => Cache::with(items, max_bytes, ByWeight, DefaultHashBuilder::default(), lifecycle),
    }
}
