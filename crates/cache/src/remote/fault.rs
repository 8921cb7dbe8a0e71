//! What can go wrong with a backend call, sorted by what follows from it.

use crate::{Error, Refusal, Result};

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

    /// How the backend failed; `None` when it was not asked, or never had the operation.
    pub(crate) const fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Unreachable { .. } => Some(Self::Unreachable),
            Error::TimedOut { .. } => Some(Self::TimedOut),
            Error::NotAsked { .. } | Error::Unsupported { .. } => None,
            Error::Refused { .. }
            | Error::Unstorable(_)
            | Error::Rejected(_)
            | Error::Address { .. }
            | Error::Setting { .. } => Some(Self::Refused),
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
    pub(super) const fn of<T>(answer: &Result<T>) -> Self {
        let Err(error) = answer else { return Self::Landed };
        match (error, Failure::of(error)) {
            // A server that is busy did not look at it, and is to be asked again.
            (Error::NotAsked { .. } | Error::Refused { why: Refusal::Busy, .. }, _) => Self::NotSent,
            // A connection that broke may have carried the write before it did.
            (_, Some(Failure::Unreachable | Failure::TimedOut)) => Self::Unsure,
            (_, Some(Failure::Refused) | None) => Self::Refused,
        }
    }
}
