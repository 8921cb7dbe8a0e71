use std::sync::Arc;

use futures_util::future::join;

use crate::{
    CacheBuilder, CacheValue, Deleted, Entries, Entry, Error, Health, Invalidated, Invalidation, Kind,
    Origin, Pattern, Policy, Removed, Result, ScanLimit, Scope, Shared, Stats, Tier, Written,
    coherence::{Coherence, Operation},
    engine::{Engine, Found, Place},
    flights::{Before, Ticket},
    key::{EntryKey, EntryRef},
    stamp::TagId,
};

/// A handle to a cache: cheap to clone, shared by every thread and task.
///
/// Reads and writes do not fail because of the cache: a fault is a miss, and is counted.
#[derive(Clone, Debug)]
pub struct Cache {
    pub(crate) engine: Arc<Engine>,
}

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

    /// Makes the cache an address names: `memory://` or `none://`.
    ///
    /// # Errors
    ///
    /// [`Error::Address`] for every other address.
    pub fn from_url(url: &str) -> Result<Self> {
        const HINT: &str = "unknown; write `memory://` or `none://`";
        let (scheme, rest) = url.split_once("://").unwrap_or((url, ""));
        let hint = match (scheme, rest) {
            ("memory", "") => return Ok(Self::in_memory()),
            ("none", "") => return Ok(Self::disabled()),
            ("memory" | "none", _) => "takes nothing after `://`",
            ("redis" | "rediss" | "redis-sentinel" | "redis-cluster" | "valkey" | "valkeys", _) => {
                "needs the Redis backend, which this build does not have; write `memory://` or `none://`"
            }
            // Without a scheme the whole text might be a secret.
            _ if !url.contains("://") => {
                return Err(Error::Address { scheme: String::new(), hint: HINT });
            }
            _ => HINT,
        };
        Err(Error::Address { scheme: scheme.to_owned(), hint })
    }

    /// Names an entry, to be read, loaded or set with wishes of this call.
    pub const fn entry<'a, V: CacheValue>(&'a self, kind: &'a Kind<V>, key: &'a str) -> Entry<'a, V> {
        Entry { engine: &self.engine, kind, key, wishes: Policy::NONE, tags: Vec::new() }
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

    /// Reads a fresh value from this process, at once and without allocating. Counts a hit, or nothing.
    #[must_use]
    pub fn try_get_local<V: CacheValue>(&self, kind: &Kind<V>, key: &str) -> Option<Shared<V>> {
        self.engine.local(kind, key).map(|hit| hit.value)
    }

    /// Reads a fresh value from either tier.
    pub async fn get<V: CacheValue>(&self, kind: &Kind<V>, key: &str) -> Option<Shared<V>> {
        self.entry(kind, key).get().await
    }

    /// Reads many values; one answer per key, in their order. Asks the backend once.
    pub async fn get_many<V: CacheValue, K: AsRef<str>>(
        &self,
        kind: &Kind<V>,
        keys: &[K],
    ) -> Vec<Option<Shared<V>>> {
        let mut answers: Vec<_> = keys.iter().map(|key| self.try_get_local(kind, key.as_ref())).collect();
        let missing: Vec<usize> = (0..keys.len()).filter(|at| answers[*at].is_none()).collect();
        let counters = self.engine.counters(kind);
        if self.engine.remote.is_some() && !missing.is_empty() {
            let wanted = missing.iter().map(|at| at_key(kind, keys[*at].as_ref()).to_owned()).collect();
            for (at, value) in missing.iter().zip(self.fetch_many(kind, wanted).await) {
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
        answers
    }

    async fn fetch_many<V: CacheValue>(&self, kind: &Kind<V>, keys: Vec<EntryKey>) -> Vec<Option<Shared<V>>> {
        let engine = &self.engine;
        let places: Vec<Place> = keys.iter().map(|key| engine.place(kind, key)).collect();
        let (tickets, befores): (Vec<Ticket>, Vec<Before>) =
            keys.into_iter().map(|key| engine.flights.open(key)).unzip();
        engine.listen();
        let answers = match &engine.remote {
            Some(remote) if engine.settled(Before::all(befores)).await => {
                let get = engine.ask_many(remote, &places);
                join(get, engine.learn(&[TagId::EVERYTHING])).await.0
            }
            _ => Ok(Vec::new()),
        };
        let answers = answers.inspect_err(|error| engine.backend_failed(kind, error)).unwrap_or_default();
        let mut answers = answers.into_iter();
        let found = places.iter().map(|place| match answers.next().flatten() {
            Some(bytes) => engine.open(kind, place, &bytes),
            None => Found::Nothing,
        });
        let found = engine.confirm_many(found.collect()).await;
        let terms = engine.terms(kind);
        let take = |(ticket, found)| engine.take(&ticket, found, &terms).map(|sight| sight.value);
        tickets.into_iter().zip(found).map(take).collect()
    }

    /// Stores a value in both tiers, by its kind's policy. A load that runs meanwhile stores nothing.
    pub async fn set<V: CacheValue>(&self, kind: &Kind<V>, key: &str, value: V) -> Written {
        self.entry(kind, key).set(value).await
    }

    /// Removes an entry from both tiers. A load that runs meanwhile stores nothing, and no later caller joins it.
    pub async fn delete<V: CacheValue>(&self, kind: &Kind<V>, key: &str) -> Removed {
        let (engine, kind) = (Arc::clone(&self.engine), *kind);
        let key = at_key(&kind, key).to_owned();
        let now = engine.clock.now_ms();
        let (ticket, before, slot) = engine.flights.change(key.clone(), || engine.l1.remove(&key));
        let here = slot.is_some_and(|slot| now < slot.times.dead_at);
        if engine.remote.is_none() {
            engine.announce(|| Operation::changed(&ticket.key.raw(&engine.namespace)));
            engine.deleted(&kind, ticket.key.as_str(), true);
            return Removed { existed: here, complete: true };
        }
        let erase = async move {
            let _settled = engine.settled(before).await;
            let place = engine.place(&kind, &ticket.key);
            let erased = engine.erase(&kind, &place).await;
            if erased.is_some() {
                engine.announce(|| Operation::changed(&place.raw));
            }
            engine.deleted(&kind, ticket.key.as_str(), erased.is_some());
            erased
        };
        // A task, so that a caller that goes away does not leave half a deletion.
        let there = tokio::spawn(erase).await.ok().flatten();
        Removed { existed: here || there == Some(true), complete: there.is_some() }
    }

    /// Removes the entries whose `kind:key` matches, from both tiers; `*`, `?`, `[..]` and `\` as in Redis.
    ///
    /// A pattern that cannot be read removes nothing and is not complete.
    pub async fn delete_pattern(&self, pattern: &str) -> Deleted {
        match Pattern::new(&self.engine.namespace, pattern) {
            Ok(pattern) => self.sweep(pattern).await,
            Err(_) => Deleted::new(0, false),
        }
    }

    /// Expires every entry with `tag`, in every process that shares the backend: each may still stand in for a load
    /// that fails, within its stale window. Loads that run store nothing. Takes one step, however many entries there are.
    pub async fn expire_tag(&self, tag: &str) -> Invalidated {
        self.invalidate_tag(tag, Invalidation::Expire).await
    }

    /// Removes every entry with `tag`, as [`expire_tag`](Self::expire_tag) expires them.
    pub async fn remove_tag(&self, tag: &str) -> Invalidated {
        self.invalidate_tag(tag, Invalidation::Remove).await
    }

    /// Removes every entry of this cache's namespace, in every process that shares the backend. Loads that run store
    /// nothing. Takes one step; the bytes in the backend stay until their lifetime ends.
    pub async fn clear(&self) -> Invalidated {
        self.invalidate_everything(Invalidation::Remove).await
    }

    /// Expires every entry of this cache's namespace, as [`expire_tag`](Self::expire_tag) does those of a tag.
    pub async fn expire_all(&self) -> Invalidated {
        self.invalidate_everything(Invalidation::Expire).await
    }

    async fn invalidate_tag(&self, tag: &str, how: Invalidation) -> Invalidated {
        // No entry has an empty tag.
        if tag.is_empty() {
            Invalidated { complete: true }
        } else {
            self.invalidate(TagId::of(tag), how, Scope::Tag { tag: Some(tag.into()), how }).await
        }
    }

    async fn invalidate_everything(&self, how: Invalidation) -> Invalidated {
        self.invalidate(TagId::EVERYTHING, how, Scope::Everything(how)).await
    }

    async fn invalidate(&self, tag: TagId, how: Invalidation, scope: Scope) -> Invalidated {
        let engine = Arc::clone(&self.engine);
        let begun = engine.begin(tag, how);
        let tell = async move {
            let complete = engine.tell(begun).await;
            engine.invalidated(|| scope, Origin::Here, complete);
            complete
        };
        if self.engine.remote.is_none() {
            return Invalidated { complete: tell.await };
        }
        // A task, so that a caller that goes away does not leave half of it.
        let told = tokio::spawn(tell);
        Invalidated { complete: told.await.unwrap_or(false) }
    }

    async fn sweep(&self, pattern: Pattern) -> Deleted {
        let engine = Arc::clone(&self.engine);
        let all = pattern.is_everything();
        let matches = |key: &EntryKey| all || pattern.matches(key.raw(&engine.namespace).as_str());
        let (sweep, before, here) = engine.flights.sweep(matches, || engine.l1.remove_matching(matches));
        if engine.remote.is_none() {
            engine.announce(|| Operation::Swept(pattern.as_typed().to_owned()));
            engine.invalidated(|| Scope::Pattern(pattern.as_typed().into()), Origin::Here, true);
            return Deleted::new(here, true);
        }
        let erase = {
            let engine = Arc::clone(&engine);
            async move {
                let _settled = engine.settled(before).await;
                let _sweep = sweep;
                let remote = engine.remote.as_ref()?;
                let scan = remote.backend().delete_pattern(&pattern, ScanLimit::default());
                let swept = remote.call_within(remote.sweep_budget, scan).await.ok();
                if swept.is_some() {
                    engine.announce(|| Operation::Swept(pattern.as_typed().to_owned()));
                }
                let complete = swept.is_some_and(|swept| swept.complete);
                engine.invalidated(|| Scope::Pattern(pattern.as_typed().into()), Origin::Here, complete);
                swept
            }
        };
        let there = tokio::spawn(erase).await.ok().flatten().unwrap_or_default();
        // An entry in both tiers is one key.
        Deleted::new(here.max(there.keys), there.complete)
    }

    /// Returns what happened since the cache was built, and what it holds.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            kinds: self.engine.ledger.snapshot(),
            l1_keys: self.engine.l1.keys(),
            l1_bytes: self.engine.l1.bytes(),
            l1_max_bytes: self.engine.l1.max_bytes(),
            in_flight: self.engine.flights.len(),
            events: self.engine.sink.stats(),
            bus: self.engine.coherence.as_ref().map(Coherence::stats),
        }
    }

    /// Says how the backend is, by its own word and by the last calls; asks nobody.
    #[must_use]
    pub fn health(&self) -> Health {
        self.engine.remote.as_ref().map_or(Health::Up, |remote| remote.health())
    }
}

const fn at_key<'a, V>(kind: &Kind<V>, key: &'a str) -> EntryRef<'a> {
    EntryRef { id: kind.id(), kind: kind.name(), key }
}
