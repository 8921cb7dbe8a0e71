//! How the backend is, for people and for health checks; and the end of a cache.

use std::time::Duration;

use tokio::time::Instant;

use super::{BackendStats, Deadline, Failure, Remote, breaker::Phase};
use crate::Health;

/// Whether a cache asks its backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakerState {
    /// It does.
    Closed,
    /// It does not: the backend failed, and is asked now and then whether it is back.
    Open,
    /// It is just asking, or sending what the backend missed.
    Probing,
    /// It does not, as the cache was shut down.
    Ended,
}

/// How a cache and its backend get on. Asks nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteHealth {
    /// Name of the backend.
    pub backend: &'static str,
    /// The same as [`Cache::health`](crate::Cache::health).
    pub health: Health,
    /// Whether the backend is asked.
    pub state: BreakerState,
    /// For how long that has been so; a probe does not start it anew.
    pub for_time: Duration,
    /// How the last call that failed did, however long ago.
    pub last_failure: Option<Failure>,
    /// Time until the backend is asked whether it is back; `None` unless the state is [`BreakerState::Open`].
    pub next_probe: Option<Duration>,
    /// Changes the backend has yet to be told.
    pub queued: usize,
    /// Bytes they take, about.
    pub queued_bytes: u64,
    /// Outages since the cache was built.
    pub times_opened: u64,
    /// Length of the last one that is over, until everything was sent that the backend missed.
    pub last_outage: Option<Duration>,
}

impl Remote {
    pub(crate) fn health(&self) -> Health {
        let phase = self.breaker.state().phase;
        let own = match phase {
            Phase::Open | Phase::Probing | Phase::Ended => Health::Down,
            Phase::Closed if self.queue().is_empty() => Health::Up,
            Phase::Closed => Health::Degraded,
        };
        own.max(self.backend.health())
    }

    pub(crate) fn report(&self) -> RemoteHealth {
        let health = self.health();
        let (queued, queued_bytes) = {
            let queue = self.queue();
            (queue.len(), queue.bytes())
        };
        let state = self.breaker.state();
        let open = state.phase == Phase::Open;
        RemoteHealth {
            backend: self.backend.name(),
            health,
            state: match state.phase {
                Phase::Closed => BreakerState::Closed,
                Phase::Open => BreakerState::Open,
                Phase::Probing => BreakerState::Probing,
                Phase::Ended => BreakerState::Ended,
            },
            for_time: state.since.elapsed(),
            last_failure: state.last_failure,
            next_probe: open.then(|| state.next_probe.saturating_duration_since(Instant::now())),
            queued,
            queued_bytes,
            times_opened: state.times_opened,
            last_outage: state.last_outage,
        }
    }

    pub(crate) fn stats(&self) -> BackendStats {
        let queue = self.queue();
        BackendStats { dropped_fills: queue.dropped, overflows: queue.overflows, ..self.tally.snapshot() }
    }

    /// Waits until the backend has everything; false when that takes longer.
    pub(crate) async fn flush(&self, timeout: Duration) -> bool {
        let mut outstanding = self.outstanding.subscribe();
        let empty = Deadline::after(timeout).wait_for(outstanding.wait_for(|left| *left == 0)).await;
        matches!(empty, Some(Ok(_)))
    }

    /// As [`flush`](Self::flush), and then leaves the backend alone for good.
    pub(crate) async fn shut_down(&self, timeout: Duration) -> bool {
        let flushed = self.flush(timeout).await;
        self.breaker.end();
        self.dismiss();
        flushed
    }
}
