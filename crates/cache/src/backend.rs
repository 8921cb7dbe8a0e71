mod generation;
mod lease;
mod memory;
mod noop;
#[cfg(feature = "redis")]
pub(crate) mod redis;
mod scan;
mod server;

use std::{fmt::Debug, num::NonZeroU64, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

pub use self::{
    generation::{Generation, Invalidation, Seeded},
    lease::Lease,
    memory::MemoryBackend,
    noop::NoopBackend,
    scan::{Page, StoredKey},
    server::ServerInfo,
};
use crate::{Error, Pattern, RawKey, Result, ScanLimit};

/// A store of bytes behind a cache.
///
/// A backend keeps bytes for a lifetime and knows nothing else: staleness, single flight, timeouts and counting
/// belong to [`Cache`](crate::Cache). The first six methods make a backend; the others are built from them and
/// are worth writing when the store can do better. `testkit` holds the promises every backend must keep.
#[async_trait]
pub trait Backend: Debug + Send + Sync + 'static {
    /// Returns a short name for logs and metrics.
    fn name(&self) -> &'static str;

    /// Says what this backend keeps and can do.
    fn capabilities(&self) -> Capabilities;

    /// Reads the bytes under `key`, or `None` when there are none or their lifetime is over. A key that holds something
    /// else than bytes may be refused as [`Refusal::WrongType`](crate::Refusal::WrongType): the cache takes it for a miss.
    async fn get(&self, key: &RawKey) -> Result<Option<Bytes>>;

    /// Stores `value` for `lifetime`, replacing value and lifetime of what was there.
    async fn set(&self, key: &RawKey, value: Bytes, lifetime: Lifetime) -> Result<()>;

    /// Removes `key`; true when there was something to remove.
    async fn delete(&self, key: &RawKey) -> Result<bool>;

    /// Says how the backend is, from what it already knows; asks nobody.
    fn health(&self) -> Health;

    /// Reads many keys; one answer per key, in their order.
    async fn get_many(&self, keys: &[RawKey]) -> Result<Vec<Option<Bytes>>> {
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            found.push(self.get(key).await?);
        }
        Ok(found)
    }

    /// Stores many values. On an error some may have been stored.
    async fn set_many(&self, items: &[(RawKey, Bytes, Lifetime)]) -> Result<()> {
        for (key, value, lifetime) in items {
            self.set(key, value.clone(), *lifetime).await?;
        }
        Ok(())
    }

    /// Removes many keys; says how many there were. On an error some may have been removed.
    async fn delete_many(&self, keys: &[RawKey]) -> Result<u64> {
        let mut deleted = 0;
        for key in keys {
            deleted += u64::from(self.delete(key).await?);
        }
        Ok(deleted)
    }

    /// Removes the keys that match, up to `limit`.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] unless the backend has its own way.
    async fn delete_pattern(&self, _pattern: &Pattern, _limit: ScanLimit) -> Result<Deleted> {
        Err(Error::Unsupported { backend: self.name(), operation: "delete_pattern" })
    }

    /// Lists some of the keys that match, from `cursor` on; `None` starts. A page may hold fewer keys than asked
    /// for, and a key may come twice.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] unless the backend has its own way.
    async fn scan(&self, _pattern: &Pattern, _cursor: Option<&str>, _limit: usize) -> Result<Page> {
        Err(Error::Unsupported { backend: self.name(), operation: "scan" })
    }

    /// Tells of one key what [`scan`](Self::scan) tells of each; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] unless the backend has its own way.
    async fn stored_key(&self, _key: &RawKey) -> Result<Option<StoredKey>> {
        Err(Error::Unsupported { backend: self.name(), operation: "stored_key" })
    }

    /// Says how full the server behind it is; `None` when there is none, or it does not tell this user.
    async fn server_info(&self) -> Result<Option<ServerInfo>> {
        Ok(None)
    }

    /// Asks whether the backend answers at all.
    async fn ping(&self) -> Result<()> {
        self.get(&RawKey::reserved("ping")).await.map(drop)
    }

    /// Reads generation counters; one answer per counter, in their order, `None` for one that is missing.
    async fn generations(&self, counters: &[RawKey]) -> Result<Vec<Option<Generation>>> {
        let texts = self.get_many(counters).await?;
        Ok(texts.iter().map(|text| Generation::parse(text.as_ref()?)).collect())
    }

    /// Reads a generation counter, and makes it when it is missing.
    ///
    /// The default reads and writes one after the other, by the clock of this machine: good for a store that no
    /// two processes write. A store that is shared must do it in one step and by one clock, its own.
    async fn seed_generation(&self, counter: &RawKey) -> Result<Seeded> {
        let now = generation::machine_micros();
        if let Some(generation) =
            self.generations(std::slice::from_ref(counter)).await?.into_iter().flatten().next()
        {
            return Ok(Seeded { generation, created: false, now });
        }
        let generation = Generation::first(now);
        self.set(counter, generation.to_bytes(), Generation::LIFETIME).await?;
        Ok(Seeded { generation, created: true, now })
    }

    /// Raises a generation counter, which invalidates every entry that was made under an earlier value, and gives
    /// the new value. It is one the counter never had.
    ///
    /// The default is subject to what is said at [`seed_generation`](Self::seed_generation).
    async fn bump_generation(&self, counter: &RawKey, how: Invalidation) -> Result<Generation> {
        let before = self.generations(std::slice::from_ref(counter)).await?.into_iter().flatten().next();
        let generation = Generation::after(before, generation::machine_micros(), how);
        self.set(counter, generation.to_bytes(), Generation::LIFETIME).await?;
        Ok(generation)
    }

    /// Takes the lease named `key` unless somebody holds it.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] unless the backend has its own way.
    async fn try_lease(&self, _key: &RawKey, _lifetime: Lifetime) -> Result<Option<Lease>> {
        Err(Error::Unsupported { backend: self.name(), operation: "try_lease" })
    }

    /// Gives a lease back; does nothing when it has passed to another.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] unless the backend has its own way.
    async fn release(&self, _lease: &Lease) -> Result<()> {
        Err(Error::Unsupported { backend: self.name(), operation: "release" })
    }
}

