use std::{fmt, time::Duration};

use crate::{
    Cache, CacheValue, Deleted, Entry, Error, Invalidated, Invalidation, Kind, Policy, Removed, Result,
    Shared, Written,
};

/// A cache whose calls say how the backend failed, for administration and for tests. Made by [`Cache::strict`].
///
/// The calls do what those of [`Cache`] do, to the same keys and with the same bytes: both tiers, the copies of other
/// nodes, running loads, what is kept for later. Only what they answer is different. An error does not take anything
/// back: a change that could not be sent is still kept, and sent when the backend answers again. See
/// [`guide::strict`](crate::guide::strict).
#[derive(Clone, Copy, Debug)]
pub struct Strict<'a> {
    cache: &'a Cache,
}

/// One entry of a [`Strict`] cache, and how this call wants it.
#[must_use = "nothing is read before one of the last calls"]
pub struct StrictEntry<'a, V: CacheValue>(Entry<'a, V>);

impl<'a> Strict<'a> {
    pub(crate) const fn of(cache: &'a Cache) -> Self {
        Self { cache }
    }

    /// Asks the backend whether it answers, also while it is left alone, which this does not end. Without a backend, all
    /// is well.
    ///
    /// # Errors
    ///
    /// What the backend reports, or [`Error::NotAsked`] once the cache was shut down.
    pub async fn ping(&self) -> Result<()> {
        match &self.cache.engine.remote {
            Some(remote) => remote.ping().await,
            None => Ok(()),
        }
    }

    /// Names an entry, to be read or set with wishes of this call.
    pub fn entry<V: CacheValue>(&self, kind: &'a Kind<V>, key: &'a str) -> StrictEntry<'a, V> {
        StrictEntry(self.cache.entry(kind, key))
    }

    /// Reads a fresh value from either tier. One that is in this process asks nobody.
    ///
    /// # Errors
    ///
    /// As [`StrictEntry::get`].
    pub async fn get<V: CacheValue>(&self, kind: &Kind<V>, key: &str) -> Result<Option<Shared<V>>> {
        StrictEntry(self.cache.entry(kind, key)).get().await
    }

    /// Reads many values; one answer per key, in their order. Asks the backend once.
    ///
    /// # Errors
    ///
    /// As [`StrictEntry::get`], the first there is. A key that holds something else than bytes may be a miss here.
    pub async fn get_many<V: CacheValue, K: AsRef<str>>(
        &self,
        kind: &Kind<V>,
        keys: &[K],
    ) -> Result<Vec<Option<Shared<V>>>> {
        told(self.cache.get_many_and_tell(kind, keys).await)
    }

    /// Stores a value in both tiers, by its kind's policy.
    ///
    /// # Errors
    ///
    /// As [`StrictEntry::set`].
    pub async fn set<V: CacheValue>(&self, kind: &Kind<V>, key: &str, value: V) -> Result<Written> {
        StrictEntry(self.cache.entry(kind, key)).set(value).await
    }

    /// Removes an entry from both tiers.
    ///
    /// # Errors
    ///
    /// What the backend reports, or [`Error::NotAsked`].
    pub async fn delete<V: CacheValue>(&self, kind: &Kind<V>, key: &str) -> Result<Removed> {
        told(self.cache.delete_and_tell(kind, key).await)
    }

    /// Removes the entries whose `kind:key` matches. `complete` is false when a limit stopped it.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] for a pattern that cannot be read, what the backend reports, or [`Error::NotAsked`].
    pub async fn delete_pattern(&self, pattern: &str) -> Result<Deleted> {
        told(self.cache.delete_pattern_and_tell(pattern).await)
    }

    /// Expires every entry with `tag`.
    ///
    /// # Errors
    ///
    /// What the backend reports, or [`Error::NotAsked`].
    pub async fn expire_tag(&self, tag: &str) -> Result<Invalidated> {
        told(self.cache.invalidate_tag(tag, Invalidation::Expire).await)
    }

    /// Removes every entry with `tag`.
    ///
    /// # Errors
    ///
    /// What the backend reports, or [`Error::NotAsked`].
    pub async fn remove_tag(&self, tag: &str) -> Result<Invalidated> {
        told(self.cache.invalidate_tag(tag, Invalidation::Remove).await)
    }

    /// Removes every entry of the namespace.
    ///
    /// # Errors
    ///
    /// What the backend reports, or [`Error::NotAsked`].
    pub async fn clear(&self) -> Result<Invalidated> {
        told(self.cache.invalidate_everything(Invalidation::Remove).await)
    }

    /// Expires every entry of the namespace.
    ///
    /// # Errors
    ///
    /// What the backend reports, or [`Error::NotAsked`].
    pub async fn expire_all(&self) -> Result<Invalidated> {
        told(self.cache.invalidate_everything(Invalidation::Expire).await)
    }
}

impl<V: CacheValue> StrictEntry<'_, V> {
    /// Sets how long a value stored by this call is fresh.
    pub fn ttl(self, ttl: Duration) -> Self {
        Self(self.0.ttl(ttl))
    }

    /// Tags what this call stores.
    pub fn tags<I, T>(self, tags: I) -> Self
    where
        I: IntoIterator<Item = T>,
        T: AsRef<str>,
    {
        Self(self.0.tags(tags))
    }

    /// Puts `policy` over the kind's; what it leaves open stays as it was.
    pub fn policy(self, policy: Policy) -> Self {
        Self(self.0.policy(policy))
    }

    /// Reads a fresh value from either tier. One that is in this process asks nobody.
    ///
    /// # Errors
    ///
    /// What the backend reports, [`Error::NotAsked`], [`Error::Rejected`] when there are bytes that are not this entry,
    /// or [`Error::Unstorable`] for a key that is too long to be stored under.
    pub async fn get(self) -> Result<Option<Shared<V>>> {
        if let Some(value) = self.0.try_get_local() {
            return Ok(Some(value));
        }
        let found = Box::pin(self.0.fetch()).await?;
        Ok(found.map(|(value, _)| value))
    }

    /// Stores a value in both tiers. With a lifetime of zero it stores nothing, and says so in its answer.
    ///
    /// # Errors
    ///
    /// What the backend reports, [`Error::NotAsked`], or [`Error::Unstorable`].
    pub async fn set(self, value: V) -> Result<Written> {
        told(self.0.set_and_tell(value).await)
    }
}

fn told<T>((done, error): (T, Option<Error>)) -> Result<T> {
    error.map_or(Ok(done), Err)
}

impl<V: CacheValue> fmt::Debug for StrictEntry<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StrictEntry").field(&self.0).finish()
    }
}
