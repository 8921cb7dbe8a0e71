//! How long what this process holds may be used without asking the backend again.

use crate::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// A clock that is set back by no more than this is taken for one that stands: what was checked counts as new for so much
/// longer.
pub(crate) const SLACK_MS: u64 = 5_000;
/// How far the latest time may lie ahead of the one that is kept, so that it is seldom written: every hit reads it.
const COARSE_MS: u64 = 1_000;

/// What was checked before `not_before`, or longer than `max_age` ago, must be checked again. Milliseconds.
///
/// A value that was fresh in the backend can be changed there by another process. A bus tells; without one, or while
/// it is cut, only asking again does.
///
/// When the clock was set back, the times of earlier checks mean nothing, and nothing is trusted until
/// [`start_over`](Self::start_over).
#[derive(Debug)]
pub(crate) struct Trust {
    not_before: AtomicU64,
    max_age: AtomicU64,
    /// About the latest time that was seen.
    latest: AtomicU64,
}

impl Trust {
    pub(crate) fn new(max_age: u64) -> Self {
        Self { not_before: AtomicU64::new(0), max_age: AtomicU64::new(max_age), latest: AtomicU64::new(0) }
    }

    #[inline]
    pub(crate) fn holds(&self, checked_at: u64, now: u64) -> bool {
        // In this order: whoever sees the longer age after a gap in the bus must see what was withdrawn before it.
        now < checked_at.saturating_add(self.max_age.load(Acquire))
            && checked_at >= self.not_before.load(Relaxed)
            && !self.was_set_back(now)
    }

    pub(crate) fn set_max_age(&self, max_age: u64) {
        self.max_age.store(max_age, Release);
    }

    /// Takes trust from all that was checked until now.
    pub(crate) fn withdraw(&self, now: u64) {
        self.note(now);
        self.not_before.fetch_max(now.saturating_add(1), Relaxed);
    }

    /// Takes in what the time is, whenever something is checked.
    pub(crate) fn note(&self, now: u64) {
        if now > self.latest.load(Relaxed).saturating_add(COARSE_MS) {
            self.latest.fetch_max(now, Relaxed);
        }
    }

    /// Whether the clock shows less than it did.
    #[inline]
    pub(crate) fn was_set_back(&self, now: u64) -> bool {
        now.saturating_add(SLACK_MS) < self.latest.load(Acquire)
    }

    /// Trusts what is checked from now on, by a clock that was set back. To be called once nothing that was checked before
    /// is held any more, or with a time of zero, which is never trusted again.
    pub(crate) fn start_over(&self, now: u64) {
        self.not_before.store(1, Relaxed);
        self.latest.store(now, Release);
    }
}
