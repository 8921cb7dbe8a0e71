//! The parts of a cache and the steps every call is made of.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::{
    CacheValue, Clock, Codec, Kind, Namespace, Policy, RawKey, Shared, Tier,
    envelope::{self, Reject, Seal},
    flights::{Before, Flights, Ticket},
    key::{EntryKey, EntryRef},
    l1::{L1, Slot},
    policy::Times,
    remote::{Deadline, Receipt, Remote, Turn},
    stats::{Counters, Ledger},
    value::Held,
};

pub(crate) struct Engine {
    pub(crate) namespace: Namespace,
    pub(crate) l1: L1,
    pub(crate) remote: Option<Arc<Remote>>,
    pub(crate) flights: Arc<Flights>,
    pub(crate) defaults: Policy,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) loads: Semaphore,
    pub(crate) ledger: Ledger,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
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
}

/// What the backend said about a key.
pub(crate) enum Found<V: CacheValue> {
    Entry {
        value: Shared<V>,
        times: Times,
        weight: u64,
    },
    Nothing,
    /// A newer release wrote it: not for us, and not to be overwritten.
    Foreign,
}

/// A value ready to be stored.
pub(crate) struct Packed<V: CacheValue> {
    pub(crate) value: Shared<V>,
    pub(crate) times: Times,
    pub(crate) weight: u64,
    /// For the backend, when there is one and the value fits.
    pub(crate) sealed: Option<Bytes>,
}

impl Engine {
    pub(crate) fn place<V: CacheValue>(&self, kind: &Kind<V>, key: &EntryKey) -> Place {
        let raw = key.raw(&self.namespace);
        let seal = Seal::new(&raw, kind.schema_number(), V::Codec::ID);
        Place { raw, seal }
    }

    #[inline]
    pub(crate) fn counters<V>(&self, kind: &Kind<V>) -> &Counters {
        self.ledger.of(kind.id(), kind.name())
    }

    /// The one way to a fresh value in this process; allocates nothing. Counts a hit, or nothing.
    #[inline]
    pub(crate) fn local<V: CacheValue>(&self, kind: &Kind<V>, key: &str) -> Option<(Shared<V>, Times, u64)> {
        let now = self.clock.now_ms();
        let seen = self.l1.get(&EntryRef { id: kind.id(), kind: kind.name(), key }, now)?;
        if !seen.times.is_fresh(now) {
            return None;
        }
        self.counters(kind).hit(Tier::L1);
        Some((seen.value, seen.times, now))
    }

    /// Asks the backend. `before` is waited for first; when that takes too long the backend is not asked, as it
    /// might give what was just deleted.
    pub(crate) async fn find<V: CacheValue>(
        &self,
        kind: &Kind<V>,
        place: &Place,
        before: Before,
        deadline: Deadline,
    ) -> Found<V> {
        let Some(remote) = &self.remote else { return Found::Nothing };
        // Nobody waits for his turn at a backend that is not asked.
        if remote.is_asked() && !self.settled(before, deadline).await {
            return Found::Nothing;
        }
        match remote.get(&place.raw, deadline).await {
            Ok(Some(bytes)) => self.open(kind, place, &bytes),
            Ok(None) => Found::Nothing,
            Err(fault) => {
                if fault.is_failure() {
                    self.counters(kind).backend_error();
                }
                Found::Nothing
            }
        }
    }

    /// Starts the time a request may spend on the backend, over all it asks of it.
    pub(crate) fn deadline(&self) -> Deadline {
        self.remote.as_ref().map_or_else(|| Deadline::after(Duration::ZERO), |remote| remote.deadline())
    }

    /// Numbers a change of an entry. To be called with the key's lock held.
    pub(crate) fn order(&self) -> u64 {
        self.remote.as_ref().map_or(0, |remote| remote.order())
    }

    /// Waits for earlier writes, within the request's budget; false when they take longer.
    pub(crate) async fn settled(&self, before: Before, deadline: Deadline) -> bool {
        before.is_empty() || deadline.wait_for(before.wait()).await.is_some()
    }

