//! What is counted and told of a step: one place, so that statistics, events, metrics and logs say the same.

use std::{sync::Arc, time::Duration};

use super::{Engine, Place};
use crate::{
    Error, Event, Failure, Kind, LoadFailure, Origin, Rejection, Scope, Tier, Unstorable, Why, trace,
};

impl Engine {
    pub(crate) fn gave_stale<V>(&self, kind: &Kind<V>, key: &str, tier: Tier, why: Why, age: Duration) {
        self.counters(kind).stale_hit(tier);
        self.sink.tell(|| Event::StaleGiven { kind: kind.name(), key: key.into(), tier, why, age });
    }

    pub(crate) fn loaded<V>(&self, kind: &Kind<V>, key: &str, took: Duration, stored: bool) {
        self.sink.tell(|| Event::Loaded { kind: kind.name(), key: key.into(), took, stored });
    }

    /// To be called once for each call of a loader that ended, whatever for how many keys.
    pub(crate) fn load_took<V>(&self, kind: &Kind<V>, took: Duration) {
        #[cfg(feature = "metrics")]
        crate::metrics::record_load(&self.name, kind.name(), took);
        trace::loaded(kind.name(), took);
    }

    pub(crate) fn load_failed<V>(&self, kind: &Kind<V>, key: &str, failure: LoadFailure) {
        self.counters(kind).load_error();
        self.sink.tell(|| Event::LoadFailed { kind: kind.name(), key: key.into(), failure });
        self.load_failures.log(kind.name(), failure, self.clock.now_ms());
    }

    pub(crate) fn load_refused<V>(&self, kind: &Kind<V>, key: &str) {
        self.sink.tell(|| Event::LoadRefused { kind: kind.name(), key: key.into() });
    }

    pub(crate) fn not_stored<V>(&self, kind: &Kind<V>, key: &str, why: Unstorable) {
        self.counters(kind).not_stored();
        self.sink.tell(|| Event::NotStored { kind: kind.name(), key: key.into(), why });
        trace::not_stored(kind.name(), key, why);
    }

    pub(super) fn rejected<V>(&self, kind: &Kind<V>, place: &Place, why: Rejection) {
        self.counters(kind).reject();
        let key = || self.namespace.split(place.raw.as_str()).map_or("", |(_, key)| key);
        self.sink.tell(|| Event::Rejected { kind: kind.name(), key: key().into(), why });
        trace::rejected(kind.name(), key, why);
    }

    /// A backend that was not asked has not failed.
    pub(crate) fn backend_fault<V>(&self, kind: &Kind<V>, error: &Error) {
        if let Some(failure) = Failure::of(error) {
            self.backend_failed(kind, failure);
        }
    }

    pub(super) fn backend_failed<V>(&self, kind: &Kind<V>, failure: Failure) {
        self.counters(kind).backend_error();
        self.sink.tell(|| Event::BackendFailed { kind: kind.name(), failure });
        trace::backend_failed(kind.name(), failure);
    }

    pub(crate) fn deleted<V>(&self, kind: &Kind<V>, key: &str, complete: bool) {
        let scope = || Scope::Key { kind: kind.name(), key: Arc::from(key) };
        self.invalidated(scope, Origin::Here, complete);
    }

    pub(crate) fn invalidated(&self, scope: impl FnOnce() -> Scope, origin: Origin, complete: bool) {
        self.sink.tell(|| Event::Invalidated { scope: scope(), origin, complete });
    }
}
