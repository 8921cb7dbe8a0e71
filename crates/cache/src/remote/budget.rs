//! How long one request may wait for the backend, over all it asks of it.

use std::time::Duration;

use tokio::time::Instant;

/// Longer than any request, and short enough to be added to any instant.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// When a request stops waiting. Made once, at its start, and handed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    whole: Duration,
}

impl Deadline {
    pub(crate) fn after(budget: Duration) -> Self {
        let whole = budget.min(LONGEST);
        Self { at: Instant::now() + whole, whole }
    }

    /// Starts the clock again after a while in which nothing was asked of the backend.
    pub(crate) fn put_off(self, by: Duration) -> Self {
        Self { at: self.at + by.min(LONGEST), ..self }
    }

    /// Returns what is left; `None` when it is over.
    pub(crate) fn left(&self) -> Option<Duration> {
        Some(self.at.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }

    /// Whether a backend that got `left` had a fair chance: a call that began when most of the budget was spent on
    /// other things says nothing about the backend when it is late.
    pub(super) fn is_fair(&self, left: Duration) -> bool {
        left.saturating_mul(2) >= self.whole
    }

    /// Waits for `work`, but not beyond the end.
    pub(crate) async fn wait_for<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout_at(self.at, work).await.ok()
    }
}
