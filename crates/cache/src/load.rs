//! One load: looks into the backend, calls the loader, stores what came. Runs in a task of its own, so a caller
//! that goes away ends nothing.

use std::{
    fmt,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use tokio::{sync::watch, time::Instant};

use crate::{
    CacheValue, Clock, Codec, Kind, LoadError, Outcome, Shared, Tier,
    coherence::Operation,
    engine::{Engine, Found, Place, Sight, Stamped},
    envelope::{self, Facts},
    flights::{Before, Pass, Seat, Ticket},
    l1::Pause,
    policy::{Terms, Times, millis},
    remote::panic_message,
    stamp::{Stamps, TagId},
};

/// What a loader is given: the stale value, if any, and a say in how long its value lives.
pub struct LoadCx<V: CacheValue> {
    wishes: Arc<Mutex<Wishes>>,
    stale: Option<(Shared<V>, Option<Arc<str>>)>,
    pass: Arc<Pass>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Debug, Default)]
struct Wishes {
    ttl: Option<Duration>,
    stale: Option<Duration>,
    age: Duration,
    /// No longer than a source: when it stops being fresh, and when it is gone.
    until: Option<(u64, u64)>,
    tags: Vec<TagId>,
    etag: Option<Arc<str>>,
}

/// What a loader of [`get_or_revalidate`](crate::Entry::get_or_revalidate) found: a value, or that the stale one is
/// still right.
#[derive(Debug)]
pub struct Loaded<V>(Option<V>);

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
    fn plan(&self, terms: &Terms, absent: bool, now: u64, spread: u64) -> Option<Times> {
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

    fn born(&self, now: u64) -> u64 {
        now.saturating_sub(millis(self.age))
    }
}

/// How far a load is; what its callers watch.
pub(crate) struct Progress<V: CacheValue, E> {
    /// A stale value the backend had.
    pub(crate) stale: Option<Arrival<V>>,
    /// Whether the stale value of this process was removed from the backend.
    pub(crate) is_gone: bool,
    pub(crate) done: Option<Result<Arrival<V>, LoadError<E>>>,
}

// A derive would ask the same of the parameters.
impl<V: CacheValue, E> Default for Progress<V, E> {
    fn default() -> Self {
        Self { stale: None, is_gone: false, done: None }
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
        let Sight { value, facts, weight: _ } = sight;
        Self { value, times: facts.times, via, stamps: facts.stamps, etag: facts.etag }
    }
}

/// A load about to run.
pub(crate) struct Flight<V: CacheValue, E> {
    pub(crate) engine: Arc<Engine>,
    pub(crate) kind: Kind<V>,
    pub(crate) terms: Terms,
    pub(crate) tags: Vec<TagId>,
    pub(crate) stale: Option<Arrival<V>>,
    /// Whether `stale` is still fresh and this load ahead of time.
    pub(crate) is_early: bool,
    /// Whether `stale` is still there only unless the backend says otherwise.
    pub(crate) is_unchecked: bool,
    pub(crate) ticket: Ticket,
    pub(crate) progress: watch::Sender<Progress<V, E>>,
}

type Landed<V> = (Arrival<V>, Option<Bytes>);

/// How a flight ends that does not fail.
enum Landing<V: CacheValue> {
    /// With a value, and with bytes for the backend if it was loaded.
    Done(Landed<V>),
    /// With what the backend had, whose successor is due.
    Due(Arrival<V>),
}

/// What came of a loader.
struct Cargo<V: CacheValue> {
    value: Shared<V>,
    absent: bool,
    wishes: Wishes,
    took: Duration,
    /// `None` when the value may be outdated already.
    stamped: Option<Stamped>,
}

