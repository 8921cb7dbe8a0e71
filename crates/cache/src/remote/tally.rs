use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::fault::Failure;

#[derive(Debug, Default)]
pub(super) struct Tally {
    unreachable: AtomicU64,
    timed_out: AtomicU64,
    refused: AtomicU64,
    not_asked: AtomicU64,
    replayed: AtomicU64,
}

impl Tally {
    pub(super) fn failed(&self, failure: Failure) {
        let counter = match failure {
            Failure::Unreachable => &self.unreachable,
            Failure::TimedOut => &self.timed_out,
            Failure::Refused => &self.refused,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(super) fn not_asked(&self) {
        self.not_asked.fetch_add(1, Relaxed);
    }

    pub(super) fn replayed(&self, changes: u64) {
        self.replayed.fetch_add(changes, Relaxed);
    }

    pub(super) fn snapshot(&self) -> BackendStats {
        BackendStats {
            unreachable: self.unreachable.load(Relaxed),
            timed_out: self.timed_out.load(Relaxed),
            refused: self.refused.load(Relaxed),
            not_asked: self.not_asked.load(Relaxed),
            replayed: self.replayed.load(Relaxed),
            ..BackendStats::default()
        }
    }
}

/// What happened between a cache and its backend; all zero without one. Counters only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackendStats {
    /// Calls that found no connection, lost it, or panicked; probes included, as in the next two.
    pub unreachable: u64,
    /// Calls that were not answered in time.
    pub timed_out: u64,
    /// Calls the backend said no to.
    pub refused: u64,
    /// Calls not made: the backend was known to be down, or the request's budget was spent.
    pub not_asked: u64,
    /// Changes that were confirmed when they were sent again.
    pub replayed: u64,
    /// Values made by loads that were not sent again: their time was over, or there was no room for them.
    pub dropped_fills: u64,
    /// Times the queue was full, and everything in the backend was invalidated instead.
    pub overflows: u64,
}