    /// Reads stored bytes; whatever is wrong with them is counted, and nothing found.
    pub(crate) fn open<V: CacheValue>(&self, kind: &Kind<V>, place: &Place, bytes: &Bytes) -> Found<V> {
        let now = self.clock.now_ms();
        match envelope::open(bytes, place.seal, now) {
            Ok(opened) if opened.times.dead_at <= now => Found::Nothing,
            Ok(opened) => {
                let weight = opened.payload.len() as u64;
                if let Ok(value) = V::Codec::decode(opened.payload) {
                    return Found::Entry { value, times: opened.times, weight };
                }
                self.counters(kind).reject();
                Found::Nothing
            }
            Err(reject) => {
                self.counters(kind).reject();
                if reject == Reject::Newer { Found::Foreign } else { Found::Nothing }
            }
        }
    }

    /// Encodes a value as far as its tiers need it; `None` when it cannot be.
    pub(crate) fn pack<V: CacheValue>(
        &self,
        place: &Place,
        value: Shared<V>,
        mut times: Times,
        negative: bool,
        took_ms: u64,
    ) -> Option<Packed<V>> {
        if self.remote.is_none() {
            let weight = if self.l1.is_on() { V::Codec::weight(&value).ok()? as u64 } else { 0 };
            return Some(Packed { value, times, weight, sealed: None });
        }
        // The stored form counts no further, and this process must not keep an entry longer than the backend.
        times.dead_at = times.dead_at.min(times.born.saturating_add(u64::from(u32::MAX)));
        times.fresh_until = times.fresh_until.min(times.dead_at);
        let payload = V::Codec::encode(&value).ok()?;
        let sealed = envelope::seal(place.seal, times, negative, took_ms, &payload);
        Some(Packed { value, times, weight: payload.len() as u64, sealed })
    }

    pub(crate) fn fill_l1<V: CacheValue>(
        &self,
        key: &EntryKey,
        value: &Shared<V>,
        times: Times,
        weight: u64,
    ) {
        if self.l1.is_on() {
            let slab = value.clone().into_slab();
            self.l1.insert(key.clone(), Slot { slab, times, weight, pause: None });
        }
    }

    /// Reads one entry from the backend into this process, fresh or not at all.
    pub(crate) async fn fetch<V: CacheValue>(
        &self,
        kind: &Kind<V>,
        ticket: &Ticket,
        before: Before,
    ) -> Option<(Shared<V>, Times)> {
        let place = self.place(kind, &ticket.key);
        let found = self.find(kind, &place, before, self.deadline()).await;
        self.take(ticket, found)
    }

    /// Keeps what was found in this process, and gives it when it is fresh.
    pub(crate) fn take<V: CacheValue>(&self, ticket: &Ticket, found: Found<V>) -> Option<(Shared<V>, Times)> {
        let Found::Entry { value, times, weight } = found else { return None };
        ticket.fill(|| self.fill_l1::<V>(&ticket.key, &value, times, weight));
        times.is_fresh(self.clock.now_ms()).then_some((value, times))
    }

    /// Writes the sealed bytes of a load for so many milliseconds, unless the entry was changed meanwhile.
    pub(crate) async fn write_fill<V>(
        &self,
        kind: &Kind<V>,
        place: &Place,
        sealed: Bytes,
        millis: u64,
        ticket: &Ticket,
    ) {
        let mut order = 0;
        // Under the key's lock, so that this write comes before every later change.
        if millis > 0 && ticket.fill(|| order = self.order()) {
            let turn = Turn { order, settled: true, deadline: self.deadline() };
            self.write(kind, place, sealed, millis, true, turn).await;
        }
    }

    /// Writes sealed bytes for so many milliseconds. `fill` says that a load made them.
    pub(crate) async fn write<V>(
        &self,
        kind: &Kind<V>,
        place: &Place,
        sealed: Bytes,
        millis: u64,
        fill: bool,
        turn: Turn,
    ) -> Receipt<()> {
        let Some(remote) = &self.remote else { return Receipt::default() };
        let dead_at = self.clock.now_ms().saturating_add(millis);
        self.counted(kind, remote.set(&place.raw, sealed, dead_at, fill, turn).await)
    }

    /// Deletes from the backend; the answer says whether there was something.
    pub(crate) async fn erase<V>(&self, kind: &Kind<V>, place: &Place, turn: Turn) -> Receipt<bool> {
        let Some(remote) = &self.remote else { return Receipt::default() };
        self.counted(kind, remote.delete(&place.raw, turn).await)
    }

    fn counted<V, T>(&self, kind: &Kind<V>, receipt: Receipt<T>) -> Receipt<T> {
        if receipt.failed {
            self.counters(kind).backend_error();
        }
        receipt
    }
}
