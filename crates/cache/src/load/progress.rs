use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{CacheValue, LoadError, Shared, Tier, engine::Sight, policy::Times, stamp::Stamps};

/// How far a load is; what its callers watch.
pub(crate) struct Progress<V: CacheValue, E> {
    /// A stale value the backend had.
    pub(crate) stale: Option<Arrival<V>>,
    /// Whether the stale value of this process was removed from the backend.
    pub(crate) is_gone: bool,
    /// Whether a load of many keys had no value for this one.
    pub(crate) is_absent: bool,
    pub(crate) done: Option<Result<Arrival<V>, LoadError<E>>>,
}

// A derive would ask the same of the parameters.
impl<V: CacheValue, E> Default for Progress<V, E> {
    fn default() -> Self {
        Self { stale: None, is_gone: false, is_absent: false, done: None }
    }
}

/// A value and where it is from.
pub(crate) struct Arrival<V: CacheValue> {
    pub(crate) value: Shared<V>,
    pub(crate) times: Times,
    pub(crate) via: Via,
    pub(crate) stamps: Stamps,
    pub(crate) etag: Option<Arc<str>>,
}

#[derive(Clone, Copy)]
pub(crate) enum Via {
    Tier(Tier),
    Loader { took: Duration, stored: bool },
}

impl<V: CacheValue> Clone for Arrival<V> {
    fn clone(&self) -> Self {
        let Self { value, times, via, stamps, etag } = self;
        Self { value: value.clone(), times: *times, via: *via, stamps: stamps.clone(), etag: etag.clone() }
    }
}

impl<V: CacheValue> Arrival<V> {
    pub(crate) fn new(sight: Sight<V>, via: Via) -> Self {
        let Sight { value, facts, .. } = sight;
        Self { value, times: facts.times, via, stamps: facts.stamps, etag: facts.etag }
    }
}

pub(super) fn publish<V: CacheValue, E>(
    progress: &watch::Sender<Progress<V, E>>,
    done: Result<Arrival<V>, LoadError<E>>,
) {
    progress.send_modify(|progress| progress.done = Some(done));
}
