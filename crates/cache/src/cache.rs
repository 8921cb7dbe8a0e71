use std::{sync::Arc, time::Duration};

use futures_util::future::join;

use crate::{
    CacheBuilder, CacheValue, Deleted, Entries, Entry, Error, Health, Invalidated, Invalidation, Kind,
    Origin, Pattern, Policy, RemoteHealth, Removed, Result, Scope, Shared, Stats, Strict, Tier, Written,
    coherence::{Coherence, Operation},
    engine::{Engine, Found, Place},
    entry::CallTags,
    flights::{Before, Ticket},
    key::{EntryKey, EntryRef},
    remote::{Receipt, Turn},
    stamp::TagId,
};

/// A handle to a cache: cheap to clone, shared by every thread and task.
///
/// Reads and writes do not fail because of the cache: a fault is a miss, and is counted.
#[derive(Clone, Debug)]
pub struct Cache {
    pub(crate) engine: Arc<Engine>,
}

/// What an invalidation did, and why it is not done everywhere when it is not.
pub(crate) type Told = (Invalidated, Option<Error>);

impl Cache {
    /// Starts a cache with settings of one's own.
    pub fn builder() -> CacheBuilder {
        CacheBuilder::new()
    }

    /// Makes a cache that keeps its entries in this process only, 64 MiB of them.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::builder().assemble()
    }

    /// Makes a cache that keeps nothing. Callers of one key at one moment still share one load.
    #[must_use]
    pub fn disabled() -> Self {
        Self::builder().l1_max_bytes(0).assemble()
    }

    /// Makes the cache an address names: `memory://`, `none://`, or that of a Redis such as
    /// `redis://name:password@host:6379/1?namespace=stock:`.
    ///
    /// # Errors
    ///
    /// [`Error::Address`] for an address that cannot be read, or needs a feature this build does
    /// not have.
    pub fn from_url(url: &str) -> Result<Self> {
        Self::builder().url(url)?.build()
    }

    /// Connects to the backend and listens on the bus from now on, in background tasks of this tokio runtime, which should
    /// be the one that lives longest. Waits for nothing. Without it the first call that needs them does the same.
    pub fn connect(&self) {
        self.engine.listen();
        let engine = Arc::downgrade(&self.engine);
        if let (true, Ok(runtime)) = (self.engine.remote.is_some(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                let engine = engine.upgrade()?;
                let remote = engine.remote.as_ref()?;
                remote.call(remote.deadline(), remote.backend().ping()).await.ok()
            });
        }
    }

    /// Names an entry, to be read, loaded or set with wishes of this call.
    #[inline]
    pub fn entry<'a, V: CacheValue>(&'a self, kind: &'a Kind<V>, key: &'a str) -> Entry<'a, V> {
        Entry { engine: &self.engine, kind, key, wishes: None, tags: CallTags::new() }
    }

    /// Names several entries of one kind, to be read or loaded together.
    pub fn entries<'a, V: CacheValue, K: AsRef<str>>(
        &'a self,
        kind: &'a Kind<V>,
        keys: &'a [K],
    ) -> Entries<'a, V> {
        let keys = keys.iter().map(AsRef::as_ref).collect();
        Entries { engine: &self.engine, kind, keys, wishes: Policy::NONE, tags: Vec::new() }
    }

    /// The same cache, with calls that say how the backend failed.
    #[must_use]
    pub const fn strict(&self) -> Strict<'_> {
        Strict::of(self)
    }

    /// Reads a fresh value from this process, at once and without allocating. Counts a hit, or nothing.
    #[must_use]
    pub fn try_get_local<V: CacheValue>(&self, kind: &Kind<V>, key: &str) -> Option<Shared<V>> {
        self.engine.local(kind, key).map(|hit| hit.value)
    }

    /// Reads a fresh value from either tier. Looks in this process at once, in the backend when polled.
    #[inline]
    pub fn get<'a, V: CacheValue>(
        &'a self,
        kind: &'a Kind<V>,
        key: &'a str,
    ) -> impl Future<Output = Option<Shared<V>>> + Send + use<'a, V> {
        self.entry(kind, key).get()
    }

    /// Reads many values; one answer per key, in their order. Asks the backend once.
    pub async fn get_many<V: CacheValue, K: AsRef<str>>(
        &self,
        kind: &Kind<V>,
        keys: &[K],
    ) -> Vec<Option<Shared<V>>> {
        self.get_many_and_tell(kind, keys).await.0
    }

    /// As [`get_many`](Self::get_many); says too why it is not known what is there.
    pub(crate) async fn get_many_and_tell<V: CacheValue, K: AsRef<str>>(
        &self,
        kind: &Kind<V>,
        keys: &[K],
    ) -> (Vec<Option<Shared<V>>>, Option<Error>) {
        let mut error = None;
        let mut answers: Vec<_> = keys.iter().map(|key| self.try_get_local(kind, key.as_ref())).collect();
        let missing: Vec<usize> = (0..keys.len()).filter(|at| answers[*at].is_none()).collect();
        let counters = self.engine.counters(kind);
        if self.engine.remote.is_some() && !missing.is_empty() {
            let wanted = missing.iter().map(|at| at_key(kind, keys[*at].as_ref()).to_owned()).collect();
            let (found, why) = self.fetch_many(kind, wanted).await;
            error = why;
            for (at, value) in missing.iter().zip(found) {
                answers[*at] = value;
            }
        }
        for at in missing {
            if answers[at].is_some() {
                counters.hit(Tier::L2);
            } else {
                counters.miss();
            }
        }
        (answers, error)
    }

    async fn fetch_many<V: CacheValue>(
        &self,
        kind: &Kind<V>,
        keys: Vec<EntryKey>,
    ) -> (Vec<Option<Shared<V>>>, Option<Error>) {
        let (engine, deadline) = (&self.engine, self.engine.deadline());
        let places: Vec<Place> = keys.iter().map(|key| engine.place(kind, key)).collect();
        let (tickets, befores): (Vec<Ticket>, Vec<Before>) =
            keys.into_iter().map(|key| engine.flights.open(key)).unzip();
        engine.listen();
        let answers = match &engine.remote {
            Some(remote) => match engine.turn(remote, Before::all(befores), deadline).await {
                Ok(()) => {
                    let get = engine.ask_many(remote, &places, deadline);
                    join(get, engine.learn(&[TagId::EVERYTHING], deadline)).await.0
                }
                Err(error) => Err(error),
            },
            None => Ok(Vec::new()),
        };
        let (answers, mut error) = match answers.inspect_err(|error| engine.backend_fault(kind, error)) {
            Ok(answers) => (answers, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let mut answers = answers.into_iter();
        let found = places.iter().map(|place| match answers.next().flatten() {
            Some(bytes) => engine.open(kind, place, &bytes),
            None => Found::Nothing,
        });
        let (found, doubt) = engine.confirm_many(found.collect(), deadline).await;
        error = error.or(doubt);
        let mut values = Vec::with_capacity(tickets.len());
        for (ticket, found) in tickets.into_iter().zip(found) {
            let sight = engine.take(kind, &ticket, found);
            values.push(
                sight
                    .unwrap_or_else(|why| {
                        error.get_or_insert(why);
                        None
                    })
                    .map(|sight| sight.value),
            );
        }
        (values, error)
    }

    /// Stores a value in both tiers, by its kind's policy. A load that runs meanwhile stores nothing.
    pub async fn set<V: CacheValue>(&self, kind: &Kind<V>, key: &str, value: V) -> Written {
        self.entry(kind, key).set(value).await
    }

    /// Removes an entry from both tiers. A load that runs meanwhile stores nothing, and no later caller joins it.
    pub async fn delete<V: CacheValue>(&self, kind: &Kind<V>, key: &str) -> Removed {
        self.delete_and_tell(kind, key).await.0
    }

    /// As [`delete`](Self::delete); says too why it is not done.
    pub(crate) async fn delete_and_tell<V: CacheValue>(
        &self,
        kind: &Kind<V>,
        key: &str,
    ) -> (Removed, Option<Error>) {
        let (engine, kind) = (Arc::clone(&self.engine), *kind);
        let key = at_key(&kind, key).to_owned();
        let now = engine.clock.now_ms();
        let remove = || (engine.l1.remove(&key), engine.order());
        let (ticket, before, (slot, order)) = engine.flights.change(key.clone(), remove);
        let here = slot.is_some_and(|slot| now < slot.times.dead_at);
        if engine.remote.is_none() {
            if engine.limits.takes_key(ticket.key.as_str()) {
                engine.announce(|| Operation::changed(&ticket.key.raw(&engine.namespace)));
            }
            engine.deleted(&kind, ticket.key.as_str(), true);
            return (Removed { existed: here, complete: true, queued: false }, None);
        }
        let deadline = engine.deadline();
        let erase = async move {
            let settled = engine.settled(before, deadline).await;
            let place = engine.place(&kind, &ticket.key);
            let erased = engine.erase(&kind, &place, Turn { order, settled, deadline }).await;
            engine.deleted(&kind, ticket.key.as_str(), erased.is_done());
            erased
        };
        // A task, so that a caller that goes away does not leave half a deletion.
        let there = tokio::spawn(erase).await.unwrap_or_else(|_| Receipt::lost(self.engine.lost()));
        let complete = there.is_done();
        let removed = Removed { existed: here || there.answer == Some(true), complete, queued: there.queued };
        (removed, there.error)
    }

    /// Removes the entries whose `kind:key` matches, from both tiers; `*`, `?`, `[..]` and `\` as in Redis.
    ///
    /// A pattern that cannot be read removes nothing and is not complete.
    pub async fn delete_pattern(&self, pattern: &str) -> Deleted {
        self.delete_pattern_and_tell(pattern).await.0
    }

    /// As [`delete_pattern`](Self::delete_pattern); says too why it is not done.
    pub(crate) async fn delete_pattern_and_tell(&self, pattern: &str) -> (Deleted, Option<Error>) {
        match Pattern::new(&self.engine.namespace, pattern) {
            Ok(pattern) => self.sweep(pattern).await,
            Err(error) => (Deleted::new(0, false), Some(error)),
        }
    }

    /// Expires every entry with `tag`, in every process that shares the backend: each may still stand in for a load
    /// that fails, within its stale window. Loads that run store nothing. Takes one step, however many entries there are.
    pub async fn expire_tag(&self, tag: &str) -> Invalidated {
        self.invalidate_tag(tag, Invalidation::Expire).await.0
    }

    /// Removes every entry with `tag`, as [`expire_tag`](Self::expire_tag) expires them.
    pub async fn remove_tag(&self, tag: &str) -> Invalidated {
        self.invalidate_tag(tag, Invalidation::Remove).await.0
    }

    /// Removes every entry of this cache's namespace, in every process that shares the backend. Loads that run store
    /// nothing. Takes one step; the bytes in the backend stay until their lifetime ends.
    pub async fn clear(&self) -> Invalidated {
        self.invalidate_everything(Invalidation::Remove).await.0
    }

    /// Expires every entry of this cache's namespace, as [`expire_tag`](Self::expire_tag) does those of a tag.
    pub async fn expire_all(&self) -> Invalidated {
        self.invalidate_everything(Invalidation::Expire).await.0
    }

    pub(crate) async fn invalidate_tag(&self, tag: &str, how: Invalidation) -> Told {
        // No entry has an empty tag.
        if tag.is_empty() {
            (Invalidated { complete: true, queued: false }, None)
        } else {
            self.invalidate(TagId::of(tag), how, Scope::Tag { tag: Some(tag.into()), how }).await
        }
    }

    pub(crate) async fn invalidate_everything(&self, how: Invalidation) -> Told {
        self.invalidate(TagId::EVERYTHING, how, Scope::Everything(how)).await
    }

    async fn invalidate(&self, tag: TagId, how: Invalidation, scope: Scope) -> Told {
        let engine = Arc::clone(&self.engine);
        let begun = engine.begin(tag, how);
        let tell = async move {
            let told = engine.tell(begun).await;
            engine.invalidated(|| scope, Origin::Here, told.0.complete);
            told
        };
        if self.engine.remote.is_none() {
            return tell.await;
        }
        // A task, so that a caller that goes away does not leave half of it.
        let lost = |_| (Invalidated { complete: false, queued: false }, self.engine.lost());
        tokio::spawn(tell).await.unwrap_or_else(lost)
    }

    async fn sweep(&self, pattern: Pattern) -> (Deleted, Option<Error>) {
        let engine = Arc::clone(&self.engine);
        let (matches, now) = (engine.matcher(&pattern), engine.clock.now_ms());
        let remove = || (engine.l1.remove_matching(&matches, now), engine.order());
        let (sweep, before, (here, order)) = engine.flights.sweep(matches.clone(), remove);
        let Some(remote) = engine.remote.clone() else {
            engine.announce(|| Operation::Swept(pattern.as_typed().to_owned()));
            engine.invalidated(|| Scope::Pattern(pattern.as_typed().into()), Origin::Here, true);
            return (Deleted::new(here, true), None);
        };
        let erase = {
            let engine = Arc::clone(&engine);
            async move {
                let deadline = remote.sweep_deadline();
                let _settled = engine.settled(before, deadline).await;
                let _sweep = sweep;
                let swept = remote.sweep(pattern.clone(), order, deadline).await;
                let complete = swept.is_done() && swept.answer.is_some_and(|swept| swept.complete);
                engine.invalidated(|| Scope::Pattern(pattern.as_typed().into()), Origin::Here, complete);
                swept
            }
        };
        let receipt = tokio::spawn(erase).await.unwrap_or_else(|_| Receipt::lost(self.engine.lost()));
        let there = receipt.answer.unwrap_or_default();
        // An entry in both tiers is one key, and nobody says which are.
        let keys = here.max(there.keys);
        let deleted = Deleted { keys, complete: there.complete && !receipt.queued, queued: receipt.queued };
        (deleted, receipt.error)
    }

    /// Returns what happened since the cache was built, and what it holds.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            kinds: self.engine.ledger.snapshot(),
            l1_keys: self.engine.l1.keys(),
            l1_bytes: self.engine.l1.bytes(),
            l1_max_bytes: self.engine.l1.max_bytes(),
            l1_evictions: self.engine.l1.evicted(),
            in_flight: self.engine.flights.len(),
            events: self.engine.sink.stats(),
            backend: self.engine.remote.as_ref().map(|remote| remote.stats()).unwrap_or_default(),
            bus: self.engine.coherence.as_ref().map(Coherence::stats),
        }
    }

    /// Says how the backend is, by its own word and by the last calls; asks nobody.
    #[must_use]
    pub fn health(&self) -> Health {
        self.engine.remote.as_ref().map_or(Health::Up, |remote| remote.health())
    }

    /// Says the same at length; `None` without a backend.
    #[must_use]
    pub fn remote_health(&self) -> Option<RemoteHealth> {
        self.engine.remote.as_ref().map(|remote| remote.report())
    }

    /// Waits until the backend has every change made so far; false when that takes longer than `timeout`.
    ///
    /// Changes go on meanwhile, and are waited for as well. While the backend is down, this waits for it.
    pub async fn flush(&self, timeout: Duration) -> bool {
        match &self.engine.remote {
            Some(remote) => remote.flush(timeout).await,
            None => true,
        }
    }

    /// Does what [`flush`](Self::flush) does, then leaves the backend and the bus alone for good: for the end of a process.
    /// What they did not get by then is lost. The cache goes on in this process.
    pub async fn shutdown(&self, timeout: Duration) -> bool {
        let start = tokio::time::Instant::now();
        let flushed = match &self.engine.remote {
            Some(remote) => remote.shut_down(timeout).await,
            None => true,
        };
        if let Some(coherence) = &self.engine.coherence {
            coherence.end(timeout.saturating_sub(start.elapsed())).await;
        }
        flushed
    }
}

const fn at_key<'a, V>(kind: &Kind<V>, key: &'a str) -> EntryRef<'a> {
    EntryRef { id: kind.id(), kind: kind.name(), key }
}