/// How long a backend keeps a value: whole milliseconds, never zero.
///
/// Rounded up, because stores refuse a lifetime of zero. Never more than 49.7 days, so no key stays for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifetime(NonZeroU64);

impl Lifetime {
    /// The longest one.
    pub const MAX: Self = Self(NonZeroU64::MIN.saturating_add(u32::MAX as u64 - 1));

    /// Makes a lifetime, or `None` from a zero duration.
    #[must_use]
    pub fn new(duration: Duration) -> Option<Self> {
        let millis = u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        Self::from_millis(millis)
    }

    pub(crate) fn from_millis(millis: u64) -> Option<Self> {
        NonZeroU64::new(millis).map(|millis| Self(millis).min(Self::MAX))
    }

    /// Returns the milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0.get()
    }
}

/// What a backend keeps and can do, so that callers and the conformance suite know what to expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// What happens to a value that was set.
    pub retention: Retention,
    /// Whether [`Backend::delete_pattern`], [`Backend::scan`] and [`Backend::stored_key`] work.
    pub patterns: bool,
    /// Whether [`Backend::try_lease`] works.
    pub leases: bool,
}

impl Capabilities {
    /// Values are kept until their lifetime ends; nothing else is offered.
    #[must_use]
    pub const fn keeping() -> Self {
        Self { retention: Retention::UntilExpiry, patterns: false, leases: false }
    }

    /// Nothing is kept.
    #[must_use]
    pub const fn keeping_nothing() -> Self {
        Self { retention: Retention::Nothing, patterns: false, leases: false }
    }

    /// Adds deletion and listing by pattern.
    #[must_use]
    pub const fn with_patterns(mut self) -> Self {
        self.patterns = true;
        self
    }

    /// Adds leases.
    #[must_use]
    pub const fn with_leases(mut self) -> Self {
        self.leases = true;
        self
    }
}

/// What happens to a value that was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retention {
    /// It can be read until its lifetime ends, unless room was needed.
    UntilExpiry,
    /// It is gone at once; every read is a miss.
    Nothing,
}

/// How a cache or its backend is. Even [`Health::Down`] fails no read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Health {
    /// It works.
    Up,
    /// Some calls fail, or the last ones did.
    Degraded,
    /// It cannot be reached.
    Down,
}

/// What a deletion by pattern did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deleted {
    /// How many keys were removed. Of a cache at least: an entry in both tiers is one key, so it is the larger of two counts.
    pub keys: u64,
    /// Whether nothing that matched is left: false when a limit, a fault or a missing ability stopped it.
    pub complete: bool,
    /// Whether the cache will repeat it, and until then does not believe what the backend says about these keys.
    /// Never set by a backend.
    pub queued: bool,
}

impl Deleted {
    /// Makes the answer.
    #[must_use]
    pub const fn new(keys: u64, complete: bool) -> Self {
        Self { keys, complete, queued: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetime_is_rounded_up_and_never_zero_nor_endless() {
        assert_eq!(Lifetime::new(Duration::ZERO), None);
        assert_eq!(Lifetime::new(Duration::from_nanos(1)).unwrap().as_millis(), 1);
        assert_eq!(Lifetime::new(Duration::from_micros(1500)).unwrap().as_millis(), 2);
        assert_eq!(Lifetime::new(Duration::MAX), Some(Lifetime::MAX));
        assert_eq!(Lifetime::MAX.as_millis(), u64::from(u32::MAX));
    }
}
