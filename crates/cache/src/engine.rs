//! The parts of a cache and the steps every call is made of.

mod invalidation;
mod lookup;
mod report;
mod stamping;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::sync::Semaphore;

pub(crate) use self::{lookup::Found, stamping::Stamped};
use crate::{
    CacheValue, Clock, Codec, Error, Kind, Namespace, NotAsked, Policy, RawKey, Shared, Tier, Unstorable,
    coherence::Coherence,
    envelope::{Facts, Payload, Seal},
    event::Sink,
    flights::{Before, Flights},
    generations::{Generations, Verdict},
    key::{EntryKey, EntryRef},
    l1::{L1, Pause, Slot},
    limits::{Limits, coded},
    policy::{Terms, Times},
    remote::Remote,
    stamp::Stamps,
    stats::{Counters, Ledger},
    trace,
    trust::Trust,
    value::Held,
};

pub(crate) struct Engine {
    pub(crate) name: Arc<str>,
    pub(crate) namespace: Namespace,
    pub(crate) l1: L1,
    pub(crate) remote: Option<Arc<Remote>>,
    pub(crate) flights: Arc<Flights>,
    pub(crate) generations: Generations,
    pub(crate) trust: Trust,
    pub(crate) coherence: Option<Coherence>,
    pub(crate) l1_max_age: Duration,
    pub(crate) l1_max_age_on_bus: Duration,
    pub(crate) l1_max_age_in_outage: Duration,
    /// Held while the age is worked out and set, so that the last to know sets it.
    pub(crate) ages: std::sync::Mutex<()>,
    pub(crate) defaults: Policy,
    pub(crate) limits: Limits,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) loads: Semaphore,
    pub(crate) ledger: Ledger,
    pub(crate) sink: Arc<Sink>,
    pub(crate) load_failures: trace::LoadFailures,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("name", &self.name)
            .field("namespace", &self.namespace.prefix())
            .field("l1_keys", &self.l1.keys())
            .field("backend", &self.remote.as_ref().map(|remote| remote.backend().name()))
            .finish_non_exhaustive()
    }
}

/// What of the backend an entry is, and what its bytes must confirm.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) raw: RawKey,
    pub(crate) seal: Seal,
    /// Whether anything may be stored there.
    pub(crate) takes_values: bool,
}

/// A value and what is known of it.
pub(crate) struct Sight<V: CacheValue> {
    pub(crate) value: Shared<V>,
    pub(crate) facts: Facts,
    pub(crate) weight: u64,
    /// Why its generations are not known, when they are not.
    pub(crate) doubt: Option<Error>,
}

/// A fresh value of this process.
pub(crate) struct Hit<V: CacheValue> {
    pub(crate) value: Shared<V>,
    pub(crate) times: Times,
    pub(crate) now: u64,
    /// Whether a load for the next value is due.
    pub(crate) is_due: bool,
}

/// A value of this process that is not fresh, or not known to be.
pub(crate) struct Leftover<V: CacheValue> {
    pub(crate) value: Shared<V>,
    pub(crate) times: Times,
    pub(crate) refresh_at: u64,
    pub(crate) stamps: Stamps,
    pub(crate) etag: Option<Arc<str>>,
    pub(crate) pause: Option<Pause>,
    /// Whether the backend was not asked for so long that it may have been removed there.
    pub(crate) is_unchecked: bool,
}

/// The bytes of a load, to be written once earlier writes have ended.
pub(crate) struct Sealed {
    pub(crate) bytes: Bytes,
    pub(crate) before: Before,
    /// False when it replaces what is there, like a change.
    pub(crate) is_fill: bool,
}

/// A value ready to be stored.
pub(crate) struct Packed<V: CacheValue> {
    pub(crate) value: Shared<V>,
    pub(crate) times: Times,
    pub(crate) weight: u64,
    /// For the backend, when there is one.
    pub(crate) payload: Option<Payload>,
}

impl Engine {
    pub(crate) fn place<V: CacheValue>(&self, kind: &Kind<V>, key: &EntryKey) -> Place {
        let raw = key.raw(&self.namespace);
        let seal = Seal::new(&raw, kind.schema_number(), V::Codec::ID);
        Place { raw, seal, takes_values: self.limits.takes_key(key.as_str()) }
    }

    /// Why a task that was to ask the backend gave no answer.
    pub(crate) fn lost(&self) -> Option<Error> {
        self.remote.as_ref().map(|remote| remote.not_asked(NotAsked::ShutDown))
    }

    #[inline]
    pub(crate) fn counters<V>(&self, kind: &Kind<V>) -> &Counters {
        self.ledger.of(kind.id(), kind.name())
    }

    /// Listens to the others from now on.
    #[inline]
    pub(crate) fn listen(&self) {
        if let Some(coherence) = &self.coherence {
            coherence.start();
        }
    }

    /// The terms of a kind where a call wishes nothing.
    pub(crate) fn terms<V>(&self, kind: &Kind<V>) -> Terms {
        kind.policy().or(self.defaults).resolve()
    }

