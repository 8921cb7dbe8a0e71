//! One load: looks into the backend, calls the loader, stores what came. Runs in a task of its own, so a caller
//! that goes away ends nothing.

use std::{
    fmt,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::{sync::watch, time::Instant};

use crate::{
    CacheValue, Clock, Codec, Kind, LoadError, Outcome, Shared, Tier,
    engine::{Engine, Found, Place},
    flights::{Before, Ticket},
    l1::Pause,
    policy::{Terms, Times, millis},
    remote::panic_message,
};

/// What a loader is given: the stale value, if any, and a say in how long its value lives.
pub struct LoadCx<V: CacheValue> {
    wishes: Arc<Mutex<Wishes>>,
    stale: Option<Shared<V>>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Wishes {
    ttl: Option<Duration>,
    stale: Option<Duration>,
    age: Duration,
    /// No longer than a source: when it stops being fresh, and when it is gone.
    until: Option<(u64, u64)>,
}

impl<V: CacheValue> LoadCx<V> {
    /// Returns the expired value this load is to replace; for conditional requests.
    #[must_use]
    pub fn stale(&self) -> Option<&Shared<V>> {
        self.stale.as_ref()
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
    fn plan(self, terms: &Terms, absent: bool, now: u64, spread: u64) -> Option<Times> {
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

    fn born(self, now: u64) -> u64 {
        now.saturating_sub(millis(self.age))
    }
}

/// How far a load is; what its callers watch.
pub(crate) struct Progress<V: CacheValue, E> {
    /// A stale value the backend had.
    pub(crate) stale: Option<Arrival<V>>,
    pub(crate) done: Option<Result<Arrival<V>, LoadError<E>>>,
}

// A derive would ask the same of the parameters.
impl<V: CacheValue, E> Default for Progress<V, E> {
    fn default() -> Self {
        Self { stale: None, done: None }
    }
}

/// A value and where it is from.
pub(crate) struct Arrival<V: CacheValue> {
    pub(crate) value: Shared<V>,
    pub(crate) times: Times,
    pub(crate) via: Via,
}

#[derive(Clone, Copy)]
pub(crate) enum Via {
    Tier(Tier),
    Loader { took: Duration, stored: bool },
}

impl<V: CacheValue> Clone for Arrival<V> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), times: self.times, via: self.via }
    }
}

/// A load about to run.
pub(crate) struct Flight<V: CacheValue, E> {
    pub(crate) engine: Arc<Engine>,
    pub(crate) kind: Kind<V>,
    pub(crate) terms: Terms,
    pub(crate) stale: Option<Arrival<V>>,
    pub(crate) ticket: Ticket,
    pub(crate) progress: watch::Sender<Progress<V, E>>,
}

type Landed<V> = (Arrival<V>, Option<Bytes>);

