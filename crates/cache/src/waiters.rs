use crate::sync::atomic::{
    AtomicUsize,
    Ordering::{AcqRel, Relaxed},
};

/// How many wait for something, until it is closed.
#[derive(Debug)]
pub(crate) struct Waiters(AtomicUsize);

const CLOSED: usize = usize::MAX;

impl Waiters {
    /// Counts in whoever made it.
    pub(crate) fn with_one() -> Self {
        Self(AtomicUsize::new(1))
    }

    /// Counts one in; false when it is closed.
    pub(crate) fn join(&self) -> bool {
        let one_more = |count| if count == CLOSED { None } else { Some(count + 1) };
        self.0.fetch_update(AcqRel, Relaxed, one_more).is_ok()
    }

    /// Counts one out who joined; true when nobody is left, and then somebody should try to close.
    pub(crate) fn leave(&self) -> bool {
        self.0.fetch_sub(1, AcqRel) == 1
    }

    /// Closes unless somebody waits. Succeeds once.
    pub(crate) fn close(&self) -> bool {
        self.0.compare_exchange(0, CLOSED, AcqRel, Relaxed).is_ok()
    }
}
