use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use tokio::{runtime::Handle, time::Instant};

use crate::{
    CacheValue, Entry, Kind, LoadError, Policy, Shared,
    engine::Engine,
    entry::{Asked, CallTags, Look},
    flights::{Before, Seat},
    load::{Batch, Flight, Progress, Purpose},
    policy::Terms,
    stamp::TagId,
};

/// Entries of one kind, and how this call wants them. Made by [`Cache::entries`](crate::Cache::entries).
#[must_use = "nothing is read before the last call"]
pub struct Entries<'a, V: CacheValue> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) kind: &'a Kind<V>,
    pub(crate) keys: Vec<&'a str>,
    pub(crate) wishes: Policy,
    pub(crate) tags: Vec<TagId>,
}

/// One answer of [`Entries::get_or_load_many`]: `None` when the loader had no value for the key.
pub type OneOfMany<V, E> = Result<Option<Shared<V>>, LoadError<E>>;

impl<'a, V: CacheValue> Entries<'a, V> {
    /// Sets how long values stored by this call are fresh.
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.wishes.ttl = Some(ttl);
        self
    }

    /// Puts `policy` over the kind's; what it leaves open stays as it was.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.wishes = policy.or(self.wishes);
        self
    }

    /// Tags what this call stores. An empty tag is none.
    pub fn tags<I, T>(mut self, tags: I) -> Self
    where
        I: IntoIterator<Item = T>,
        T: AsRef<str>,
    {
        let tags = tags.into_iter().filter(|tag| !tag.as_ref().is_empty());
        self.tags.extend(tags.map(|tag| TagId::of(tag.as_ref())));
        self
    }

    /// Reads the values; one answer per key, in their order. The backend is asked once for what is not in this
    /// process, and `load` is called at most once, with the keys nobody else is loading.
    ///
    /// Keys whose next value is due (`eager`, `xfetch`) are answered at once, and loaded with the others or by themselves.
    ///
    /// The loader gives the values it has, in any order. A key it gives none for is not stored. Each key by itself
    /// may be answered with a stale value while the load fails or is slow.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with its timer, unless every value is in this process.
    pub async fn get_or_load_many<E, F, Fut>(self, load: F) -> Vec<OneOfMany<V, E>>
    where
        E: Send + Sync + 'static,
        F: FnOnce(Vec<String>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Vec<(String, V)>, E>> + Send + 'static,
    {
        let (mut answers, mut due) = (Vec::with_capacity(self.keys.len()), Vec::new());
        for key in &self.keys {
            let hit = self.engine.local(self.kind, key);
            if hit.as_ref().is_some_and(|hit| hit.is_due) {
                due.push(*key);
            }
            answers.push(hit.map(|hit| Ok(Some(hit.value))));
        }
        if answers.iter().any(Option::is_none) || !due.is_empty() {
            Box::pin(self.load(&mut answers, due, load)).await;
        }
        answers.into_iter().map(|answer| answer.unwrap_or(Ok(None))).collect()
    }

    fn entry(&self, key: &'a str) -> Entry<'a, V> {
        let tags = CallTags::from_slice(&self.tags);
        Entry { engine: self.engine, kind: self.kind, key, wishes: Some(self.wishes), tags }
    }

    /// A load for the value after a fresh one, unless one runs.
    fn early<E: Send + Sync + 'static>(
        &self,
        key: &'a str,
        terms: &Terms,
        tags: &[TagId],
    ) -> Option<(Flight<V, E>, Before)> {
        let key = self.entry(key).at().to_owned();
        let (seat, _, _) = self.engine.flights.join_or_lead::<Progress<V, E>>(&key, tags);
        let Seat::Lead(ticket, progress, before) = seat else { return None };
        // Only now: the value may have been replaced before the seat was taken.
        let stale = self.entry(key.as_str()).due(terms, self.engine.clock.now_ms())?;
        let (engine, kind, terms, tags) = (Arc::clone(self.engine), *self.kind, *terms, tags.to_vec());
        let (stale, purpose) = (Some(stale), Purpose::Early);
        Some((Flight { engine, kind, terms, tags, stale, purpose, ticket, progress }, before))
    }

    async fn load<E, F, Fut>(&self, answers: &mut [Option<OneOfMany<V, E>>], mut due: Vec<&'a str>, load: F)
    where
        E: Send + Sync + 'static,
        F: FnOnce(Vec<String>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Vec<(String, V)>, E>> + Send + 'static,
    {
        let _counters = self.engine.counters(self.kind);
        self.engine.listen();
        let (start, terms, tags) = (Instant::now(), self.entry("").terms(), self.entry("").all_tags());
        // The same key twice is one key.
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, key) in self.keys.iter().enumerate().filter(|(at, _)| answers[*at].is_none()) {
            places.entry(key).or_default().push(at);
        }
        let (mut flights, mut befores, mut waits) = (Vec::new(), Vec::new(), Vec::new());
        for (key, places) in places {
            let entry = self.entry(key);
            if terms.hard_timeout == Some(Duration::ZERO) {
                let answer = entry.without_load(&terms, LoadError::Timeout(Duration::ZERO));
                let answer = answer.map(|(value, _)| Some(value));
                places.iter().for_each(|at| answers[*at] = Some(answer.clone()));
                continue;
            }
            let (seat, progress, waiting) =
                self.engine.flights.join_or_lead::<Progress<V, E>>(&entry.at().to_owned(), &tags);
            let (stale, purpose) = match entry.look(&terms) {
                Look::Ready((value, _)) => {
                    places.iter().for_each(|at| answers[*at] = Some(Ok(Some(value.clone()))));
                    continue;
                }
                Look::Stale(stale, purpose) => (Some(stale), purpose),
                Look::Nothing => (None, Purpose::Missing),
            };
            let leads = matches!(seat, Seat::Lead(..));
            if let Seat::Lead(ticket, progress, before) = seat {
                let (engine, kind, tags, stale) =
                    (Arc::clone(self.engine), *self.kind, tags.clone(), stale.clone());
                flights.push(Flight { engine, kind, terms, tags, stale, purpose, ticket, progress });
                befores.push(before);
            } else {
                self.engine.counters(self.kind).join();
            }
            waits.push((entry, places, progress, stale, waiting, leads));
        }
        due.sort_unstable();
        due.dedup();
        for (flight, before) in due.into_iter().filter_map(|key| self.early(key, &terms, &tags)) {
            flights.push(flight);
            befores.push(before);
        }
        if let (false, Ok(runtime)) = (flights.is_empty(), Handle::try_current()) {
            let batch = Batch { engine: Arc::clone(self.engine), kind: *self.kind, tags, flights };
            runtime.spawn(batch.run(Before::all(befores), load));
        }
        for (entry, places, progress, stale, waiting, leads) in waits {
            let asked = Asked { entry: &entry, terms: &terms, start, stale, waiting, leads };
            let answer = match asked.answer(progress.clone()).await {
                Some(answer) => answer.map(|(value, _)| Some(value)),
                None => {
                    self.engine.counters(self.kind).miss();
                    if progress.borrow().is_absent { Ok(None) } else { Err(LoadError::Cancelled) }
                }
            };
            places.iter().for_each(|at| answers[*at] = Some(answer.clone()));
        }
    }
}

impl<V: CacheValue> fmt::Debug for Entries<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries")
            .field("kind", &self.kind.name())
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
