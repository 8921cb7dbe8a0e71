//! The in-process tier: decoded values, expired by us, pushed out by weight.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use quick_cache::{Equivalent, Lifecycle};
use smallvec::SmallVec;

use crate::{
    Event, Why,
    bounded::{Bounded, OVERHEAD, Weigh, watched},
    event::Sink,
    key::{EntryKey, EntryRef},
    policy::Times,
    stamp::Stamps,
    trust::SLACK_MS,
    value::Slab,
};

/// An entry as this tier holds it, behind an `Arc`: a hit takes one word out of the map and reads the rest in place.
/// Cloning all of it out took as long as the look-up.
#[derive(Clone)]
pub(crate) struct Slot {
    pub(crate) slab: Slab,
    /// Of the kind that stored it.
    pub(crate) schema: u32,
    pub(crate) times: Times,
    /// When the backend last had it so.
    pub(crate) checked_at: u64,
    /// When a read starts a load for the next value; never at the end of time.
    pub(crate) refresh_at: u64,
    pub(crate) stamps: Stamps,
    pub(crate) weight: u64,
    pub(crate) etag: Option<Arc<str>>,
    pub(crate) pause: Option<Pause>,
}

/// Until when no load is tried for a stale entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pause {
    pub(crate) since: u64,
    pub(crate) until: u64,
    pub(crate) why: Why,
}

impl Pause {
    /// Not beyond a clock that was set back.
    pub(crate) const fn holds(&self, now: u64) -> bool {
        now < self.until && self.since <= now.saturating_add(SLACK_MS)
    }
}

impl Weigh<EntryKey> for Arc<Slot> {
    fn weigh(&self, key: &EntryKey) -> u64 {
        OVERHEAD.saturating_add(key.len() as u64).saturating_add(self.weight)
    }
}

type Entries = Bounded<EntryKey, Arc<Slot>, Evictions>;

/// `None` keeps nothing.
pub(crate) struct L1(Option<Entries>, Evictions);

/// Counts what is pushed out for want of room, and tells it to whoever asked to be told.
#[derive(Clone)]
pub(crate) struct Evictions {
    count: Arc<AtomicU64>,
    told_to: Option<Arc<Sink>>,
}

impl Evictions {
    pub(crate) fn told_to(sink: Option<Arc<Sink>>) -> Self {
        Self { count: Arc::default(), told_to: sink }
    }
}

impl Lifecycle<EntryKey, Arc<Slot>> for Evictions {
    /// Dropped after the map's lock is given back: freeing large values may take a while.
    type RequestState = SmallVec<[(EntryKey, Arc<Slot>); 2]>;

    /// Of what is pushed out or does not fit. The map shows replaced values to the other hook too.
    fn before_evict(&self, _: &mut Self::RequestState, key: &EntryKey, slot: &mut Arc<Slot>) {
        self.count.fetch_add(1, Relaxed);
        if let Some(sink) = &self.told_to {
            let bytes = slot.weigh(key);
            sink.tell(|| Event::Evicted { kind: key.kind(), key: key.as_str().into(), bytes });
        }
    }

    fn on_evict(&self, gone: &mut Self::RequestState, key: EntryKey, slot: Arc<Slot>) {
        gone.push((key, slot));
    }
}

impl L1 {
    pub(crate) fn new(max_bytes: u64, evictions: Evictions) -> Self {
        Self((max_bytes > 0).then(|| watched(max_bytes, evictions.clone())), evictions)
    }

    /// How many entries were pushed out, or did not fit at all.
    pub(crate) fn evicted(&self) -> u64 {
        self.1.count.load(Relaxed)
    }

    pub(crate) const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Reads an entry that is not dead.
    #[inline]
    pub(crate) fn get(&self, key: &EntryRef<'_>, now: u64) -> Option<Arc<Slot>> {
        let entries = self.0.as_ref()?;
        let slot = entries.get(key)?;
        if slot.times.dead_at <= now {
            entries.remove_if(key, |slot| slot.times.dead_at <= now);
            return None;
        }
        Some(slot)
    }

    pub(crate) fn insert(&self, key: EntryKey, slot: Slot) {
        if let Some(entries) = &self.0 {
            entries.insert(key, Arc::new(slot));
        }
    }

    pub(crate) fn remove<Q: std::hash::Hash + Equivalent<EntryKey> + ?Sized>(
        &self,
        key: &Q,
    ) -> Option<Arc<Slot>> {
        self.0.as_ref()?.remove(key).map(|(_, slot)| slot)
    }

    /// Stops loads for the entry with these times; another one is left alone. To be called with the key's lock held.
    pub(crate) fn pause(&self, key: &EntryKey, times: Times, pause: Pause) {
        if let Some(entries) = &self.0
            && let Some(slot) = entries.peek(key)
            && slot.times == times
        {
            change(entries, key, Slot { pause: Some(pause), ..Slot::clone(&slot) });
        }
    }

    /// Puts off the next early load of the entry with these times. To be called with the key's lock held.
    pub(crate) fn put_off(&self, key: &EntryKey, times: Times, refresh_at: u64) {
        if let Some(entries) = &self.0
            && let Some(slot) = entries.peek(key)
            && slot.times == times
        {
            change(entries, key, Slot { refresh_at, ..Slot::clone(&slot) });
        }
    }

    /// Removes entries; says how many of them were not dead.
    pub(crate) fn remove_matching(&self, matches: impl Fn(&EntryKey) -> bool, now: u64) -> u64 {
        let Some(entries) = &self.0 else { return 0 };
        let removed = std::cell::Cell::new(0);
        entries.retain(|key, slot| {
            let goes = matches(key);
            removed.set(removed.get() + u64::from(goes && now < slot.times.dead_at));
            !goes
        });
        removed.get()
    }

    pub(crate) fn clear(&self) {
        if let Some(entries) = &self.0 {
            entries.clear();
        }
    }

    /// Ends the freshness of an entry. To be called with the key's lock held.
    pub(crate) fn expire(&self, key: &EntryKey, now: u64) {
        if let Some(entries) = &self.0
            && let Some(slot) = entries.peek(key)
        {
            change(entries, key, Slot { times: slot.times.expired(now), ..Slot::clone(&slot) });
        }
    }

    pub(crate) fn all_keys(&self) -> Vec<EntryKey> {
        self.0.as_ref().map_or_else(Vec::new, |entries| entries.iter().map(|(key, _)| key).collect())
    }

    pub(crate) fn keys(&self) -> u64 {
        self.0.as_ref().map_or(0, |entries| entries.len() as u64)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.0.as_ref().map_or(0, Bounded::weight)
    }

    pub(crate) fn max_bytes(&self) -> u64 {
        self.0.as_ref().map_or(0, Bounded::capacity)
    }
}

/// Only if it is still there: an entry removed meanwhile must not come back.
fn change(entries: &Entries, key: &EntryKey, slot: Slot) {
    let _ = entries.replace(key.clone(), Arc::new(slot), true);
}
