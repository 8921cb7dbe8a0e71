mod reasons;
mod sink;

use std::{sync::Arc, time::Duration};

pub(crate) use self::sink::{Handler, Sink};
pub use self::{
    reasons::{LoadFailure, Origin, Rejection, Scope},
    sink::{EventStats, Events},
};
use crate::{Failure, Tier, Unstorable, Why};

/// Something that happened in a cache and is rare enough to be told one by one; see [`guide::events`](crate::guide::events).
///
/// Hits and misses are not told: they are counted. Keys are given as the caller wrote them, values never.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A caller was given a stale value in place of a load.
    #[non_exhaustive]
    StaleGiven {
        /// Name of the kind.
        kind: &'static str,
        /// The key.
        key: Arc<str>,
        /// Where the value was.
        tier: Tier,
        /// What kept the load from answering.
        why: Why,
        /// How long ago the value was made.
        age: Duration,
    },
    /// A loader gave a value.
    #[non_exhaustive]
    Loaded {
        /// Name of the kind.
        kind: &'static str,
        /// The key.
        key: Arc<str>,
        /// How long the loader took; with several keys, for all of them.
        took: Duration,
        /// Whether the value was stored.
        stored: bool,
    },
    /// A loader was called and gave no value.
    #[non_exhaustive]
    LoadFailed {
        /// Name of the kind.
        kind: &'static str,
        /// The key; of a load of several, the first.
        key: Arc<str>,
        /// How it ended.
        failure: LoadFailure,
    },
    /// A loader was not called, as too many run.
    #[non_exhaustive]
    LoadRefused {
        /// Name of the kind.
        kind: &'static str,
        /// The key; of a load of several, the first.
        key: Arc<str>,
    },
    /// A value was given to its caller and not stored.
    #[non_exhaustive]
    NotStored {
        /// Name of the kind.
        kind: &'static str,
        /// The key.
        key: Arc<str>,
        /// What kept it out.
        why: Unstorable,
    },
    /// An entry of this process was pushed out for want of room, or did not fit at all. Told only when
    /// [`eviction_events`](crate::CacheBuilder::eviction_events) asked for it.
    #[non_exhaustive]
    Evicted {
        /// Name of the kind.
        kind: &'static str,
        /// The key.
        key: Arc<str>,
        /// Bytes it was charged.
        bytes: u64,
    },
    /// Stored bytes were not the entry that was asked for, which counts as a miss.
    #[non_exhaustive]
    Rejected {
        /// Name of the kind.
        kind: &'static str,
        /// The key.
        key: Arc<str>,
        /// What was wrong with them.
        why: Rejection,
    },
    /// The backend failed to read, write or delete.
    #[non_exhaustive]
    BackendFailed {
        /// Name of the kind.
        kind: &'static str,
        /// How it failed.
        failure: Failure,
    },
    /// The backend failed so often that it is left alone until it answers a probe.
    #[non_exhaustive]
    BackendDown {
        /// How it failed last.
        failure: Option<Failure>,
    },
    /// The backend is asked again, and has been sent what it missed.
    #[non_exhaustive]
    BackendUp {
        /// How long it was not.
        outage: Duration,
    },
    /// Entries were taken back, by this process or as another one said on the bus.
    #[non_exhaustive]
    Invalidated {
        /// Which.
        scope: Scope,
        /// Who asked for it.
        origin: Origin,
        /// Whether it is done everywhere; what another process said is.
        complete: bool,
    },
    /// Messages of the bus arrive from now on.
    BusConnected,
    /// No messages arrive from now on.
    BusDisconnected,
    /// Messages of the bus were missed; all entries of this process are checked again before they are given.
    BusGap,
}
