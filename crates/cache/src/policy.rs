use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use crate::Lifetime;

/// How long entries live and how long a caller waits. What is not set comes from the next level.
///
/// The levels are: the call, its [`Kind`](crate::Kind), the cache's defaults, and what is said below.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// How long an entry is fresh; 5 minutes. Zero: not stored. A hit just before the end, a miss at the end.
    pub ttl: Option<Duration>,
    /// How long after that it may still stand in for a load that fails or is slow; none.
    pub stale: Option<Duration>,
    /// The part of `ttl`, 0 to 1, that may be taken off at a write so that keys do not expire together; 0.
    /// The same key always loses the same part.
    pub jitter: Option<f32>,
    /// `ttl` of an absent value, see [`CacheValue::is_absent`](crate::CacheValue::is_absent); as `ttl`.
    pub negative: Option<Duration>,
    /// How long a stale value is given without trying again, after a load failed; 30 seconds.
    pub throttle: Option<Duration>,
    /// How long to wait for a load while a stale value is at hand; as `hard_timeout`. Zero: not at all.
    pub soft_timeout: Option<Duration>,
    /// How long to wait for a load at all; without end. Zero: the load is not even started.
    pub hard_timeout: Option<Duration>,
    /// The part of its life, between 0 and 1, after which a read of a fresh entry starts a load for the next one and
    /// does not wait for it; off, as is every number outside.
    pub eager: Option<f32>,
    /// Starts such a load at a time drawn by `XFetch`, the earlier the longer the last one took; usually 1. Off.
    pub xfetch: Option<f32>,
    /// What becomes of a load whose callers are all gone; it is finished.
    pub abandoned: Option<Abandoned>,
    /// For how long a process that loads keeps the others that share the backend from loading the same, which wait
    /// for its value instead; they load all the same. It should be longer than a load takes.
    pub lease: Option<Duration>,
}

/// What becomes of a load whose callers are all gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Abandoned {
    /// It goes on, and what it finds is stored for the next caller.
    #[default]
    Finish,
    /// It is dropped where it stands.
    Abort,
}

impl Policy {
    /// A policy that sets nothing.
    pub const NONE: Self = Self {
        ttl: None,
        stale: None,
        jitter: None,
        negative: None,
        throttle: None,
        soft_timeout: None,
        hard_timeout: None,
        eager: None,
        xfetch: None,
        abandoned: None,
        lease: None,
    };

    /// Starts a policy with its time to live.
    #[must_use]
    pub const fn ttl(ttl: Duration) -> Self {
        Self { ttl: Some(ttl), ..Self::NONE }
    }

    /// Sets how long an entry may be used after its time to live.
    #[must_use]
    pub const fn stale(mut self, stale: Duration) -> Self {
        self.stale = Some(stale);
        self
    }

    /// Sets the part of the time to live that may be taken off.
    #[must_use]
    pub const fn jitter(mut self, part: f32) -> Self {
        self.jitter = Some(part);
        self
    }

    /// Sets the time to live of an absent value.
    #[must_use]
    pub const fn negative(mut self, ttl: Duration) -> Self {
        self.negative = Some(ttl);
        self
    }

    /// Sets how long a failed load is not tried again while a stale value is at hand.
    #[must_use]
    pub const fn throttle(mut self, throttle: Duration) -> Self {
        self.throttle = Some(throttle);
        self
    }

    /// Sets how long to wait for a load while a stale value is at hand.
    #[must_use]
    pub const fn soft_timeout(mut self, timeout: Duration) -> Self {
        self.soft_timeout = Some(timeout);
        self
    }

    /// Sets how long to wait for a load at all.
    #[must_use]
    pub const fn hard_timeout(mut self, timeout: Duration) -> Self {
        self.hard_timeout = Some(timeout);
        self
    }

    /// Sets the part of an entry's life after which a read starts the next load.
    #[must_use]
    pub const fn eager(mut self, part: f32) -> Self {
        self.eager = Some(part);
        self
    }

    /// Sets the factor of `XFetch`.
    #[must_use]
    pub const fn xfetch(mut self, beta: f32) -> Self {
        self.xfetch = Some(beta);
        self
    }

    /// Sets what becomes of a load whose callers are all gone.
    #[must_use]
    pub const fn abandoned(mut self, fate: Abandoned) -> Self {
        self.abandoned = Some(fate);
        self
    }

    /// Makes processes that share the backend load one at a time, for this long at most.
    #[must_use]
    pub const fn lease(mut self, lifetime: Duration) -> Self {
        self.lease = Some(lifetime);
        self
    }

    /// Fills what is not set here from `below`.
    #[must_use]
    pub fn or(self, below: Self) -> Self {
        Self {
            ttl: self.ttl.or(below.ttl),
            stale: self.stale.or(below.stale),
            jitter: self.jitter.or(below.jitter),
            negative: self.negative.or(below.negative),
            throttle: self.throttle.or(below.throttle),
            soft_timeout: self.soft_timeout.or(below.soft_timeout),
            hard_timeout: self.hard_timeout.or(below.hard_timeout),
            eager: self.eager.or(below.eager),
            xfetch: self.xfetch.or(below.xfetch),
            abandoned: self.abandoned.or(below.abandoned),
            lease: self.lease.or(below.lease),
        }
    }

