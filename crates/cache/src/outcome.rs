use std::{sync::Arc, time::Duration};

use crate::{Shared, policy::Times};

/// Which tier answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// This process.
    L1,
    /// The backend.
    L2,
}

impl Tier {
    /// Returns `l1` or `l2`, for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::L1 => "l1",
            Self::L2 => "l2",
        }
    }
}

/// Where an answer came from and how old it is; enough for `Age`, `Cache-Control` and `X-Cache` of a response.
///
/// ```
/// use std::time::Duration;
///
/// use bytes::Bytes;
/// use stockpile_cache::{Cache, Kind, LoadError};
///
/// const DAILY: Kind<Bytes> = Kind::new("daily").ttl(Duration::from_secs(86_400)).stale(Duration::from_secs(3600));
///
/// # #[derive(Debug)] struct StoreError;
/// # #[derive(Clone)] struct Store;
/// # impl Store { async fn daily(&self, _: &str) -> Result<(Bytes, bool), StoreError> { Ok((Bytes::new(), true)) } }
/// type Response = (Bytes, [(&'static str, String); 3]);
///
/// async fn daily(cache: &Cache, store: &Store, code: String) -> Result<Response, LoadError<StoreError>> {
///     let (store, key) = (store.clone(), format!("{code}:json"));
///     let entry = cache.entry(&DAILY, &key).hard_timeout(Duration::from_secs(5)).with_outcome();
///     let load = |cx: stockpile_cache::LoadCx<Bytes>| async move {
///         let (body, has_today) = store.daily(&code).await?;
///         if has_today {
///             cx.set_ttl(Duration::from_secs(60));
///         }
///         Ok(body)
///     };
///     let (body, outcome) = entry.get_or_load(load).await?;
///     let headers = [
///         ("Age", outcome.age.as_secs().to_string()),
///         ("Cache-Control", format!("max-age={}", outcome.lifetime().as_secs())),
///         ("X-Cache", outcome.label().to_owned()),
///     ];
///     Ok((body, headers))
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Where the answer came from.
    pub answer: Answer,
    /// How long ago the value was made.
    pub age: Duration,
    /// How long it stays fresh; zero for a stale value and for one that is not stored.
    pub fresh_for: Duration,
    /// How long it may still be used, stale or not; never less than `fresh_for`.
    pub usable_for: Duration,
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// A fresh entry.
    Fresh {
        /// Where it was.
        tier: Tier,
    },
    /// An entry past its time, in place of a load.
    Stale {
        /// Where it was.
        tier: Tier,
        /// What kept the load from answering.
        why: Why,
    },
    /// The loader, called for this caller.
    Loaded {
        /// How long the loader took.
        took: Duration,
        /// Whether the value was stored: not with a zero lifetime, nor when the entry was changed meanwhile.
        stored: bool,
    },
    /// The loader, called for another caller of the same key.
    Joined,
    /// The caller's own default, in place of a load that gave nothing: see
    /// [`Entry::get_or_load_or`](crate::Entry::get_or_load_or).
    Default,
}

/// Why a stale value was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The loader returned an error or panicked, now or within the throttle time.
    LoaderFailed,
    /// The loader runs longer than the soft timeout; it goes on.
    SoftTimeout,
    /// The loader runs longer than the hard timeout, now or within the throttle time; it goes on.
    HardTimeout,
    /// Too many loads run already.
    Overloaded,
    /// The call loads nothing: see [`Entry::get_or_stale`](crate::Entry::get_or_stale).
    NotLoaded,
}

impl Outcome {
    pub(crate) fn new(answer: Answer, times: Times, now: u64) -> Self {
        let until = |then: u64| Duration::from_millis(then.saturating_sub(now));
        Self {
            answer,
            age: Duration::from_millis(now.saturating_sub(times.born)),
            fresh_for: until(times.fresh_until),
            usable_for: until(times.dead_at),
        }
    }

    /// Of a value that was never stored and never will be.
    pub(crate) const fn of_default() -> Self {
        let (age, fresh_for, usable_for) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        Self { answer: Answer::Default, age, fresh_for, usable_for }
    }

