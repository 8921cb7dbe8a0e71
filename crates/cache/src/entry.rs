use std::{fmt, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    Answer, CacheValue, Codec, Kind, LoadCx, LoadError, Outcome, Policy, Shared, Stored, Tier, Why, Written,
    engine::Engine,
    flights::{Pass, Seat},
    key::EntryRef,
    load::{Arrival, Flight, Progress, Via},
    policy::{Terms, Times},
    remote::Turn,
};

mod wait;

/// One entry of a cache, and how this call wants it. Made by [`Cache::entry`](crate::Cache::entry).
#[must_use = "nothing is read before one of the last calls"]
pub struct Entry<'a, V: CacheValue> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) kind: &'a Kind<V>,
    pub(crate) key: &'a str,
    pub(crate) wishes: Policy,
}

/// An [`Entry`] whose answers say where they came from.
#[must_use = "nothing is read before one of the last calls"]
pub struct EntryWithOutcome<'a, V: CacheValue>(Entry<'a, V>);

/// What a call gives: the value, and where it came from.
type Answered<V> = (Shared<V>, Outcome);

/// What this process has at once.
enum Look<V: CacheValue> {
    /// To be given without more ado: fresh, or stale while loads are paused.
    Ready(Answered<V>),
    /// To stand in for a load.
    Stale(Arrival<V>),
    Nothing,
}