    /// The one way to a fresh value in this process; allocates nothing. Counts a hit, or nothing.
    #[inline(always)]
    pub(crate) fn local<V: CacheValue>(&self, kind: &Kind<V>, key: &str) -> Option<Hit<V>> {
        let now = self.clock.now_ms();
        let seen = self.l1.get(&EntryRef { id: kind.id(), kind: kind.name(), key }, now)?;
        let is_good = seen.times.is_fresh(now)
            && seen.schema == kind.schema_number()
            && self.trust.holds(seen.checked_at, now)
            && self.generations.judge_local(&seen.stamps) == Verdict::Valid;
        if !is_good {
            return None;
        }
        // A value of another type is not there.
        let value = Shared::<V>::from_slab(&seen.slab)?;
        self.counters(kind).hit(Tier::L1);
        trace::hit(kind.name(), key, Tier::L1);
        Some(Hit { value, times: seen.times, now, is_due: now >= seen.refresh_at })
    }

    /// What this process has of an entry that is not a hit, as far as it may be used at all.
    pub(crate) fn leftover<V: CacheValue>(
        &self,
        kind: &Kind<V>,
        key: &str,
        terms: &Terms,
        now: u64,
    ) -> Option<Leftover<V>> {
        let at = &EntryRef { id: kind.id(), kind: kind.name(), key };
        let seen = self.l1.get(at, now).filter(|seen| seen.schema == kind.schema_number())?;
        let times = match self.generations.judge_local(&seen.stamps) {
            Verdict::Valid => seen.times,
            Verdict::Stale => seen.times.expired(now),
            Verdict::Gone => {
                self.l1.remove(at);
                return None;
            }
        };
        let is_unchecked = !self.trust.holds(seen.checked_at, now);
        let value = Shared::<V>::from_slab(&seen.slab)?;
        let Slot { refresh_at, pause, .. } = *seen;
        let (stamps, etag) = (seen.stamps.clone(), seen.etag.clone());
        let leftover = Leftover { value, times, refresh_at, stamps, etag, pause, is_unchecked };
        times.is_usable(now, terms.stale).then_some(leftover)
    }

    /// Encodes a value as far as its tiers need it, unless it cannot be, or must not be stored.
    pub(crate) fn pack<V: CacheValue>(
        &self,
        kind: &Kind<V>,
        key: &str,
        value: Shared<V>,
        times: Times,
    ) -> Result<Packed<V>, Unstorable> {
        self.try_pack(key, value, times).inspect_err(|why| self.not_stored(kind, key, *why))
    }

    fn try_pack<V: CacheValue>(
        &self,
        key: &str,
        value: Shared<V>,
        mut times: Times,
    ) -> Result<Packed<V>, Unstorable> {
        if self.remote.is_none() && !self.l1.is_on() {
            return Ok(Packed { value, times, weight: 0, payload: None });
        }
        if !self.limits.takes_key(key) {
            return Err(Unstorable::KeyTooLong);
        }
        let limited = |size: usize| {
            if size > self.limits.value { Err(Unstorable::ValueTooLarge) } else { Ok(size as u64) }
        };
        if self.remote.is_none() {
            let size = coded(|| V::Codec::weight(&value)).ok_or(Unstorable::NotEncodable)?;
            return Ok(Packed { value, times, weight: limited(size)?, payload: None });
        }
        // The stored form counts no further, and this process must not keep an entry longer than the backend.
        times.dead_at = times.dead_at.min(times.born.saturating_add(u64::from(u32::MAX)));
        times.fresh_until = times.fresh_until.min(times.dead_at);
        let payload = coded(|| V::Codec::encode(&value)).ok_or(Unstorable::NotEncodable)?;
        let weight = limited(payload.len())?;
        let payload = Payload::new(payload, self.limits.compress_from);
        Ok(Packed { value, times, weight, payload: Some(payload) })
    }

    /// Tells the time of something that is checked now. When the clock was set back, nobody knows how old a copy is.
    pub(crate) fn heed_clock(&self) -> u64 {
        let now = self.clock.now_ms();
        if self.trust.was_set_back(now) {
            self.l1.clear();
            self.generations.doubt();
            self.trust.start_over(now);
        }
        self.trust.note(now);
        now
    }

    pub(crate) fn fill_l1<V: CacheValue>(
        &self,
        kind: &Kind<V>,
        key: &EntryKey,
        value: &Shared<V>,
        facts: &Facts,
        weight: u64,
        terms: &Terms,
    ) {
        if self.l1.is_on() {
            let now = self.heed_clock();
            let slot = Slot {
                slab: value.clone().into_slab(),
                schema: kind.schema_number(),
                times: facts.times,
                weight,
                checked_at: now,
                refresh_at: terms.refresh_at(facts.times, facts.took),
                stamps: facts.stamps.without_everything(),
                etag: facts.etag.clone(),
                pause: None,
            };
            self.l1.insert(key.clone(), slot);
        }
    }
}
