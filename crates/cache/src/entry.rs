use std::{fmt, future::ready, sync::Arc, time::Duration};

use futures_util::{
    FutureExt, TryFutureExt,
    future::{BoxFuture, Either},
};
use smallvec::SmallVec;
use tokio::time::Instant;

use crate::{
    Answer, CacheValue, Codec, Error, Kind, LoadCx, LoadError, Loaded, Outcome, Policy, Shared, Stored, Tier,
    Unstorable, Why, Written,
    coherence::Operation,
    engine::{Engine, Hit, Leftover},
    envelope::{self, Facts},
    flights::{Seat, Waiting},
    key::EntryRef,
    load::{Arrival, Flight, Progress, Purpose, Via},
    policy::{Terms, Times},
    remote::Turn,
    stamp::{Stamps, TagId},
    trace,
};

mod fallback;
mod refresh;
mod stale;
mod wait;

pub(crate) use self::wait::Asked;

/// One entry of a cache, and how this call wants it. Made by [`Cache::entry`](crate::Cache::entry).
#[must_use = "nothing is read before one of the last calls"]
pub struct Entry<'a, V: CacheValue> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) kind: &'a Kind<V>,
    pub(crate) key: &'a str,
    /// `None` rather than a policy that sets nothing, which takes as long to write down as to read the clock.
    pub(crate) wishes: Option<Policy>,
    pub(crate) tags: CallTags,
}

/// An [`Entry`] whose answers say where they came from.
#[must_use = "nothing is read before one of the last calls"]
pub struct EntryWithOutcome<'a, V: CacheValue>(Entry<'a, V>);

/// What a call gives: the value, and where it came from.
pub(crate) type Answered<V> = (Shared<V>, Outcome);

/// What this process has at once.
pub(crate) enum Look<V: CacheValue> {
    /// To be given without more ado: fresh, or stale while loads are paused.
    Ready(Answered<V>),
    /// To stand in for a load of this purpose.
    Stale(Arrival<V>, Purpose),
    Nothing,
}

/// The tags of a call: few, so that naming them costs a hit no allocation.
pub(crate) type CallTags = SmallVec<[TagId; 4]>;

impl<'a, V: CacheValue> Entry<'a, V> {
    /// Sets how long a value stored by this call is fresh.
    pub fn ttl(self, ttl: Duration) -> Self {
        self.wish(|wishes| wishes.ttl = Some(ttl))
    }

    /// Sets how long after that it may be used; zero also means that this call takes no stale value.
    pub fn stale(self, stale: Duration) -> Self {
        self.wish(|wishes| wishes.stale = Some(stale))
    }

    /// Sets how long this call waits for the loader while a stale value is at hand; zero: not at all.
    pub fn soft_timeout(self, timeout: Duration) -> Self {
        self.wish(|wishes| wishes.soft_timeout = Some(timeout))
    }

    /// Sets how long this call waits for the loader at all; zero: it is not started.
    pub fn hard_timeout(self, timeout: Duration) -> Self {
        self.wish(|wishes| wishes.hard_timeout = Some(timeout))
    }

    /// Tags what this call stores, so that it can be invalidated with all that has the same tag. An empty tag is none.
    #[inline]
    pub fn tags<I, T>(mut self, tags: I) -> Self
    where
        I: IntoIterator<Item = T>,
        T: AsRef<str>,
    {
        for tag in tags {
            if !tag.as_ref().is_empty() {
                self.tags.push(TagId::of(tag.as_ref()));
            }
        }
        self
    }

    /// Puts `policy` over the kind's; what it leaves open stays as it was.
    pub fn policy(self, policy: Policy) -> Self {
        self.wish(|wishes| *wishes = policy.or(*wishes))
    }

    #[inline]
    fn wish(mut self, set: impl FnOnce(&mut Policy)) -> Self {
        set(self.wishes.get_or_insert(Policy::NONE));
        self
    }

