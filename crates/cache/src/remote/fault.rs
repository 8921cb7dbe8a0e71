//! What can go wrong with a backend call, sorted by what follows from it.

use crate::{Error, Result};

/// How backend calls fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// There was no connection, it broke, or the backend's code panicked.
    Unreachable,
    /// No answer came in time.
    TimedOut,
    /// The backend answered, and said no.
    Refused,
}

impl Failure {
    /// Returns a few words for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed out",
            Self::Refused => "refused",
        }
    }
}

/// Why a call gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It was not made: the breaker is open, the budget was spent, or the cache was shut down.
    NotAsked,
    /// The backend never had the operation.
    Unsupported,
    Failed(Failure),
}

impl Fault {
    pub(super) const fn of(error: &Error) -> Self {
        match error {
            Error::Unreachable { .. } => Self::Failed(Failure::Unreachable),
            Error::TimedOut { .. } => Self::Failed(Failure::TimedOut),
            Error::Unsupported { .. } => Self::Unsupported,
            Error::Refused { .. } | Error::Address { .. } | Error::Setting { .. } => {
                Self::Failed(Failure::Refused)
            }
        }
    }

    /// How the backend failed, if it was asked.
    pub(crate) const fn failure(self) -> Option<Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::NotAsked | Self::Unsupported => None,
        }
    }
}

/// What is known of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Landing {
    Landed,
    /// It was not done, and never will be.
    NotSent,
    /// The backend looked at it and did not do it.
    Refused,
    /// It may have been done, may still be, or never.
    Unsure,
}

impl Landing {
    pub(super) const fn of<T>(answer: &Result<T, Fault>) -> Self {
        match answer {
            Ok(_) => Self::Landed,
            Err(Fault::NotAsked) => Self::NotSent,
            Err(Fault::Unsupported | Fault::Failed(Failure::Refused)) => Self::Refused,
            // A connection that broke may have carried the write before it did.
            Err(Fault::Failed(Failure::Unreachable | Failure::TimedOut)) => Self::Unsure,
        }
    }
}
