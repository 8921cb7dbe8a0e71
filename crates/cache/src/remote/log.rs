//! Few lines in the log, however long an outage: one when it begins, one when it is over, and a summary now and then.
//! No key, no value, and no text of the driver, which may hold either.

#[cfg(not(feature = "tracing"))]
pub(super) use off::Log;
#[cfg(feature = "tracing")]
pub(super) use on::Log;

#[cfg(feature = "tracing")]
mod on {
    use std::{
        sync::{Mutex, PoisonError},
        time::Duration,
    };

    use tokio::time::Instant;

    use crate::remote::{BreakerState, Failure, Remote};

    const BETWEEN_SUMMARIES: Duration = Duration::from_secs(30);

    #[derive(Debug, Default)]
    pub(in crate::remote) struct Log {
        last: Mutex<Option<Instant>>,
    }

    impl Log {
        pub(in crate::remote) fn new() -> Self {
            Self::default()
        }

        pub(in crate::remote) fn opened(&self, remote: &Remote) {
            self.is_time(true);
            let report = remote.report();
            tracing::warn!(
                backend = report.backend,
                failure = report.last_failure.map(Failure::as_str),
                "the cache backend fails and is left alone until it answers again"
            );
        }

        pub(in crate::remote) fn closed(&self, remote: &Remote, outage: Duration) {
            self.is_time(true);
            tracing::info!(
                backend = remote.backend().name(),
                outage_ms = u64::try_from(outage.as_millis()).unwrap_or(u64::MAX),
                "the cache backend is back"
            );
        }

        pub(in crate::remote) fn summary(&self, remote: &Remote) {
            if !self.is_time(false) {
                return;
            }
            let (report, stats) = (remote.report(), remote.stats());
            tracing::warn!(
                backend = report.backend,
                open = report.state != BreakerState::Closed,
                for_ms = u64::try_from(report.for_time.as_millis()).unwrap_or(u64::MAX),
                failure = report.last_failure.map(Failure::as_str),
                unreachable = stats.unreachable,
                timed_out = stats.timed_out,
                refused = stats.refused,
                not_asked = stats.not_asked,
                queued = report.queued,
                queued_bytes = report.queued_bytes,
                "calls to the cache backend fail"
            );
        }

        /// Whether the last line is long enough ago; then, or when `anyhow`, the next one is a while off.
        fn is_time(&self, anyhow: bool) -> bool {
            let now = Instant::now();
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let due = anyhow || last.is_none_or(|last| now.duration_since(last) >= BETWEEN_SUMMARIES);
            if due {
                *last = Some(now);
            }
            due
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use std::time::Duration;

    use crate::remote::Remote;

    #[derive(Debug)]
    pub(in crate::remote) struct Log;

    #[expect(clippy::unused_self, reason = "as with the feature")]
    impl Log {
        pub(in crate::remote) const fn new() -> Self {
            Self
        }

        pub(in crate::remote) fn opened(&self, _remote: &Remote) {}

        pub(in crate::remote) fn closed(&self, _remote: &Remote, _outage: Duration) {}

        pub(in crate::remote) fn summary(&self, _remote: &Remote) {}
    }
}
