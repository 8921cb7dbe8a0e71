//! A load that does not look at what is stored.

use std::sync::Arc;

use tokio::time::Instant;

use super::{CacheValue, Entry, Flight, LoadCx, LoadError, Progress, Shared, wait};
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
        let (start, terms, key) = (Instant::now(), self.terms(), self.at().to_owned());
        let (ticket, progress) = self.engine.flights.lead::<Progress<V, E>>(&key);
        let (results, pass) = (progress.subscribe(), Arc::clone(&ticket.pass));
        let (engine, kind) = (Arc::clone(self.engine), *self.kind);
        let flight = Flight { engine, kind, terms, stale: None, ticket, progress, anew: true };
        // It reads nothing, so it has nothing to wait for.
        tokio::spawn(flight.run(Before::default(), load));
        let call = wait::Call { entry: &self, terms: &terms, start, stale: None, pass, leads: true };
        match Box::pin(call.answer(results)).await {
            Some(answer) => answer.map(|(value, _)| value),
            None => Err(LoadError::Cancelled),
        }
    }
}
