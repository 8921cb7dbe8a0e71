use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    CacheValue, Clock, Outcome, Shared,
    flights::Pass,
    policy::{Terms, Times, millis},
    stamp::TagId,
};

/// What a loader is given: the stale value, if any, and a say in how long its value lives.
pub struct LoadCx<V: CacheValue> {
    pub(super) wishes: Arc<Mutex<Wishes>>,
    pub(super) stale: Option<(Shared<V>, Option<Arc<str>>)>,
    pub(super) pass: Arc<Pass>,
    pub(super) clock: Arc<dyn Clock>,
}

/// What a loader said about its value.
#[derive(Clone, Debug, Default)]
pub(super) struct Wishes {
    ttl: Option<Duration>,
    stale: Option<Duration>,
    age: Duration,
    /// No longer than a source: when it stops being fresh, and when it is gone.
    until: Option<(u64, u64)>,
    pub(super) tags: Vec<TagId>,
    pub(super) etag: Option<Arc<str>>,
}

/// What a loader of [`get_or_revalidate`](crate::Entry::get_or_revalidate) found: a value, or that the stale one is
/// still right.
#[derive(Debug)]
pub struct Loaded<V>(pub(super) Option<V>);

impl<V> From<V> for Loaded<V> {
    fn from(value: V) -> Self {
        Self(Some(value))
    }
}

impl<V: CacheValue> LoadCx<V> {
    /// Returns the expired value this load is to replace; for conditional requests.
    #[must_use]
    pub fn stale(&self) -> Option<&Shared<V>> {
        self.stale.as_ref().map(|(value, _)| value)
    }

    /// Returns the version the expired value had at its source, if its loader said so.
    #[must_use]
    pub fn stale_etag(&self) -> Option<&str> {
        self.stale.as_ref().and_then(|(_, etag)| etag.as_deref())
    }

    /// Says that the expired value is still right: it lives on with its tags and version. `None` without one.
    #[must_use]
    pub fn not_modified(&self) -> Option<Loaded<V>> {
        self.stale.as_ref().map(|_| Loaded(None))
    }

    /// Names the version of the value at its source, for the next load; up to 255 bytes, more are ignored.
    pub fn set_etag(&self, etag: impl Into<Arc<str>>) {
        let etag = etag.into();
        self.wish(|wishes| wishes.etag = Some(etag).filter(|etag| etag.len() <= usize::from(u8::MAX)));
    }

    /// Tags the value, besides the tags of kind and call. An empty tag is none.
    ///
    /// A tag that is known before the load belongs into the call: one that only the loader adds is asked for after
    /// it, and when it was invalidated meanwhile, or might have been, the value is not stored.
    pub fn add_tag(&self, tag: impl AsRef<str>) {
        if tag.as_ref().is_empty() {
            return;
        }
        let tag = TagId::of(tag.as_ref());
        self.pass.add_tag(tag);
        self.wish(|wishes| wishes.tags.push(tag));
    }

    /// Sets how long the value is fresh, from now; over every policy. Zero: given to the callers, not stored.
    pub fn set_ttl(&self, ttl: Duration) {
        self.wish(|wishes| wishes.ttl = Some(ttl));
    }

    /// Sets how long after that the value may be used.
    pub fn set_stale(&self, stale: Duration) {
        self.wish(|wishes| wishes.stale = Some(stale));
    }

    /// Says how old the value is already; its lifetime is not changed by that.
    pub fn set_age(&self, age: Duration) {
        self.wish(|wishes| wishes.age = age);
    }

    /// Says that the value is made from one that was read with `source`: it is as old as that one, and neither
    /// fresh nor alive longer. With several, the oldest and the shortest count.
    pub fn derive_from(&self, source: &Outcome) {
        let now = self.clock.now_ms();
        let fresh = now.saturating_add(millis(source.fresh_for));
        let dead = now.saturating_add(millis(source.usable_for));
        self.wish(|wishes| {
            wishes.age = wishes.age.max(source.age);
            let (before_fresh, before_dead) = wishes.until.unwrap_or((u64::MAX, u64::MAX));
            wishes.until = Some((fresh.min(before_fresh), dead.min(before_dead)));
        });
    }

    fn wish(&self, change: impl FnOnce(&mut Wishes)) {
        change(&mut self.wishes.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl<V: CacheValue> fmt::Debug for LoadCx<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadCx")
            .field("wishes", &self.wishes)
            .field("has_stale", &self.stale.is_some())
            .finish_non_exhaustive()
    }
}

impl Wishes {
    /// Plans the life of a value that came now; when it must not be stored, its fresh time is over already.
    pub(super) fn plan(&self, terms: &Terms, absent: bool, now: u64, spread: u64) -> Option<Times> {
        let mut terms = if absent { terms.for_absent() } else { *terms };
        terms.ttl = self.ttl.unwrap_or(terms.ttl);
        terms.stale = self.stale.unwrap_or(terms.stale);
        let mut times = Times::plan(self.born(now), now, &terms, spread)?;
        if let Some((fresh, dead)) = self.until {
            times.fresh_until = times.fresh_until.min(fresh);
            times.dead_at = times.dead_at.min(dead).max(times.fresh_until);
        }
        times.is_fresh(now).then_some(times)
    }

    pub(super) fn born(&self, now: u64) -> u64 {
        now.saturating_sub(millis(self.age))
    }
}
