//! A load that does not look at what is stored.

use std::sync::Arc;

use tokio::time::Instant;

use super::{CacheValue, Entry, Flight, LoadCx, LoadError, Progress, Purpose, Shared, as_loaded, wait};
use crate::flights::Before;

impl<V: CacheValue> Entry<'_, V> {
    /// Calls `load` whatever is stored, and stores what it gives. Counts a miss.
    ///
    /// Until the value is there other callers get what is stored; those who find nothing wait for this load. A load
    /// that began earlier and ends later stores nothing. A failed refresh leaves what is stored as it is, and gives
    /// its error.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the loader gave no value in time.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with its timer.
    pub async fn refresh<E, F, Fut>(self, load: F) -> Result<Shared<V>, LoadError<E>>
    where
        E: Send + Sync + 'static,
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        let (start, terms, key, tags) = (Instant::now(), self.terms(), self.at().to_owned(), self.all_tags());
        let _counters = self.engine.counters(self.kind);
        self.engine.listen();
        let (ticket, progress, waiting) = self.engine.flights.lead::<Progress<V, E>>(&key, &tags);
        let results = progress.subscribe();
        let flight = Flight {
            engine: Arc::clone(self.engine),
            kind: *self.kind,
            terms,
            tags,
            stale: None,
            purpose: Purpose::Anew,
            ticket,
            progress,
        };
        // It reads nothing, so it has nothing to wait for.
        tokio::spawn(flight.run(Before::default(), as_loaded(load)));
        let asked = wait::Asked { entry: &self, terms: &terms, start, stale: None, waiting, leads: true };
        match Box::pin(asked.answer(results)).await {
            Some(answer) => answer.map(|(value, _)| value),
            None => Err(LoadError::Cancelled),
        }
    }
}