    pub(crate) fn resolve(self) -> Terms {
        Terms {
            ttl: self.ttl.unwrap_or(Duration::from_secs(300)),
            stale: self.stale.unwrap_or_default(),
            jitter: self.jitter.filter(|part| part.is_finite()).unwrap_or(0.0).clamp(0.0, 1.0),
            negative: self.negative,
            throttle: self.throttle.unwrap_or(Duration::from_secs(30)),
            soft_timeout: self.soft_timeout,
            hard_timeout: self.hard_timeout,
            eager: self.eager.filter(|part| *part > 0.0 && *part < 1.0),
            xfetch: self.xfetch.filter(|beta| beta.is_finite() && *beta > 0.0),
            abandoned: self.abandoned.unwrap_or_default(),
            lease: self.lease.and_then(Lifetime::new),
        }
    }
}

/// A number above 0 and up to 1; good enough to spread loads.
fn unit_random() -> f64 {
    let bits = RandomState::new().hash_one(0_u8) >> 11;
    (bits + 1) as f64 / (1_u64 << 53) as f64
}

/// A policy with nothing left open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) ttl: Duration,
    pub(crate) stale: Duration,
    pub(crate) jitter: f32,
    pub(crate) negative: Option<Duration>,
    pub(crate) throttle: Duration,
    pub(crate) soft_timeout: Option<Duration>,
    pub(crate) hard_timeout: Option<Duration>,
    pub(crate) eager: Option<f32>,
    pub(crate) xfetch: Option<f32>,
    pub(crate) abandoned: Abandoned,
    pub(crate) lease: Option<Lifetime>,
}

impl Terms {
    /// When a read starts a load for the value after this one; the end of time for never.
    pub(crate) fn refresh_at(&self, times: Times, took_ms: u16) -> u64 {
        let life = times.fresh_until.saturating_sub(times.born);
        if life >= u64::from(u32::MAX) {
            return u64::MAX;
        }
        let eager = self.eager.map(|part| times.born.saturating_add((f64::from(part) * life as f64) as u64));
        // PVLDB 8(8) 2015, 10.14778/2757807.2757813. Drawn once per process and value rather than at each read:
        // the nodes spread as much, and a hit costs nothing.
        let ahead = self.xfetch.map(|beta| f64::from(took_ms) * f64::from(beta) * -unit_random().ln());
        let xfetch = ahead.map(|ahead| times.fresh_until.saturating_sub(ahead as u64));
        eager.into_iter().chain(xfetch).min().unwrap_or(u64::MAX)
    }

    /// The terms of a value that says there is nothing.
    pub(crate) fn for_absent(mut self) -> Self {
        self.ttl = self.negative.unwrap_or(self.ttl);
        self.stale = Duration::ZERO;
        self
    }
}

/// Rounds up to whole milliseconds, so that a short lifetime does not become none.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

/// When an entry was made, stops being fresh, and is gone; milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) born: u64,
    pub(crate) fresh_until: u64,
    pub(crate) dead_at: u64,
}

impl Times {
    /// Plans the life of an entry made at `born`; `None` when it must not be stored.
    ///
    /// `spread` is a number that depends on the key only.
    pub(crate) fn plan(born: u64, now: u64, terms: &Terms, spread: u64) -> Option<Self> {
        let ttl = millis(terms.ttl);
        if ttl == 0 {
            return None;
        }
        let fresh_until = now.saturating_add(jittered(ttl, terms.jitter, spread));
        let dead_at = fresh_until.saturating_add(millis(terms.stale));
        Some(Self { born, fresh_until, dead_at })
    }

    /// The same entry, no longer fresh.
    pub(crate) fn expired(self, now: u64) -> Self {
        Self { fresh_until: self.fresh_until.min(now), ..self }
    }

    pub(crate) const fn is_fresh(&self, now: u64) -> bool {
        now < self.fresh_until
    }

    /// Returns true while the entry may stand in: the stricter of the writer's window and the reader's.
    pub(crate) fn is_usable(&self, now: u64, stale: Duration) -> bool {
        now < self.dead_at && now < self.fresh_until.saturating_add(millis(stale))
    }
}

fn jittered(ttl: u64, part: f32, spread: u64) -> u64 {
    if part <= 0.0 {
        return ttl;
    }
    // 16 bits of spread are plenty, and keep the product inside 128 bits whatever the ttl.
    let part = (f64::from(part) * 65_536.0) as u128;
    let off = (part * u128::from(spread & 0xffff) * u128::from(ttl)) >> 32;
    ttl.saturating_sub(u64::try_from(off).unwrap_or(u64::MAX)).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nearer_level_wins_and_leaves_the_rest() {
        let defaults = Policy::ttl(Duration::from_secs(9)).jitter(0.1);
        let both = Policy::ttl(Duration::from_secs(1)).or(defaults);
        assert_eq!((both.ttl, both.jitter), (Some(Duration::from_secs(1)), Some(0.1)));
    }

    #[test]
    fn zero_ttl_is_not_stored_and_an_endless_one_does_not_overflow() {
        let terms = Policy::ttl(Duration::ZERO).resolve();
        assert_eq!(Times::plan(5, 5, &terms, 0), None);
        let terms = Policy::ttl(Duration::MAX).stale(Duration::MAX).jitter(1.0).resolve();
        let times = Times::plan(u64::MAX, u64::MAX, &terms, u64::MAX).unwrap();
        assert_eq!(times.dead_at, u64::MAX);
    }

    proptest! {
        #[test]
        fn jitter_stays_in_bounds_and_leaves_something(ttl in 1..u64::MAX, part in -1.0f32..2.0, spread: u64) {
            let policy = Policy::ttl(Duration::from_millis(ttl)).jitter(part);
            let left = jittered(ttl, policy.resolve().jitter, spread);
            prop_assert!(left >= 1 && left <= ttl);
            let least = ttl as f64 * (1.0 - f64::from(part.clamp(0.0, 1.0)));
            prop_assert!(left as f64 >= least * 0.999 - 1.0);
        }
    }
}
