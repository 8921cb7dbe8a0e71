use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

pub(crate) use self::ledger::Ledger;
use crate::{BackendStats, BusStats, EventStats, Tier};

mod ledger;

const STRIPES: usize = 8;

/// A counter each thread has its own cache line of: one shared line would cost more than the look-up it counts.
#[derive(Debug, Default)]
struct Striped([Line; STRIPES]);

#[derive(Debug, Default)]
#[repr(align(128))]
struct Line(AtomicU64);

impl Striped {
    #[inline]
    fn add_one(&self) {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static STRIPE: Cell<usize> = const { Cell::new(usize::MAX) };
        }
        let stripe = STRIPE.with(|stripe| {
            if stripe.get() == usize::MAX {
                stripe.set(NEXT.fetch_add(1, Relaxed));
            }
            stripe.get()
        });
        self.0[stripe % STRIPES].0.fetch_add(1, Relaxed);
    }

    fn sum(&self) -> u64 {
        self.0.iter().map(|line| line.0.load(Relaxed)).sum()
    }
}

/// What is counted for one kind.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    name: &'static str,
    hits_l1: Striped,
    hits_l2: AtomicU64,
    stale_l1: AtomicU64,
    stale_l2: AtomicU64,
    misses: AtomicU64,
    loads: AtomicU64,
    load_errors: AtomicU64,
    joins: AtomicU64,
    backend_errors: AtomicU64,
    rejected: AtomicU64,
    not_stored: AtomicU64,
}

impl Counters {
    #[inline]
    pub(crate) fn hit(&self, tier: Tier) {
        match tier {
            Tier::L1 => self.hits_l1.add_one(),
            Tier::L2 => add_one(&self.hits_l2),
        }
    }

    pub(crate) fn stale_hit(&self, tier: Tier) {
        add_one(match tier {
            Tier::L1 => &self.stale_l1,
            Tier::L2 => &self.stale_l2,
        });
    }

    pub(crate) fn miss(&self) {
        add_one(&self.misses);
    }

    pub(crate) fn load(&self) {
        add_one(&self.loads);
    }

    pub(crate) fn load_error(&self) {
        add_one(&self.load_errors);
    }

    pub(crate) fn join(&self) {
        add_one(&self.joins);
    }

    pub(crate) fn backend_error(&self) {
        add_one(&self.backend_errors);
    }

    pub(crate) fn reject(&self) {
        add_one(&self.rejected);
    }

    pub(crate) fn not_stored(&self) {
        add_one(&self.not_stored);
    }

    /// Starts at zero.
    fn named(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    const fn name(&self) -> &'static str {
        self.name
    }

    fn snapshot(&self) -> KindStats {
        KindStats {
            name: self.name,
            hits_l1: self.hits_l1.sum(),
            hits_l2: self.hits_l2.load(Relaxed),
            stale_hits_l1: self.stale_l1.load(Relaxed),
            stale_hits_l2: self.stale_l2.load(Relaxed),
            misses: self.misses.load(Relaxed),
            loads: self.loads.load(Relaxed),
            load_errors: self.load_errors.load(Relaxed),
            joins: self.joins.load(Relaxed),
            backend_errors: self.backend_errors.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
            not_stored: self.not_stored.load(Relaxed),
        }
    }
}

fn add_one(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

/// What a cache did since it was built, and what it holds.
///
/// Counters only grow. They are read one after the other, so a snapshot taken under load may be off by the calls
/// of that instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// One line per kind that was used, by name.
    pub kinds: Vec<KindStats>,
    /// Entries in this process, about; expired ones count until they are met or pushed out.
    pub l1_keys: u64,
    /// Bytes of these entries, about.
    pub l1_bytes: u64,
    /// Most bytes they may take.
    pub l1_max_bytes: u64,
    /// Entries this process pushed out for want of room, or had no room for at all.
    pub l1_evictions: u64,
    /// Keys with a load or a backend call under way.
    pub in_flight: u64,
    /// What became of events.
    pub events: EventStats,
    /// What happened between the cache and its backend.
    pub backend: BackendStats,
    /// What the bus did; `None` without one.
    pub bus: Option<BusStats>,
}

/// What happened to the entries of one kind.
///
/// Every call counts exactly one hit, stale hit or miss. A call that waits for another's load counts as that load
/// ends, and as one join. A call dropped before its answer counts nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KindStats {
    /// Name of the kind.
    pub name: &'static str,
    /// Fresh answers from this process.
    pub hits_l1: u64,
    /// Fresh answers from the backend.
    pub hits_l2: u64,
    /// Stale answers from this process.
    pub stale_hits_l1: u64,
    /// Stale answers from the backend.
    pub stale_hits_l2: u64,
    /// Calls no tier could answer.
    pub misses: u64,
    /// Loader calls.
    pub loads: u64,
    /// Loader calls that ended in an error or a panic.
    pub load_errors: u64,
    /// Calls that waited for the work of another.
    pub joins: u64,
    /// Backend calls that failed or were too slow.
    pub backend_errors: u64,
    /// Stored bytes that were not the entry asked for: damaged, of another release, schema or key.
    pub rejected: u64,
    /// Values given to their callers and not stored: too large, under too long a key, or not to be encoded.
    pub not_stored: u64,
}

impl KindStats {
    /// Returns fresh answers of both tiers.
    #[must_use]
    pub const fn hits(&self) -> u64 {
        self.hits_l1 + self.hits_l2
    }

    /// Returns stale answers of both tiers.
    #[must_use]
    pub const fn stale_hits(&self) -> u64 {
        self.stale_hits_l1 + self.stale_hits_l2
    }

    /// Returns the number of calls answered.
    #[must_use]
    pub const fn calls(&self) -> u64 {
        self.hits() + self.stale_hits() + self.misses
    }
}

impl Stats {
    /// Returns the line of one kind; all zero when it was never used.
    #[must_use]
    pub fn kind(&self, name: &str) -> KindStats {
        self.kinds.iter().find(|kind| kind.name == name).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_that_share_a_number_are_counted_apart() {
        let ledger = Ledger::new();
        ledger.of(7, "quote").miss();
        ledger.of(7, "daily").miss();
        ledger.of(7, "daily").miss();
        let misses: Vec<_> = ledger.snapshot().iter().map(|kind| (kind.name, kind.misses)).collect();
        assert_eq!(misses, [("daily", 2), ("quote", 1)]);
    }

    #[test]
    fn no_count_is_lost_among_64_threads() {
        let ledger = Ledger::new();
        std::thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| (0..1000).for_each(|_| ledger.of(1, "quote").hit(Tier::L1)));
            }
        });
        assert_eq!(ledger.snapshot()[0].hits_l1, 64_000);
    }
}
