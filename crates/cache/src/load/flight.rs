use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, ready},
};
use tokio::{sync::watch, time::Instant};

use super::{
    Arrival, LoadCx, Loaded, Progress, Via,
    context::Wishes,
    lease::{Held, Turn},
    progress::publish,
};
use crate::{
    Abandoned, CacheValue, Codec, Kind, LoadError, LoadFailure, Shared, Tier,
    coherence::Operation,
    engine::{Engine, Found, Place, Sealed, Sight, Stamped},
    envelope::{self, Facts},
    flights::{Before, Seat, Ticket},
    l1::Pause,
    policy::{Terms, Times, millis},
    remote::{Deadline, panic_message},
    stamp::{Stamps, TagId},
    trace,
};

/// How late the store may tell of what this process did to a key: a round trip of another connection. A change by
/// another program within it is not told apart.
const ECHO_MS: u64 = 100;

/// What a load is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// No tier of this process has a fresh value.
    Missing,
    /// It has one that is there only unless the backend says otherwise.
    Unchecked,
    /// It has one whose successor is due.
    Early,
    /// The caller wants a new one, whatever there is.
    Anew,
}

/// A load about to run.
pub(crate) struct Flight<V: CacheValue, E> {
    pub(crate) engine: Arc<Engine>,
    pub(crate) kind: Kind<V>,
    pub(crate) terms: Terms,
    pub(crate) tags: Vec<TagId>,
    pub(crate) stale: Option<Arrival<V>>,
    pub(crate) purpose: Purpose,
    pub(crate) ticket: Ticket,
    pub(crate) progress: watch::Sender<Progress<V, E>>,
}

pub(super) type Landed<V> = (Arrival<V>, Option<Sealed>);

/// How a flight ends that does not fail.
enum Landing<V: CacheValue> {
    /// With a value, and with bytes for the backend if it was loaded. Others wait for these until the lease ends.
    Done(Landed<V>, Held),
    /// With what the backend had, whose successor is due.
    Due(Arrival<V>),
}

/// What the look into the backend says for a load.
struct Backing {
    /// What is there is ours to overwrite.
    writable: bool,
    answers: bool,
    deadline: Deadline,
}

/// What came of a loader.
pub(super) struct Cargo<V: CacheValue> {
    value: Shared<V>,
    absent: bool,
    wishes: Wishes,
    took: Duration,
    /// `None` when the value may be outdated already.
    stamped: Option<Stamped>,
}