impl<V: CacheValue, E: Send + Sync + 'static> Flight<V, E> {
    pub(crate) fn run<F, Fut>(self, before: Before, load: F) -> BoxFuture<'static, ()>
    where
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        self.take_off(before, load).boxed()
    }

    async fn take_off<F, Fut>(mut self, before: Before, load: F)
    where
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        let place = self.engine.place(&self.kind, &self.ticket.key);
        let mut load = Some(load);
        let landed = match AssertUnwindSafe(self.fly(&place, before, &mut load)).catch_unwind().await {
            Ok(landed) => landed,
            Err(panic) => {
                self.engine.counters(&self.kind).load_error();
                Err(LoadError::Panicked(panic_message(&*panic).into()))
            }
        };
        let Self { engine, kind, terms, tags, stale, ticket, progress, .. } = self;
        match landed {
            Ok(Landing::Due(arrival)) => {
                let key = ticket.key.clone();
                drop(ticket);
                publish(&progress, Ok(arrival.clone()));
                let (seat, _, _) = engine.flights.join_or_lead::<Progress<V, E>>(&key, &tags);
                if let (Seat::Lead(ticket, progress, before), Some(load)) = (seat, load) {
                    let (stale, is_early, is_unchecked) = (Some(arrival), true, false);
                    let next =
                        Self { engine, kind, terms, tags, stale, is_early, is_unchecked, ticket, progress };
                    next.run(before, load).await;
                }
            }
            Ok(Landing::Done((arrival, Some(sealed)))) => {
                let lifetime = arrival.times.dead_at.saturating_sub(engine.clock.now_ms());
                publish(&progress, Ok(arrival));
                let written = engine.write(&kind, &place, sealed, lifetime).await;
                if ticket.pass.is_void() {
                    // Changed elsewhere while this was being written: what is there now is too old.
                    engine.erase(&kind, &place).await;
                } else if written && stale.is_some() {
                    // Others may hold the value this one replaces. Of one that was nowhere, nobody has a copy.
                    engine.announce(|| Operation::changed(&place.raw));
                }
                drop(ticket);
            }
            // The next caller must find no trace of a load that has ended: off the list first, then the news.
            Ok(Landing::Done((arrival, None))) => {
                drop(ticket);
                publish(&progress, Ok(arrival));
            }
            Err(error) => {
                if let Some(stale) = stale {
                    let now = engine.clock.now_ms();
                    let until = now.saturating_add(millis(terms.throttle));
                    let pause = Pause { until, why: error.why() };
                    ticket.fill(|| {
                        engine.l1.pause(&ticket.key, stale.times, pause);
                        engine.l1.put_off(&ticket.key, stale.times, until);
                    });
                }
                drop(ticket);
                publish(&progress, Err(error));
            }
        }
    }

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
        let (mut writable, mut answers) = (true, true);
        match engine.find(&self.kind, place, &self.tags, before).await {
            Found::Entry(sight) => {
                let took = sight.facts.took;
                if let Some(fresh) = self.consider(sight) {
                    let is_due = self.terms.refresh_at(fresh.times, took) <= engine.clock.now_ms();
                    return Ok(if is_due { Landing::Due(fresh) } else { Landing::Done((fresh, None)) });
                }
            }
            Found::Foreign => writable = false,
            Found::Nothing => self.drop_unchecked(),
            Found::Unknown => answers = false,
        }
        let Ok(_permit) = engine.loads.try_acquire() else { return Err(LoadError::Overloaded) };
        let Some(load) = load.take() else { return Err(LoadError::Cancelled) };
        let news = engine.generations.newest();
        // A backend that did not answer is not asked again: the caller has waited for it once.
        let stamped = if answers { engine.stamp(&self.tags).await } else { engine.stamp_known(&self.tags) };
        let wishes = Arc::new(Mutex::new(Wishes::default()));
        let cx = LoadCx {
            wishes: Arc::clone(&wishes),
            stale: self.stale.as_ref().map(|stale| (stale.value.clone(), stale.etag.clone())),
            pass: Arc::clone(&self.ticket.pass),
            clock: Arc::clone(&engine.clock),
        };
        engine.counters(&self.kind).load();
        let start = Instant::now();
        let loaded = load(cx).await.map_err(|error| {
            engine.counters(&self.kind).load_error();
            LoadError::Loader(Arc::new(error))
        })?;
        let took = start.elapsed();
        let wishes = std::mem::take(&mut *wishes.lock().unwrap_or_else(PoisonError::into_inner));
        let cargo = self.unload(loaded, wishes, took, stamped, news).await?;
        Ok(Landing::Done(self.land(place, cargo, writable)))
    }

    /// Puts together what came, and under which generations.
    async fn unload(
        &self,
        loaded: Loaded<V>,
        mut wishes: Wishes,
        took: Duration,
        stamped: Stamped,
        news: u64,
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
            let added = self.engine.stamp_after(&wishes.tags, news, took).await;
            added.map(|added| stamped.and(&added))
        };
        Ok(Cargo { value, absent, wishes, took, stamped })
    }

    /// The backend has nothing where this process has something it did not check for a while: it was removed, and must
    /// not stand in for a load.
    fn drop_unchecked(&mut self) {
        if self.is_unchecked && !self.is_early && self.stale.take().is_some() {
            self.ticket.fill(|| drop(self.engine.l1.remove(&self.ticket.key)));
            self.progress.send_modify(|progress| progress.is_gone = true);
        }
    }

    /// Takes what the backend had: a fresh entry ends the load, a stale one is kept at hand.
    fn consider(&mut self, sight: Sight<V>) -> Option<Arrival<V>> {
        let now = self.engine.clock.now_ms();
        let times = sight.facts.times;
        let newer = self.stale.as_ref().is_none_or(|stale| stale.times.born < times.born);
        // Ahead of time, only a value that another process loaded meanwhile ends the load.
        let fresh = times.is_fresh(now) && (newer || !self.is_early);
        if fresh || newer {
            self.ticket.fill(|| {
                let Sight { value, facts, weight } = &sight;
                self.engine.fill_l1::<V>(&self.ticket.key, value, facts, *weight, &self.terms);
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

    /// Stores a loaded value in process, unless the entry was changed meanwhile, and gives the bytes for the backend.
    fn land(&self, place: &Place, cargo: Cargo<V>, writable: bool) -> Landed<V> {
        let (engine, key) = (&self.engine, &self.ticket.key);
        let Cargo { value, absent, wishes, took, stamped } = cargo;
        let now = engine.clock.now_ms();
        let times = wishes.plan(&self.terms, absent, now, place.seal.spread());
        let packed = times.and_then(|times| engine.pack::<V>(value.clone(), times));
        let (Some(packed), Some(stamped)) = (packed, stamped) else {
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
        let fill = || engine.fill_l1::<V>(key, &packed.value, &facts, packed.weight, &self.terms);
        let valid = if sealed.is_some() { self.ticket.fill_then_write(fill) } else { self.ticket.fill(fill) };
        let stored = valid && (engine.l1.is_on() || sealed.is_some());
        let sight = Sight { value, facts, weight: packed.weight };
        (Arrival::new(sight, Via::Loader { took, stored }), sealed.filter(|_| valid))
    }
}

fn publish<V: CacheValue, E>(
    progress: &watch::Sender<Progress<V, E>>,
    done: Result<Arrival<V>, LoadError<E>>,
) {
    progress.send_modify(|progress| progress.done = Some(done));
}
