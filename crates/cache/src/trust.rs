//! How long what this process holds may be used without asking the backend again.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

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
    pub(crate) const fn new(max_age: u64) -> Self {
        Self { not_before: AtomicU64::new(0), max_age: AtomicU64::new(max_age) }
    }

    #[inline]
    pub(crate) fn holds(&self, checked_at: u64, now: u64) -> bool {
        checked_at >= self.not_before.load(Relaxed)
            && now < checked_at.saturating_add(self.max_age.load(Relaxed))
    }

    pub(crate) fn set_max_age(&self, max_age: u64) {
        self.max_age.store(max_age, Relaxed);
    }

    /// Takes trust from all that was checked until now.
    pub(crate) fn withdraw(&self, now: u64) {
        self.not_before.fetch_max(now.saturating_add(1), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_ends_with_age_and_when_it_is_withdrawn() {
        let trust = Trust::new(10);
        assert!(trust.holds(100, 109));
        assert!(!trust.holds(100, 110));
        trust.withdraw(105);
        assert!(!trust.holds(105, 106));
        assert!(trust.holds(106, 106));
        trust.withdraw(50);
        assert!(trust.holds(106, 106), "withdrawing goes forward only");
    }

    #[test]
    fn endless_trust_does_not_overflow() {
        assert!(Trust::new(u64::MAX).holds(u64::MAX - 1, u64::MAX - 1));
    }
}
