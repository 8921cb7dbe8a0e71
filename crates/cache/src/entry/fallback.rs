//! A load that cannot fail its caller.

use super::{Answered, CacheValue, Codec, Entry, EntryWithOutcome, LoadCx, Outcome, Shared};

impl<V: CacheValue> Entry<'_, V> {
    /// As [`get_or_load`](Self::get_or_load), with a value of the caller's own for when the load gives none and no stale
    /// value is at hand. It is given and never stored: the next call tries again. What went wrong is counted and told as
    /// always.
    ///
    /// # Panics
    ///
    /// As [`get_or_load`](Self::get_or_load).
    pub async fn get_or_load_or<E, F, Fut>(self, default: V, load: F) -> Shared<V>
    where
        E: Send + Sync + 'static,
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        self.with_outcome().get_or_load_or(default, load).await.0
    }
}

impl<V: CacheValue> EntryWithOutcome<'_, V> {
    /// As [`Entry::get_or_load_or`]; the outcome of the default is [`Answer::Default`](crate::Answer::Default).
    pub async fn get_or_load_or<E, F, Fut>(self, default: V, load: F) -> Answered<V>
    where
        E: Send + Sync + 'static,
        F: FnOnce(LoadCx<V>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        let loaded = self.get_or_load(load).await;
        loaded.unwrap_or_else(|_| (V::Codec::share(default), Outcome::of_default()))
    }
}
