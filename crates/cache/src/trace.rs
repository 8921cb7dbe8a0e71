//! What a log is given; nothing, at no cost, without the feature `tracing`. Never a value, and no text of an error. Keys
//! only at debug level and in the spans of loads.

#[cfg(not(feature = "tracing"))]
pub(crate) use off::*;
#[cfg(feature = "tracing")]
pub(crate) use on::*;

#[cfg(feature = "tracing")]
mod on {
    use std::{
        sync::atomic::{AtomicU64, Ordering::Relaxed},
        time::Duration,
    };

    use tracing::{Instrument, debug, info_span, warn};

    use crate::{Failure, LoadFailure, Rejection, Tier, Unstorable};

    /// What lines are filtered by, wherever they are written.
    const TARGET: &str = env!("CARGO_CRATE_NAME");
    /// The least time between two lines on loads that fail.
    const BETWEEN_LINES_MS: u64 = 10_000;

    /// One comparison while nobody listens at this level.
    #[inline]
    pub(crate) fn hit(kind: &'static str, key: &str, tier: Tier) {
        debug!(target: TARGET, kind, key, tier = tier.as_str(), "hit");
    }

    /// Runs a loader in a span of its own.
    pub(crate) fn in_load_span<F: Future>(
        kind: &'static str,
        key: &str,
        load: F,
    ) -> impl Future<Output = F::Output> + use<F> {
        load.instrument(info_span!(target: TARGET, "cache load", kind, key))
    }

    pub(crate) fn loaded(kind: &'static str, took: Duration) {
        debug!(target: TARGET, kind, took_ms = millis(took), "loaded");
    }

    pub(crate) fn not_stored(kind: &'static str, key: &str, why: Unstorable) {
        debug!(target: TARGET, kind, key, why = why.as_str(), "value not stored");
    }

    pub(crate) fn rejected<'a>(kind: &'static str, key: impl FnOnce() -> &'a str, why: Rejection) {
        if tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
            debug!(target: TARGET, kind, key = key(), why = ?why, "stored bytes rejected");
        }
    }

    pub(crate) fn backend_failed(kind: &'static str, failure: Failure) {
        debug!(target: TARGET, kind, failure = failure.as_str(), "backend call failed");
    }

    /// Writes few lines however many loads fail.
    #[derive(Debug, Default)]
    pub(crate) struct LoadFailures {
        /// When the next line may be written, milliseconds since 1970.
        not_before: AtomicU64,
        silent: AtomicU64,
    }

    impl LoadFailures {
        pub(crate) fn log(&self, kind: &'static str, failure: LoadFailure, now: u64) {
            let not_before = self.not_before.load(Relaxed);
            let next = now.saturating_add(BETWEEN_LINES_MS);
            // A clock that was set back does not silence for long.
            let is_time = now >= not_before || not_before > next;
            if is_time && self.not_before.compare_exchange(not_before, next, Relaxed, Relaxed).is_ok() {
                let since = self.silent.swap(0, Relaxed);
                warn!(target: TARGET, kind, failure = ?failure, not_logged_before = since, "a load failed");
            } else {
                self.silent.fetch_add(1, Relaxed);
            }
        }
    }

    fn millis(duration: Duration) -> u64 {
        u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use std::time::Duration;

    use crate::{Failure, LoadFailure, Rejection, Tier, Unstorable};

    pub(crate) const fn hit(_kind: &'static str, _key: &str, _tier: Tier) {}

    pub(crate) fn in_load_span<F: Future>(_kind: &'static str, _key: &str, load: F) -> F {
        load
    }

    pub(crate) const fn loaded(_kind: &'static str, _took: Duration) {}

    pub(crate) const fn not_stored(_kind: &'static str, _key: &str, _why: Unstorable) {}

    pub(crate) fn rejected<'a>(_kind: &'static str, _key: impl FnOnce() -> &'a str, _why: Rejection) {}

    pub(crate) const fn backend_failed(_kind: &'static str, _failure: Failure) {}

    #[derive(Debug, Default)]
    pub(crate) struct LoadFailures {}

    impl LoadFailures {
        pub(crate) const fn log(&self, _kind: &'static str, _failure: LoadFailure, _now: u64) {}
    }
}