impl<'a, V: CacheValue> Entry<'a, V> {
    /// Sets how long a value stored by this call is fresh.
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.wishes.ttl = Some(ttl);
        self
    }

    /// Sets how long after that it may be used; zero also means that this call takes no stale value.
    pub const fn stale(mut self, stale: Duration) -> Self {
        self.wishes.stale = Some(stale);
        self
    }

    /// Sets how long this call waits for the loader while a stale value is at hand; zero: not at all.
    pub const fn soft_timeout(mut self, timeout: Duration) -> Self {
        self.wishes.soft_timeout = Some(timeout);
        self
    }

    /// Sets how long this call waits for the loader at all; zero: it is not started.
    pub const fn hard_timeout(mut self, timeout: Duration) -> Self {
        self.wishes.hard_timeout = Some(timeout);
        self
    }

    /// Puts `policy` over the kind's; what it leaves open stays as it was.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.wishes = policy.or(self.wishes);
        self
    }

    /// Makes the answers say where they came from.
    pub const fn with_outcome(self) -> EntryWithOutcome<'a, V> {
        EntryWithOutcome(self)
    }

    /// Reads a fresh value from this process, at once. Counts a hit, or nothing.
    #[must_use]
    pub fn try_get_local(&self) -> Option<Shared<V>> {
        self.local().map(|(value, _, _)| value)
    }

    /// Reads a fresh value from either tier.
    pub async fn get(self) -> Option<Shared<V>> {
        match self.try_get_local() {
            Some(value) => Some(value),
            None => self.fetch().await.map(|(value, _)| value),
        }
    }

    /// Reads the value, or calls `load` for it, once for all callers of this moment.
    ///
    /// The loader runs in a task of its own and goes on when its callers are gone. It must not read the same entry,
    /// which would wait for itself. Calls with different error types do not share a load.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the loader gave no value in time and no stale one is at hand. The cache is never the reason.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with its timer, unless the value is in this process.
    pub async fn get_or_load<E, F, Fut>(self, load: F) -> Result<Shared<V>, LoadError<E>>
    where
        E: Send + Sync + 'static,
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        match self.try_get_local() {
            Some(value) => Ok(value),
            // Boxed, so that a caller's future stays small on the way most calls take.
            None => Box::pin(self.load(load)).await.map(|(value, _)| value),
        }
    }

    /// Stores a value in both tiers. A load that runs meanwhile stores nothing.
    pub async fn set(self, value: V) -> Written {
        let engine = Arc::clone(self.engine);
        let (key, kind, terms) = (self.at().to_owned(), *self.kind, self.terms());
        let place = engine.place(&kind, &key);
        let (now, absent) = (engine.clock.now_ms(), value.is_absent());
        let terms = if absent { terms.for_absent() } else { terms };
        let packed = Times::plan(now, now, &terms, place.seal.spread())
            .and_then(|times| engine.pack::<V>(&place, V::Codec::share(value), times, absent, 0));
        let kept = engine.l1.is_on() && packed.is_some();
        let (ticket, before, order) = engine.flights.change(key.clone(), || {
            match &packed {
                Some(packed) => engine.fill_l1::<V>(&key, &packed.value, packed.times, packed.weight),
                None => drop(engine.l1.remove(&key)),
            }
            engine.order()
        });
        let l1 = if kept { Stored::Stored } else { Stored::Skipped };
        if engine.remote.is_none() {
            return Written { l1, l2: Stored::Skipped };
        }
        let sealed = packed.and_then(|packed| Some((packed.sealed?, packed.times.dead_at - now)));
        let deadline = engine.deadline();
        let write = async move {
            let settled = engine.settled(before, deadline).await;
            let _ticket = ticket;
            let turn = Turn { order, settled, deadline };
            let Some((sealed, lifetime)) = sealed else {
                // The older value must not come back.
                return engine.erase(&kind, &place, turn).await.stored(Stored::Skipped);
            };
            engine.write(&kind, &place, sealed, lifetime, false, turn).await.stored(Stored::Stored)
        };
        // A task, so that a caller that goes away does not leave the tiers apart.
        Written { l1, l2: tokio::spawn(write).await.unwrap_or(Stored::Failed) }
    }

    const fn at(&self) -> EntryRef<'a> {
        EntryRef { id: self.kind.id(), kind: self.kind.name(), key: self.key }
    }

    fn terms(&self) -> Terms {
        self.wishes.or(self.kind.policy()).or(self.engine.defaults).resolve()
    }

    #[inline]
    fn local(&self) -> Option<(Shared<V>, Times, u64)> {
        self.engine.local(self.kind, self.key)
    }

    fn local_answer(&self) -> Option<Answered<V>> {
        let (value, times, now) = self.local()?;
        Some((value, Outcome::new(Answer::Fresh { tier: Tier::L1 }, times, now)))
    }

    async fn fetch(&self) -> Option<Answered<V>> {
        let counters = self.engine.counters(self.kind);
        if self.engine.remote.is_some() {
            let (ticket, before) = self.engine.flights.open(self.at().to_owned());
            if let Some((value, times)) = self.engine.fetch(self.kind, &ticket, before).await {
                counters.hit(Tier::L2);
                let now = self.engine.clock.now_ms();
                return Some((value, Outcome::new(Answer::Fresh { tier: Tier::L2 }, times, now)));
            }
        }
        counters.miss();
        None
    }

    fn look(&self, terms: &Terms) -> Look<V> {
        if let Some(answer) = self.local_answer() {
            return Look::Ready(answer);
        }
        let now = self.engine.clock.now_ms();
        let seen = self.engine.l1.get(&self.at(), now);
        let Some(seen) = seen.filter(|seen| seen.times.is_usable(now, terms.stale)) else {
            return Look::Nothing;
        };
        let stale = Arrival { value: seen.value, times: seen.times, via: Via::Tier(Tier::L1) };
        match seen.pause.filter(|pause| now < pause.until) {
            Some(pause) => Look::Ready(self.give_stale(stale, pause.why)),
            None => Look::Stale(stale),
        }
    }

    async fn load<E, F, Fut>(self, load: F) -> Result<Answered<V>, LoadError<E>>
    where
        E: Send + Sync + 'static,
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        let (start, terms, key) = (Instant::now(), self.terms(), self.at().to_owned());
        let mut load = Some(load);
        let mut joined = false;
        loop {
            if terms.hard_timeout == Some(Duration::ZERO) {
                return self.without_load(&terms, LoadError::Timeout(Duration::ZERO));
            }
            let (seat, progress, pass) = self.engine.flights.join_or_lead::<Progress<V, E>>(&key);
            // Only now: what is seen with a seat taken cannot have been changed before without this seat knowing.
            let stale = match self.look(&terms) {
                Look::Ready(answer) => return Ok(answer),
                Look::Stale(stale) => Some(stale),
                Look::Nothing => None,
            };
            let leads = match seat {
                Seat::Lead(ticket, progress, before) => {
                    let (engine, kind, stale) = (Arc::clone(self.engine), *self.kind, stale.clone());
                    let Some(load) = load.take() else { return Err(LoadError::Cancelled) };
                    let flight = Flight { engine, kind, terms, stale, ticket, progress };
                    tokio::spawn(flight.run(before, load));
                    true
                }
                Seat::Follow => {
                    if !joined {
                        self.engine.counters(self.kind).join();
                    }
                    joined = true;
                    false
                }
            };
            let call = wait::Call { entry: &self, terms: &terms, start, stale, pass, leads };
            match call.answer(progress).await {
                Some(answer) => return answer,
                // The runtime of the leader is gone, and its load with it.
                None if leads => return self.without_load(&terms, LoadError::Cancelled),
                None => tokio::task::yield_now().await,
            }
        }
    }

    /// Ends a call whose load was not started or is lost.
    fn without_load<E>(&self, terms: &Terms, error: LoadError<E>) -> Result<Answered<V>, LoadError<E>> {
        match self.look(terms) {
            Look::Ready(answer) => Ok(answer),
            Look::Stale(stale) => Ok(self.give_stale(stale, error.why())),
            Look::Nothing => {
                self.engine.counters(self.kind).miss();
                Err(error)
            }
        }
    }

    fn give_stale(&self, stale: Arrival<V>, why: Why) -> Answered<V> {
        let tier = match stale.via {
            Via::Tier(tier) => tier,
            Via::Loader { .. } => Tier::L1,
        };
        self.engine.counters(self.kind).stale_hit(tier);
        let now = self.engine.clock.now_ms();
        (stale.value, Outcome::new(Answer::Stale { tier, why }, stale.times, now))
    }
}

impl<V: CacheValue> EntryWithOutcome<'_, V> {
    /// As [`Entry::try_get_local`].
    #[must_use]
    pub fn try_get_local(&self) -> Option<(Shared<V>, Outcome)> {
        self.0.local_answer()
    }

    /// As [`Entry::get`].
    pub async fn get(self) -> Option<(Shared<V>, Outcome)> {
        match self.0.local_answer() {
            Some(answer) => Some(answer),
            None => self.0.fetch().await,
        }
    }

    /// As [`Entry::get_or_load`].
    ///
    /// # Errors
    ///
    /// As [`Entry::get_or_load`].
    pub async fn get_or_load<E, F, Fut>(self, load: F) -> Result<(Shared<V>, Outcome), LoadError<E>>
    where
        E: Send + Sync + 'static,
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        match self.0.local_answer() {
            Some(answer) => Ok(answer),
            None => Box::pin(self.0.load(load)).await,
        }
    }
}

impl<V: CacheValue> fmt::Debug for Entry<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("kind", &self.kind.name())
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl<V: CacheValue> fmt::Debug for EntryWithOutcome<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EntryWithOutcome").field(&self.0).finish()
    }
}
