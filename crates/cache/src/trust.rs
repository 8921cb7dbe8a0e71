//! How long what this process holds may be used without asking the backend again.

use crate::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// What was checked before `not_before`, or longer than `max_age` ago, must be checked again. Milliseconds.
///
/// A value that was fresh in the backend can be changed there by another process. A bus tells; without one, or while
/// it is cut, only asking again does.
#[derive(Debug)]
pub(crate) struct Trust {
    not_before: AtomicU64,
    max_age: AtomicU64,
}

impl Trust {
    pub(crate) fn new(max_age: u64) -> Self {
        Self { not_before: AtomicU64::new(0), max_age: AtomicU64::new(max_age) }
    }

    #[inline]
    pub(crate) fn holds(&self, checked_at: u64, now: u64) -> bool {
        // In this order: whoever sees the longer age after a gap in the bus must see what was withdrawn before it.
        now < checked_at.saturating_add(self.max_age.load(Acquire))
            && checked_at >= self.not_before.load(Relaxed)
    }

    pub(crate) fn set_max_age(&self, max_age: u64) {
        self.max_age.store(max_age, Release);
    }

    /// Takes trust from all that was checked until now.
    pub(crate) fn withdraw(&self, now: u64) {
        self.not_before.fetch_max(now.saturating_add(1), Relaxed);
    }
}