impl<V: CacheValue, E: Send + Sync + 'static> Flight<V, E> {
    pub(crate) async fn run<F, Fut>(mut self, before: Before, load: F)
    where
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        let place = self.engine.place(&self.kind, &self.ticket.key);
        let landed = match AssertUnwindSafe(self.fly(&place, before, load)).catch_unwind().await {
            Ok(landed) => landed,
            Err(panic) => {
                self.engine.counters(&self.kind).load_error();
                Err(LoadError::Panicked(panic_message(&*panic).into()))
            }
        };
        let Self { engine, kind, terms, stale, ticket, progress } = self;
        match landed {
            Ok((arrival, Some(sealed))) => {
                let lifetime = arrival.times.dead_at.saturating_sub(engine.clock.now_ms());
                publish(&progress, Ok(arrival));
                engine.write_fill(&kind, &place, sealed, lifetime, &ticket).await;
                drop(ticket);
            }
            // The next caller must find no trace of a load that has ended: off the list first, then the news.
            Ok((arrival, None)) => {
                drop(ticket);
                publish(&progress, Ok(arrival));
            }
            Err(error) => {
                if let Some(stale) = stale {
                    let until = engine.clock.now_ms().saturating_add(millis(terms.throttle));
                    let pause = Pause { until, why: error.why() };
                    ticket.fill(|| engine.l1.pause(&ticket.key, stale.times, pause));
                }
                drop(ticket);
                publish(&progress, Err(error));
            }
        }
    }

    async fn fly<F, Fut>(&mut self, place: &Place, before: Before, load: F) -> Result<Landed<V>, LoadError<E>>
    where
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        let engine = Arc::clone(&self.engine);
        let mut writable = true;
        match engine.find(&self.kind, place, before, engine.deadline()).await {
            Found::Entry { value, times, weight } => {
                if let Some(fresh) = self.consider(value, times, weight) {
                    return Ok((fresh, None));
                }
            }
            Found::Foreign => writable = false,
            Found::Nothing => {}
        }
        let Ok(_permit) = engine.loads.try_acquire() else { return Err(LoadError::Overloaded) };
        let wishes = Arc::new(Mutex::new(Wishes::default()));
        let cx = LoadCx {
            wishes: Arc::clone(&wishes),
            stale: self.stale.as_ref().map(|stale| stale.value.clone()),
            clock: Arc::clone(&engine.clock),
        };
        engine.counters(&self.kind).load();
        let start = Instant::now();
        let value = load(cx).await.map_err(|error| {
            engine.counters(&self.kind).load_error();
            LoadError::Loader(Arc::new(error))
        })?;
        let took = start.elapsed();
        let wishes = *wishes.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.land(place, value, wishes, took, writable))
    }

    /// Takes what the backend had: a fresh entry ends the load, a stale one is kept at hand.
    fn consider(&mut self, value: Shared<V>, times: Times, weight: u64) -> Option<Arrival<V>> {
        let now = self.engine.clock.now_ms();
        let newer = self.stale.as_ref().is_none_or(|stale| stale.times.born < times.born);
        if times.is_fresh(now) || newer {
            self.ticket.fill(|| self.engine.fill_l1::<V>(&self.ticket.key, &value, times, weight));
        }
        let arrival = Arrival { value, times, via: Via::Tier(Tier::L2) };
        if times.is_fresh(now) {
            return Some(arrival);
        }
        if newer && times.is_usable(now, self.terms.stale) {
            self.stale = Some(arrival.clone());
            self.progress.send_modify(|progress| progress.stale = Some(arrival));
        }
        None
    }

    /// Stores a loaded value in process, unless the entry was changed meanwhile, and gives the bytes for the backend.
    fn land(&self, place: &Place, value: V, wishes: Wishes, took: Duration, writable: bool) -> Landed<V> {
        let (engine, key) = (&self.engine, &self.ticket.key);
        let now = engine.clock.now_ms();
        let absent = value.is_absent();
        let value = V::Codec::share(value);
        let times = wishes.plan(&self.terms, absent, now, place.seal.spread());
        let packed =
            times.and_then(|times| engine.pack::<V>(place, value.clone(), times, absent, millis(took)));
        let Some(packed) = packed else {
            let times = times.unwrap_or(Times { born: wishes.born(now), fresh_until: now, dead_at: now });
            let times = Times { fresh_until: now, dead_at: now, ..times };
            return (Arrival { value, times, via: Via::Loader { took, stored: false } }, None);
        };
        let sealed = packed.sealed.filter(|_| writable);
        let fill = || engine.fill_l1::<V>(key, &packed.value, packed.times, packed.weight);
        let valid = if sealed.is_some() { self.ticket.fill_then_write(fill) } else { self.ticket.fill(fill) };
        let stored = valid && (engine.l1.is_on() || sealed.is_some());
        (Arrival { value, times: packed.times, via: Via::Loader { took, stored } }, sealed.filter(|_| valid))
    }
}

fn publish<V: CacheValue, E>(
    progress: &watch::Sender<Progress<V, E>>,
    done: Result<Arrival<V>, LoadError<E>>,
) {
    progress.send_modify(|progress| progress.done = Some(done));
}
