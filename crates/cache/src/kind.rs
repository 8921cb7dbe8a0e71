use std::{fmt, marker::PhantomData, time::Duration};

use crate::{Abandoned, Policy};

/// A family of entries: one name, one type, one policy. Written once as a constant.
///
/// ```
/// use std::time::Duration;
///
/// use bytes::Bytes;
/// use stockpile_cache::Kind;
///
/// const PAGE: Kind<Bytes> = Kind::new("page").ttl(Duration::from_secs(60)).stale(Duration::from_secs(600));
/// ```
///
/// Two kinds of one name in one cache see each other's entries; with other types or schema numbers these are misses.
pub struct Kind<V> {
    name: &'static str,
    id: u64,
    schema: u32,
    policy: Policy,
    tags: &'static [&'static str],
    value: PhantomData<fn() -> V>,
}

impl<V> Kind<V> {
    /// Names a kind. The name is part of the stored key: changing it leaves the old entries to expire.
    ///
    /// # Panics
    ///
    /// When the name is empty; in a constant this is a compile error.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(!name.is_empty(), "a kind needs a name");
        Self { name, id: name_hash(name), schema: 0, policy: Policy::NONE, tags: &[], value: PhantomData }
    }

    /// Sets how long an entry is fresh.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.policy.ttl = Some(ttl);
        self
    }

    /// Sets how long an entry may be used after that, when a load fails or is slow.
    #[must_use]
    pub const fn stale(mut self, stale: Duration) -> Self {
        self.policy.stale = Some(stale);
        self
    }

    /// Sets the part of the time to live, 0 to 1, that may be taken off at a write.
    #[must_use]
    pub const fn jitter(mut self, part: f32) -> Self {
        self.policy.jitter = Some(part);
        self
    }

    /// Sets how long an absent value is fresh.
    #[must_use]
    pub const fn negative(mut self, ttl: Duration) -> Self {
        self.policy.negative = Some(ttl);
        self
    }

    /// Sets how long a failed load is not tried again while a stale value is at hand.
    #[must_use]
    pub const fn throttle(mut self, throttle: Duration) -> Self {
        self.policy.throttle = Some(throttle);
        self
    }

    /// Sets how long to wait for a load while a stale value is at hand.
    #[must_use]
    pub const fn soft_timeout(mut self, timeout: Duration) -> Self {
        self.policy.soft_timeout = Some(timeout);
        self
    }

    /// Sets how long to wait for a load at all.
    #[must_use]
    pub const fn hard_timeout(mut self, timeout: Duration) -> Self {
        self.policy.hard_timeout = Some(timeout);
        self
    }

    /// Sets the part of an entry's life after which a read starts the next load, without waiting for it.
    #[must_use]
    pub const fn eager(mut self, part: f32) -> Self {
        self.policy.eager = Some(part);
        self
    }

    /// Starts the next load at a time drawn by `XFetch`; see [`Policy::xfetch`].
    #[must_use]
    pub const fn xfetch(mut self, beta: f32) -> Self {
        self.policy.xfetch = Some(beta);
        self
    }

    /// Sets what becomes of a load whose callers are all gone.
    #[must_use]
    pub const fn abandoned(mut self, fate: Abandoned) -> Self {
        self.policy.abandoned = Some(fate);
        self
    }

    /// Makes processes that share the backend load one at a time, for this long at most.
    #[must_use]
    pub const fn lease(mut self, lifetime: Duration) -> Self {
        self.policy.lease = Some(lifetime);
        self
    }

    /// Tags every entry of this kind.
    #[must_use]
    pub const fn tags(mut self, tags: &'static [&'static str]) -> Self {
        self.tags = tags;
        self
    }

    /// Numbers the stored form. Raise it when `V` changes so that old bytes would decode to something wrong.
    #[must_use]
    pub const fn schema(mut self, number: u32) -> Self {
        self.schema = number;
        self
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the policy, as far as this kind sets it.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        self.policy
    }

    pub(crate) const fn own_tags(&self) -> &'static [&'static str] {
        self.tags
    }

    pub(crate) const fn id(&self) -> u64 {
        self.id
    }

    pub(crate) const fn schema_number(&self) -> u32 {
        self.schema
    }
}

// Derives would ask the same of `V`.
impl<V> Clone for Kind<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Kind<V> {}

impl<V> fmt::Debug for Kind<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kind")
            .field("name", &self.name)
            .field("schema", &self.schema)
            .field("policy", &self.policy)
            .finish()
    }
}

/// FNV-1a: a constant function, used in this process only. A collision is caught by comparing names.
pub(crate) const fn name_hash(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let (mut hash, mut at) = (0xcbf2_9ce4_8422_2325_u64, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}
