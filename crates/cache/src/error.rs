mod reasons;

use std::{error::Error as StdError, time::Duration};

pub use self::reasons::{NotAsked, Refusal};
use crate::{Rejection, Unstorable};

/// What a driver or an encoder reported; boxed, so that changing the driver does not change this crate's API.
pub type Source = Box<dyn StdError + Send + Sync>;

/// A result with this crate's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a backend call failed, or why a cache could not be built.
///
/// A miss is `Ok(None)`, never an error. Callers of [`Cache`](crate::Cache) meet this type when they build one and when they
/// ask for it, by [`Cache::strict`](crate::Cache::strict): all other reads and writes swallow and count it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The backend could not be reached, dropped the connection, or serves nobody for now: it loads its data (`LOADING` of
    /// Redis), waits for its primary (`MASTERDOWN`), or misses part of its cluster (`CLUSTERDOWN`). Counts towards leaving it alone for a while.
    #[error("cache backend `{backend}` is unreachable")]
    Unreachable {
        /// Name of the backend, for logs and metrics.
        backend: &'static str,
        /// What the driver reported.
        source: Source,
    },

    /// The backend answered, and the answer was a refusal of this operation: of this key, or of writes while it is
    /// full or read-only. It is asked again all the same, and a write is known not to have been done.
    #[error("cache backend `{backend}` refused the operation: {}", why.as_str())]
    Refused {
        /// Name of the backend, for logs and metrics.
        backend: &'static str,
        /// What it said, sorted.
        why: Refusal,
        /// What the driver reported.
        source: Source,
    },

    /// The backend did not answer in time; a write may still land.
    #[error("cache backend `{backend}` did not answer within {after:?}")]
    TimedOut {
        /// Name of the backend, for logs and metrics.
        backend: &'static str,
        /// How long was waited.
        after: Duration,
    },

    /// The cache did not ask the backend.
    #[error("cache backend `{backend}` was not asked: {}", why.as_str())]
    NotAsked {
        /// Name of the backend, for logs and metrics.
        backend: &'static str,
        /// What kept it from asking.
        why: NotAsked,
    },

    /// The value must not or cannot be stored. What was there before is removed.
    #[error("the value is not stored: {}", .0.as_str())]
    Unstorable(Unstorable),

    /// The bytes under the key are not the entry that was asked for.
    #[error("the stored bytes are not the entry asked for: {}", .0.as_str())]
    Rejected(Rejection),

    /// The backend does not offer the operation.
    #[error("cache backend `{backend}` does not support `{operation}`")]
    Unsupported {
        /// Name of the backend, for logs and metrics.
        backend: &'static str,
        /// Name of the method.
        operation: &'static str,
    },

    /// The address names no backend this build knows.
    #[error("cache address with scheme `{scheme}`: {hint}")]
    Address {
        /// The part before `://`; the rest may hold a password and is not shown.
        scheme: String,
        /// What to write instead.
        hint: &'static str,
    },

    /// A setting has a value that cannot work.
    #[error("cache setting `{setting}`: {reason}")]
    Setting {
        /// Name of the builder's method.
        setting: &'static str,
        /// What is wrong, and what would be right.
        reason: &'static str,
    },
}

impl Error {
    /// Returns true when the same call may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } => true,
            Self::NotAsked { why, .. } => !matches!(why, NotAsked::ShutDown),
            Self::Refused { why, .. } => matches!(why, Refusal::Full | Refusal::Busy | Refusal::Unwell),
            _ => false,
        }
    }

    /// Returns why the backend said no, when it did.
    #[must_use]
    pub const fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused { why, .. } => Some(*why),
            _ => None,
        }
    }
}
