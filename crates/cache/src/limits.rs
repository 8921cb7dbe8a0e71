use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Source, envelope::MAX_PAYLOAD};

/// What is too large to be stored, and from which size on values are compressed. Bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) value: usize,
    pub(crate) key: usize,
    pub(crate) compress_from: usize,
}

impl Limits {
    pub(crate) const DEFAULT: Self = Self { value: 8 << 20, key: 1024, compress_from: 4 << 10 };

    /// The largest value an entry has room for, with all the tags it may have.
    pub(crate) const LARGEST_VALUE: usize = MAX_PAYLOAD;

    pub(crate) const fn takes_key(&self, key: &str) -> bool {
        key.len() <= self.key
    }
}

/// Why a value was given to the caller and not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unstorable {
    /// It is larger than [`max_value_bytes`](crate::CacheBuilder::max_value_bytes).
    ValueTooLarge,
    /// Its key is longer than [`max_key_bytes`](crate::CacheBuilder::max_key_bytes).
    KeyTooLong,
    /// Its codec could not encode it, or panicked.
    NotEncodable,
    /// It has more tags than an entry has room for: 254.
    TooManyTags,
}

impl Unstorable {
    /// Returns a few words for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ValueTooLarge => "value too large",
            Self::KeyTooLong => "key too long",
            Self::NotEncodable => "not encodable",
            Self::TooManyTags => "too many tags",
        }
    }
}

/// Runs the code of a codec: serde implementations are written by hand at times, and may panic.
pub(crate) fn coded<T>(code: impl FnOnce() -> Result<T, Source>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code)).ok()?.ok()
}