    /// Makes the answers say where they came from.
    pub const fn with_outcome(self) -> EntryWithOutcome<'a, V> {
        EntryWithOutcome(self)
    }

    /// Reads a fresh value from this process, at once. Counts a hit, or nothing.
    #[must_use]
    pub fn try_get_local(&self) -> Option<Shared<V>> {
        self.local().map(|hit| hit.value)
    }

    /// Reads a fresh value from either tier. Looks in this process at once, in the backend when polled.
    #[inline]
    pub fn get(self) -> impl Future<Output = Option<Shared<V>>> + Send + use<'a, V> {
        match self.try_get_local() {
            Some(value) => Either::Left(ready(Some(value))),
            None => Either::Right(Box::pin(async move {
                let found = self.fetch().await;
                found.ok().flatten().map(|(value, _)| value)
            })),
        }
    }

    /// Reads the value, or calls `load` for it, once for all callers of this moment.
    ///
    /// Looks in this process when called; the rest is done when polled, and nothing if it never is.
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
    #[inline]
    pub fn get_or_load<E, F, Fut>(
        self,
        load: F,
    ) -> impl Future<Output = Result<Shared<V>, LoadError<E>>> + Send + use<'a, V, E, F, Fut>
    where
        E: Send + Sync + 'static,
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        self.value(as_loaded(load))
    }

    /// As [`get_or_load`](Self::get_or_load), with tags and a loader that are made when they are needed.
    #[cfg(feature = "macros")]
    pub(crate) async fn get_or_load_with<E, F, Fut>(
        self,
        prepare: impl FnOnce(Self) -> (Self, F),
    ) -> Result<Shared<V>, LoadError<E>>
    where
        E: Send + Sync + 'static,
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        match self.local() {
            Some(hit) if !hit.is_due => Ok(hit.value),
            Some(hit) => {
                let (entry, load) = prepare(self);
                entry.load_early(hit.now, as_loaded(load));
                Ok(hit.value)
            }
            None => {
                let (entry, load) = prepare(self);
                // Boxed, so that a caller's future stays small on the way most calls take.
                Box::pin(entry.load(as_loaded(load))).await.map(|(value, _)| value)
            }
        }
    }

    /// As [`get_or_load`](Self::get_or_load), with a loader that may answer that the stale value is still right: see
    /// [`LoadCx::not_modified`].
    ///
    /// # Errors
    ///
    /// As [`get_or_load`](Self::get_or_load).
    #[inline]
    pub fn get_or_revalidate<E, F, Fut>(
        self,
        load: F,
    ) -> impl Future<Output = Result<Shared<V>, LoadError<E>>> + Send + use<'a, V, E, F, Fut>
    where
        E: Send + Sync + 'static,
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        self.value(load)
    }

    // Not `async`: a hit would move all of this and the loader into a future first, which took as long as the look-up.
    #[inline]
    fn value<E, F, Fut>(
        self,
        load: F,
    ) -> impl Future<Output = Result<Shared<V>, LoadError<E>>> + Send + use<'a, V, E, F, Fut>
    where
        E: Send + Sync + 'static,
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        match self.local() {
            Some(hit) => {
                if hit.is_due {
                    self.load_early(hit.now, load);
                }
                Either::Left(ready(Ok(hit.value)))
            }
            None => Either::Right(Box::pin(self.load(load).map_ok(|(value, _)| value))),
        }
    }

    /// Stores a value in both tiers. A load that runs meanwhile stores nothing.
    pub async fn set(self, value: V) -> Written {
        self.set_and_tell(value).await.0
    }

    /// As [`set`](Self::set); says too why the value is not stored, or not yet.
    pub(crate) async fn set_and_tell(self, value: V) -> (Written, Option<Error>) {
        let engine = Arc::clone(self.engine);
        engine.listen();
        let (key, kind, terms) = (self.at().to_owned(), *self.kind, self.terms());
        let place = engine.place(&kind, &key);
        let (now, absent) = (engine.clock.now_ms(), value.is_absent());
        let terms = if absent { terms.for_absent() } else { terms };
        let (packed, unstorable) = match Times::plan(now, now, &terms, place.seal.spread()) {
            Some(_) if self.tags.len() >= Stamps::MOST => {
                engine.not_stored(&kind, self.key, Unstorable::TooManyTags);
                (None, Some(Unstorable::TooManyTags))
            }
            Some(times) => match engine.pack(&kind, self.key, V::Codec::share(value), times) {
                Ok(packed) => (Some(packed), None),
                Err(why) => (None, Some(why)),
            },
            None => (None, None),
        };
        let unstorable = unstorable.map(Error::Unstorable);
        let tags = self.all_tags();
        let facts = move |times, stamps| Facts { times, negative: absent, took: 0, stamps, etag: None };
        let news = engine.generations.newest();
        // Known by name from now on, to whoever hears that it was changed elsewhere.
        let _counters = engine.counters(&kind);
        let kept = engine.l1.is_on() && packed.is_some();
        let (ticket, before, order) = engine.flights.change(key.clone(), || {
            match &packed {
                Some(packed) => {
                    let facts = facts(packed.times, engine.stamp_known(&tags).stamps);
                    engine.fill_l1(&kind, &key, &packed.value, &facts, packed.weight, &terms);
                }
                None => drop(engine.l1.remove(&key)),
            }
            engine.order()
        });
        let l1 = if kept { Stored::Stored } else { Stored::Skipped };
        if engine.remote.is_none() {
            if place.takes_values {
                engine.announce(|| Operation::changed(&place.raw));
            }
            return (Written { l1, l2: Stored::Skipped }, unstorable);
        }
        let deadline = engine.deadline();
        let write = async move {
            let settled = engine.settled(before, deadline).await;
            let turn = Turn { order, settled, deadline };
            // What was invalidated after this call began must not come back under a generation that is newer still.
            let (stamped, unstamped) = match &packed {
                Some(_) => {
                    let (stamped, unstamped) = engine.try_stamp(&tags, deadline).await;
                    let overtaken = engine.generations.invalidated_since(&tags, news);
                    (Some(stamped).filter(|_| !overtaken), unstamped.filter(|_| !overtaken))
                }
                None => (None, None),
            };
            let stamped = stamped.filter(|stamped| stamped.are_real);
            let sealed = packed.zip(stamped).and_then(|(packed, stamped)| {
                let facts = facts(packed.times, stamped.stamps);
                // Under generations that were not known before, this process would take it for outdated.
                ticket.fill(|| {
                    engine.fill_l1(&kind, &ticket.key, &packed.value, &facts, packed.weight, &terms);
                });
                let sealed = envelope::seal(place.seal, &facts, &packed.payload?)?;
                Some((sealed, packed.times.dead_at - now))
            });
            let Some((sealed, lifetime)) = sealed else {
                // The older value must not come back.
                let erased = engine.erase(&kind, &place, turn).await;
                let l2 = if unstamped.is_some() { Stored::Failed } else { erased.stored(Stored::Skipped) };
                return (l2, unstorable.or(unstamped).or(erased.error));
            };
            let written = engine.write(&kind, &place, sealed, lifetime, false, turn).await;
            drop(ticket);
            (written.stored(Stored::Stored), written.error)
        };
        // A task, so that a caller that goes away does not leave the tiers apart.
        let (l2, error) = match tokio::spawn(write).await {
            Ok(told) => told,
            Err(_) => (Stored::Failed, self.engine.lost()),
        };
        (Written { l1, l2 }, error)
    }

    pub(crate) const fn at(&self) -> EntryRef<'a> {
        EntryRef { id: self.kind.id(), kind: self.kind.name(), key: self.key }
    }

    pub(crate) fn terms(&self) -> Terms {
        self.wishes.unwrap_or(Policy::NONE).or(self.kind.policy()).or(self.engine.defaults).resolve()
    }

    /// The tags of what this call stores.
    pub(crate) fn all_tags(&self) -> Vec<TagId> {
        let own = self.kind.own_tags().iter().filter(|tag| !tag.is_empty()).map(|tag| TagId::of(tag));
        let tags: Vec<_> = own.chain(self.tags.iter().copied()).collect();
        self.engine.all_tags(&tags)
    }

    #[inline]
    fn local(&self) -> Option<Hit<V>> {
        self.engine.local(self.kind, self.key)
    }

    pub(crate) fn local_answer(&self) -> Option<Answered<V>> {
        let hit = self.local()?;
        Some(answered(hit))
    }

    /// Reads from the backend; an error says why it is not known what is there.
    pub(crate) async fn fetch(&self) -> Result<Option<Answered<V>>, Error> {
        let counters = self.engine.counters(self.kind);
        self.engine.listen();
        let mut sight = Ok(None);
        if self.engine.remote.is_some() {
            let (ticket, before) = self.engine.flights.open(self.at().to_owned());
            sight = self.engine.fetch(self.kind, &ticket, before).await;
        }
        let Ok(Some(sight)) = sight else {
            counters.miss();
            return sight.map(|_| None);
        };
        counters.hit(Tier::L2);
        trace::hit(self.kind.name(), self.key, Tier::L2);
        let now = self.engine.clock.now_ms();
        let outcome = Outcome::new(Answer::Fresh { tier: Tier::L2 }, sight.facts.times, now);
        Ok(Some((sight.value, outcome)))
    }

    pub(crate) fn look(&self, terms: &Terms) -> Look<V> {
        if let Some(answer) = self.local_answer() {
            return Look::Ready(answer);
        }
        let now = self.engine.clock.now_ms();
        let Some(leftover) = self.engine.leftover(self.kind, self.key, terms, now) else {
            return Look::Nothing;
        };
        let Leftover { value, times, refresh_at: _, stamps, etag, pause, is_unchecked } = leftover;
        let stale = Arrival { value, times, via: Via::Tier(Tier::L1), stamps, etag };
        match pause.filter(|pause| pause.holds(now)) {
            Some(pause) => Look::Ready(self.give_stale(stale, pause.why)),
            None if is_unchecked => Look::Stale(stale, Purpose::Unchecked),
            None => Look::Stale(stale, Purpose::Missing),
        }
    }

    /// Starts a load for the value after this one, unless one runs.
    #[cold]
    fn load_early<E, F, Fut>(&self, now: u64, load: F)
    where
        E: Send + Sync + 'static,
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        let (terms, key, tags) = (self.terms(), self.at().to_owned(), self.all_tags());
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (seat, _, _) = self.engine.flights.join_or_lead::<Progress<V, E>>(&key, &tags);
        let Seat::Lead(ticket, progress, before) = seat else { return };
        // Only now: the value may have been replaced before the seat was taken.
        let stale = self.due(&terms, now);
        if stale.is_none() {
            return;
        }
        let (engine, kind) = (Arc::clone(self.engine), *self.kind);
        let purpose = Purpose::Early;
        let flight = Flight { engine, kind, terms, tags, stale, purpose, ticket, progress };
        runtime.spawn(flight.run(before, load));
    }

    /// The value of this process whose successor is due.
    pub(crate) fn due(&self, terms: &Terms, now: u64) -> Option<Arrival<V>> {
        let leftover = self.engine.leftover(self.kind, self.key, terms, now)?;
        let Leftover { value, times, refresh_at, stamps, etag, .. } = leftover;
        let stale = Arrival { value, times, via: Via::Tier(Tier::L1), stamps, etag };
        (refresh_at <= now).then_some(stale)
    }

    async fn load<E, F, Fut>(self, load: F) -> Result<Answered<V>, LoadError<E>>
    where
        E: Send + Sync + 'static,
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        let (start, terms, key) = (Instant::now(), self.terms(), self.at().to_owned());
        let tags = self.all_tags();
        // Known by name from now on, to whoever hears that it was changed elsewhere.
        let _counters = self.engine.counters(self.kind);
        self.engine.listen();
        let mut load = Some(load);
        let mut joined = false;
        loop {
            if terms.hard_timeout == Some(Duration::ZERO) {
                return self.without_load(&terms, LoadError::Timeout(Duration::ZERO));
            }
            let (seat, progress, waiting) = self.engine.flights.join_or_lead::<Progress<V, E>>(&key, &tags);
            // Only now: what is seen with a seat taken cannot have been changed before without this seat knowing.
            let (stale, purpose) = match self.look(&terms) {
                Look::Ready(answer) => return Ok(answer),
                Look::Stale(stale, purpose) => (Some(stale), purpose),
                Look::Nothing => (None, Purpose::Missing),
            };
            let leads = match seat {
                Seat::Lead(ticket, progress, before) => {
                    let (engine, kind, stale) = (Arc::clone(self.engine), *self.kind, stale.clone());
                    let Some(load) = load.take() else { return Err(LoadError::Cancelled) };
                    let tags = tags.clone();
                    let flight = Flight { engine, kind, terms, tags, stale, purpose, ticket, progress };
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
            let asked = wait::Asked { entry: &self, terms: &terms, start, stale, waiting, leads };
            match asked.answer(progress).await {
                Some(answer) => return answer,
                // The runtime of the leader is gone, and its load with it.
                None if leads => return self.without_load(&terms, LoadError::Cancelled),
                None => tokio::task::yield_now().await,
            }
        }
    }

    /// Ends a call whose load was not started or is lost.
    pub(crate) fn without_load<E>(
        &self,
        terms: &Terms,
        error: LoadError<E>,
    ) -> Result<Answered<V>, LoadError<E>> {
        match self.look(terms) {
            Look::Ready(answer) => Ok(answer),
            Look::Stale(stale, _) => Ok(self.give_stale(stale, error.why())),
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
        let now = self.engine.clock.now_ms();
        let outcome = Outcome::new(Answer::Stale { tier, why }, stale.times, now);
        self.engine.gave_stale(self.kind, self.key, tier, why, outcome.age);
        (stale.value, outcome)
    }
}

impl<'a, V: CacheValue> EntryWithOutcome<'a, V> {
    /// As [`Entry::try_get_local`].
    #[must_use]
    pub fn try_get_local(&self) -> Option<(Shared<V>, Outcome)> {
        self.0.local_answer()
    }

    /// As [`Entry::get`].
    pub fn get(self) -> impl Future<Output = Option<(Shared<V>, Outcome)>> + Send + use<'a, V> {
        match self.0.local_answer() {
            Some(answer) => Either::Left(ready(Some(answer))),
            None => Either::Right(Box::pin(async move { self.0.fetch().await.ok().flatten() })),
        }
    }

    /// As [`Entry::get_or_load`].
    ///
    /// # Errors
    ///
    /// As [`Entry::get_or_load`].
    pub fn get_or_load<E, F, Fut>(
        self,
        load: F,
    ) -> impl Future<Output = Result<(Shared<V>, Outcome), LoadError<E>>> + Send + use<'a, V, E, F, Fut>
    where
        E: Send + Sync + 'static,
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        self.answer(as_loaded(load))
    }

    /// As [`Entry::get_or_load`], with a loader that is made when one is needed.
    #[cfg(any(feature = "actix", feature = "tower"))]
    pub(crate) async fn get_or_load_with<E, F, Fut>(
        self,
        make: impl FnOnce() -> F,
    ) -> Result<(Shared<V>, Outcome), LoadError<E>>
    where
        E: Send + Sync + 'static,
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        match self.0.local() {
            Some(hit) => {
                if hit.is_due {
                    self.0.load_early(hit.now, as_loaded(make()));
                }
                Ok(answered(hit))
            }
            None => Box::pin(self.0.load(as_loaded(make()))).await,
        }
    }

    /// As [`Entry::get_or_revalidate`].
    ///
    /// # Errors
    ///
    /// As [`Entry::get_or_load`].
    pub fn get_or_revalidate<E, F, Fut>(
        self,
        load: F,
    ) -> impl Future<Output = Result<(Shared<V>, Outcome), LoadError<E>>> + Send + use<'a, V, E, F, Fut>
    where
        E: Send + Sync + 'static,
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        self.answer(load)
    }

    #[inline]
    fn answer<E, F, Fut>(
        self,
        load: F,
    ) -> impl Future<Output = Result<(Shared<V>, Outcome), LoadError<E>>> + Send + use<'a, V, E, F, Fut>
    where
        E: Send + Sync + 'static,
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        match self.0.local() {
            Some(hit) => {
                if hit.is_due {
                    self.0.load_early(hit.now, load);
                }
                Either::Left(ready(Ok(answered(hit))))
            }
            None => Either::Right(Box::pin(self.0.load(load))),
        }
    }
}

fn answered<V: CacheValue>(hit: Hit<V>) -> Answered<V> {
    (hit.value, Outcome::new(Answer::Fresh { tier: Tier::L1 }, hit.times, hit.now))
}

fn as_loaded<V, E, F, Fut>(load: F) -> impl FnOnce(LoadCx<V>) -> BoxFuture<'static, Result<Loaded<V>, E>>
where
    V: CacheValue,
    F: FnOnce(LoadCx<V>) -> Fut,
    Fut: Future<Output = Result<V, E>> + Send + 'static,
{
    |cx| load(cx).map_ok(Loaded::from).boxed()
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