    /// Returns the tier that answered; `None` when none did.
    #[must_use]
    pub const fn tier(&self) -> Option<Tier> {
        match self.answer {
            Answer::Fresh { tier } | Answer::Stale { tier, .. } => Some(tier),
            Answer::Loaded { .. } | Answer::Joined | Answer::Default => None,
        }
    }

    /// Returns `hit`, `stale` or `miss`, as an `X-Cache` header says it.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self.answer {
            Answer::Fresh { .. } => "hit",
            Answer::Stale { .. } => "stale",
            Answer::Loaded { .. } | Answer::Joined | Answer::Default => "miss",
        }
    }

    /// Returns the whole freshness lifetime, from birth.
    ///
    /// HTTP takes `Age` off `max-age`: send this one with an `Age`, or [`fresh_for`](Self::fresh_for) without.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        if self.fresh_for.is_zero() { Duration::ZERO } else { self.age.saturating_add(self.fresh_for) }
    }
}

/// What a load gives its callers: the value, shared, or why there is none.
pub type LoadResult<V, E> = Result<Shared<V>, LoadError<E>>;

/// Why [`get_or_load`](crate::Entry::get_or_load) has no value.
///
/// The cache itself is never the reason.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// The loader returned an error; all callers that waited for it share it.
    #[error("the loader failed")]
    Loader(#[source] Arc<E>),
    /// The loader did not answer in time. It goes on, and what it finds is stored.
    #[error("the loader did not answer within {0:?}")]
    Timeout(Duration),
    /// The loader panicked with this message.
    #[error("the loader panicked: {0}")]
    Panicked(Arc<str>),
    /// Too many loads run already; this one was not started.
    #[error("too many loads are running")]
    Overloaded,
    /// The runtime that ran the loader was shut down.
    #[error("the loader was cancelled")]
    Cancelled,
}

// A derive would ask the same of `E`.
impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Loader(error) => Self::Loader(Arc::clone(error)),
            Self::Timeout(after) => Self::Timeout(*after),
            Self::Panicked(message) => Self::Panicked(Arc::clone(message)),
            Self::Overloaded => Self::Overloaded,
            Self::Cancelled => Self::Cancelled,
        }
    }
}

impl<E> LoadError<E> {
    /// Returns the loader's own error, when that is what it is.
    #[must_use]
    pub fn loader(&self) -> Option<&E> {
        match self {
            Self::Loader(error) => Some(error),
            _ => None,
        }
    }

    pub(crate) const fn why(&self) -> Why {
        match self {
            Self::Timeout(_) => Why::HardTimeout,
            Self::Overloaded => Why::Overloaded,
            Self::Loader(_) | Self::Panicked(_) | Self::Cancelled => Why::LoaderFailed,
        }
    }
}

/// What a write did in one tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stored {
    /// The tier took the value.
    Stored,
    /// There is no such tier, or the value must not be stored: zero lifetime, or it cannot be encoded.
    Skipped,
    /// The backend could not take it now: it, or what comes after it, is sent when the backend answers again. Until
    /// then this process does not believe what the backend says about the key.
    Queued,
    /// The backend refused the value: it must do without, and what it had is removed. Or the cache was shut down.
    Failed,
}

/// What a [`set`](crate::Cache::set) did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// In this process.
    pub l1: Stored,
    /// In the backend.
    pub l2: Stored,
}

/// What a [`delete`](crate::Cache::delete) did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removed {
    /// Whether there was an entry, in any tier.
    pub existed: bool,
    /// Whether it is gone everywhere: false when the backend failed or was too slow, and when an older write without
    /// an answer might still bring it back.
    pub complete: bool,
    /// Whether the deletion will be sent again. Until then this process does not believe what the backend says about
    /// the key.
    pub queued: bool,
}

/// What an invalidation by tag, or of everything, did. In this process it is done at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invalidated {
    /// Whether every other process will know: false when the backend failed or was too slow.
    pub complete: bool,
    /// Whether the backend will be told again.
    pub queued: bool,
}