impl<V: CacheValue, E: Send + Sync + 'static> Flight<V, E> {
    /// The future that carries the flight out. Small, as most flights only look into the backend: what a load needs has boxes of
    /// its own, and a block keeps what it captures once, where an `async fn` would keep its arguments twice.
    pub(crate) fn run<F, Fut>(mut self, before: Before, load: F) -> BoxFuture<'static, ()>
    where
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        let place = self.engine.place(&self.kind, &self.ticket.key);
        let mut load = Some(load);
        async move {
            let flown = AssertUnwindSafe(self.fly(&place, before, &mut load)).catch_unwind().await;
            let landed = flown.unwrap_or_else(|panic| {
                self.engine.load_failed(&self.kind, self.ticket.key.as_str(), LoadFailure::Panic);
                Err(LoadError::Panicked(panic_message(&*panic).into()))
            });
            match landed {
                Ok(Landing::Done((arrival, None), _lease)) => self.end(&place, arrival),
                Ok(Landing::Done((arrival, Some(sealed)), lease)) => {
                    Box::pin(self.write(place, arrival, sealed, lease)).await;
                }
                Ok(Landing::Due(arrival)) => self.load_next(arrival, load).await,
                Err(error) => self.fail(error),
            }
        }
        .boxed()
    }

    /// Ends with a value that is not written.
    fn end(self, place: &Place, arrival: Arrival<V>) {
        let Self { engine, purpose, ticket, progress, .. } = self;
        if purpose == Purpose::Anew && matches!(arrival.via, Via::Loader { stored: true, .. }) {
            engine.announce(|| Operation::changed(&place.raw));
        }
        // The next caller must find no trace of a load that has ended: off the list first, then the news.
        drop(ticket);
        publish(&progress, Ok(arrival));
    }

    /// Gives the value, then writes it.
    async fn write(self, place: Place, arrival: Arrival<V>, sealed: Sealed, lease: Held) {
        let Self { engine, kind, stale, purpose, ticket, progress, .. } = self;
        let lifetime = arrival.times.dead_at.saturating_sub(engine.clock.now_ms());
        publish(&progress, Ok(arrival));
        let written = engine.write_fill(&kind, &place, sealed, lifetime, &ticket).await;
        if written && (purpose == Purpose::Anew || stale.is_some()) {
            // Others may hold the value this one replaces. Of one that was nowhere, nobody has a copy.
            engine.announce(|| Operation::changed(&place.raw));
        }
        drop(lease);
        drop(ticket);
    }

    /// Gives the value, then loads the one after it, unless somebody does.
    fn load_next<F, Fut>(self, arrival: Arrival<V>, load: Option<F>) -> BoxFuture<'static, ()>
    where
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        let Self { engine, kind, terms, tags, ticket, progress, .. } = self;
        let key = ticket.key.clone();
        drop(ticket);
        publish(&progress, Ok(arrival.clone()));
        let (seat, _, _) = engine.flights.join_or_lead::<Progress<V, E>>(&key, &tags);
        let (Seat::Lead(ticket, progress, before), Some(load)) = (seat, load) else {
            return ready(()).boxed();
        };
        let (stale, purpose) = (Some(arrival), Purpose::Early);
        Self { engine, kind, terms, tags, stale, purpose, ticket, progress }.run(before, load)
    }

    /// Ends without a value. A stale one is then given for a while without trying again.
    pub(super) fn fail(self, error: LoadError<E>) {
        let Self { engine, terms, stale, ticket, progress, .. } = self;
        if let Some(stale) = stale.filter(|_| !matches!(error, LoadError::Cancelled)) {
            let since = engine.clock.now_ms();
            let until = since.saturating_add(millis(terms.throttle));
            let pause = Pause { since, until, why: error.why() };
            ticket.fill(|| {
                engine.l1.pause(&ticket.key, stale.times, pause);
                engine.l1.put_off(&ticket.key, stale.times, until);
            });
        }
        drop(ticket);
        publish(&progress, Err(error));
    }

    /// Looks into the backend, and loads when that has nothing fresh. What only a load needs is in a box of its own: most
    /// flights end without one, and carry nothing of it.
    async fn fly<F, Fut>(
        &mut self,
        place: &Place,
        before: Before,
        load: &mut Option<F>,
    ) -> Result<Landing<V>, LoadError<E>>
    where
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        let engine = Arc::clone(&self.engine);
        let deadline = engine.deadline();
        let (mut writable, mut answers) = (true, true);
        let found = if self.purpose == Purpose::Anew {
            Found::Nothing
        } else {
            engine.find(&self.kind, place, &self.tags, before, deadline).await
        };
        match found {
            Found::Entry(sight) => {
                let took = sight.facts.took;
                if let Some(fresh) = self.consider(sight) {
                    let is_due = self.terms.refresh_at(fresh.times, took) <= engine.clock.now_ms();
                    return Ok(if is_due {
                        Landing::Due(fresh)
                    } else {
                        Landing::Done((fresh, None), Held::none())
                    });
                }
            }
            Found::Foreign => writable = false,
            Found::Nothing | Found::Rejected(_) => {
                self.expect_echo();
                self.drop_unchecked();
            }
            Found::Unknown(_) => answers = false,
        }
        let backend = Backing { writable, answers, deadline };
        Box::pin(self.load(place, backend, load)).await
    }

    async fn load<F, Fut>(
        &mut self,
        place: &Place,
        backend: Backing,
        load: &mut Option<F>,
    ) -> Result<Landing<V>, LoadError<E>>
    where
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        let Backing { writable, answers, mut deadline } = backend;
        let engine = Arc::clone(&self.engine);
        let mut lease = Held::none();
        if let (Some(lifetime), true) = (self.terms.lease, answers && self.purpose != Purpose::Anew) {
            match self.wait_for_lease(place, lifetime, &mut deadline).await {
                Turn::Ours(held) => lease = held,
                Turn::Done(arrival) => return Ok(Landing::Done((arrival, None), Held::none())),
            }
        }
        let key = self.ticket.key.clone();
        let Ok(_permit) = engine.loads.try_acquire() else {
            engine.load_refused(&self.kind, key.as_str());
            return Err(LoadError::Overloaded);
        };
        let Some(load) = load.take() else { return Err(LoadError::Cancelled) };
        let news = engine.generations.newest();
        // A backend that did not answer is not asked again: the caller has waited for it once.
        let stamped =
            if answers { engine.stamp(&self.tags, deadline).await } else { engine.stamp_known(&self.tags) };
        let wishes = Arc::new(Mutex::new(Wishes::default()));
        let cx = LoadCx {
            wishes: Arc::clone(&wishes),
            stale: self.stale.as_ref().map(|stale| (stale.value.clone(), stale.etag.clone())),
            pass: Arc::clone(&self.ticket.pass),
            clock: Arc::clone(&engine.clock),
        };
        engine.counters(&self.kind).load();
        let start = Instant::now();
        let loaded = tokio::select! {
            biased;
            loaded = trace::in_load_span(self.kind.name(), key.as_str(), async { load(cx).await }) => loaded,
            () = self.ticket.abandoned(), if self.may_abort() => return Err(LoadError::Cancelled),
        };
        let took = start.elapsed();
        engine.load_took(&self.kind, took);
        let loaded = loaded.map_err(|error| {
            engine.load_failed(&self.kind, key.as_str(), LoadFailure::Error);
            LoadError::Loader(Arc::new(error))
        })?;
        let wishes = std::mem::take(&mut *wishes.lock().unwrap_or_else(PoisonError::into_inner));
        let deadline = deadline.put_off(took);
        let cargo = self.unload(loaded, wishes, took, stamped, news, deadline).await?;
        Ok(Landing::Done(self.land(place, cargo, writable), lease))
    }

    /// A load ahead of time has no callers to lose, and a refresh is wanted for what it stores.
    fn may_abort(&self) -> bool {
        self.terms.abandoned == Abandoned::Abort
            && matches!(self.purpose, Purpose::Missing | Purpose::Unchecked)
    }

    /// Puts together what came, and under which generations.
    pub(super) async fn unload(
        &self,
        loaded: Loaded<V>,
        mut wishes: Wishes,
        took: Duration,
        stamped: Stamped,
        news: u64,
        deadline: Deadline,
    ) -> Result<Cargo<V>, LoadError<E>> {
        let (value, absent) = match (loaded.0, &self.stale) {
            (Some(value), _) => {
                let absent = value.is_absent();
                (V::Codec::share(value), absent)
            }
            (None, Some(stale)) => {
                wishes.etag = wishes.etag.or_else(|| stale.etag.clone());
                wishes.tags.extend(stale.stamps.iter().map(|stamp| stamp.tag));
                (stale.value.clone(), false)
            }
            // Said by the context of another load.
            (None, None) => {
                return Err(LoadError::Panicked("there is no value that could be unmodified".into()));
            }
        };
        wishes.tags.retain(|tag| !self.tags.contains(tag));
        wishes.tags.sort_unstable();
        wishes.tags.dedup();
        let stamped = if wishes.tags.is_empty() {
            Some(stamped)
        } else {
            let added = self.engine.stamp_after(&wishes.tags, news, took, deadline).await;
            added.map(|added| stamped.and(&added))
        };
        Ok(Cargo { value, absent, wishes, took, stamped })
    }

    /// The question itself may have ended an entry that was over, which a store that tracks tells of.
    pub(super) fn expect_echo(&self) {
        self.ticket.pass.expect_echo(self.engine.clock.now_ms().saturating_add(ECHO_MS));
    }

    /// The backend has nothing where this process has something it did not check for a while: it was removed, and must
    /// not stand in for a load.
    pub(super) fn drop_unchecked(&mut self) {
        if self.purpose == Purpose::Unchecked && self.stale.take().is_some() {
            self.ticket.fill(|| drop(self.engine.l1.remove(&self.ticket.key)));
            self.progress.send_modify(|progress| progress.is_gone = true);
        }
    }

    /// Takes what the backend had: a fresh entry ends the load, a stale one is kept at hand.
    pub(super) fn consider(&mut self, sight: Sight<V>) -> Option<Arrival<V>> {
        let now = self.engine.clock.now_ms();
        let times = sight.facts.times;
        let newer = self.stale.as_ref().is_none_or(|stale| stale.times.born < times.born);
        // Ahead of time, only a value that another process loaded meanwhile ends the load.
        let fresh = times.is_fresh(now) && (newer || self.purpose != Purpose::Early);
        if fresh || newer {
            self.ticket.fill(|| {
                let Sight { value, facts, weight, .. } = &sight;
                self.engine.fill_l1(&self.kind, &self.ticket.key, value, facts, *weight, &self.terms);
            });
        }
        let arrival = Arrival::new(sight, Via::Tier(Tier::L2));
        if fresh {
            return Some(arrival);
        }
        if newer && times.is_usable(now, self.terms.stale) {
            self.stale = Some(arrival.clone());
            self.progress.send_modify(|progress| progress.stale = Some(arrival));
        }
        None
    }

    /// Ends a load ahead of time that brought nothing to store: or every read would start the next one, for the same end.
    pub(super) fn put_off(&self) {
        let Some(stale) = self.stale.as_ref().filter(|_| self.purpose == Purpose::Early) else { return };
        let until = self.engine.clock.now_ms().saturating_add(millis(self.terms.throttle));
        self.ticket.fill(|| self.engine.l1.put_off(&self.ticket.key, stale.times, until));
    }

    /// Stores a loaded value in process, unless the entry was changed meanwhile, and gives the bytes for the backend.
    pub(super) fn land(&self, place: &Place, cargo: Cargo<V>, writable: bool) -> Landed<V> {
        let (engine, key) = (&self.engine, &self.ticket.key);
        let Cargo { value, absent, wishes, took, stamped } = cargo;
        let now = engine.clock.now_ms();
        let times = wishes.plan(&self.terms, absent, now, place.seal.spread());
        let packed = times.and_then(|times| engine.pack(&self.kind, key.as_str(), value.clone(), times).ok());
        let (Some(packed), Some(stamped)) = (packed, stamped) else {
            engine.loaded(&self.kind, key.as_str(), took, false);
            self.put_off();
            let times = times.unwrap_or(Times { born: wishes.born(now), fresh_until: now, dead_at: now });
            let times = Times { fresh_until: now, dead_at: now, ..times };
            let via = Via::Loader { took, stored: false };
            return (Arrival { value, times, via, stamps: Stamps::default(), etag: None }, None);
        };
        let took_ms = u16::try_from(millis(took)).unwrap_or(u16::MAX);
        let Stamped { stamps, are_real } = stamped;
        let facts = Facts { times: packed.times, negative: absent, took: took_ms, stamps, etag: wishes.etag };
        let payload = packed.payload.filter(|_| writable && are_real);
        let sealed = payload.and_then(|payload| envelope::seal(place.seal, &facts, &payload));
        let fill = || engine.fill_l1(&self.kind, key, &packed.value, &facts, packed.weight, &self.terms);
        let before = match (self.purpose == Purpose::Anew, sealed.is_some()) {
            (true, writes) => self.ticket.overrule(writes, fill),
            (false, true) => self.ticket.fill_then_write(fill).then(Before::default),
            (false, false) => self.ticket.fill(fill).then(Before::default),
        };
        let stored = before.is_some() && (engine.l1.is_on() || sealed.is_some());
        engine.loaded(&self.kind, key.as_str(), took, stored);
        let is_fill = self.purpose != Purpose::Anew;
        let sealed = sealed.zip(before).map(|(bytes, before)| Sealed { bytes, before, is_fill });
        let sight = Sight { value, facts, weight: packed.weight, doubt: None };
        (Arrival::new(sight, Via::Loader { took, stored }), sealed)
    }
}
