use std::sync::Arc;

use crate::{Invalidation, envelope::Reject};

/// How a load ended without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoadFailure {
    /// The loader returned an error.
    Error,
    /// The loader panicked.
    Panic,
}

/// What was wrong with stored bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// They are cut, altered, or not written by a cache.
    Damaged,
    /// A newer release wrote them, or one that compresses where this build cannot. They are left alone.
    Newer,
    /// They were written under another key.
    OtherKey,
    /// They were written with another schema number or codec.
    OtherSchema,
    /// The codec could not decode them: the type has changed, for instance.
    NotDecodable,
    /// There are none: the key holds something else, such as a list, which another program wrote.
    NoBytes,
}

impl Rejection {
    /// Returns a few words for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Newer => "of a newer release",
            Self::OtherKey => "of another key",
            Self::OtherSchema => "of another schema",
            Self::NotDecodable => "not decodable",
            Self::NoBytes => "no bytes",
        }
    }

    pub(crate) const fn of(reject: Reject) -> Self {
        match reject {
            Reject::Truncated
            | Reject::Oversized
            | Reject::Magic
            | Reject::Unknown
            | Reject::Checksum
            | Reject::Compression => Self::Damaged,
            Reject::Newer => Self::Newer,
            Reject::Key => Self::OtherKey,
            Reject::Schema => Self::OtherSchema,
        }
    }
}

/// Which entries were taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// One.
    #[non_exhaustive]
    Key {
        /// Name of its kind.
        kind: &'static str,
        /// The key.
        key: Arc<str>,
    },
    /// Those of a tag.
    #[non_exhaustive]
    Tag {
        /// The tag; `None` when another process said it, as the bus carries only its hash.
        tag: Option<Arc<str>>,
        /// Whether they may still stand in for loads that fail.
        how: Invalidation,
    },
    /// Those whose `kind:key` matches.
    Pattern(Arc<str>),
    /// All of the namespace.
    Everything(Invalidation),
}

/// Who took entries back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// This process.
    Here,
    /// Another process, over the bus.
    Bus,
}
