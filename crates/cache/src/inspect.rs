//! A look at a stored entry without knowing its type, for an operator's tools.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{
    RawKey,
    envelope::{self, Reject},
    stamp::TagId,
};

/// What a stored entry says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// Number of the codec: 0 bytes as they are, 1 JSON, 2 MessagePack, others of the crate or the program that wrote it.
    pub codec: u8,
    /// When the value was made, milliseconds since 1970.
    pub born_ms: u64,
    /// How long after that it is fresh.
    pub fresh_for: Duration,
    /// How long after that it may be used at all.
    pub usable_for: Duration,
    /// How long its load took.
    pub load_took: Duration,
    /// Whether the value says that there is nothing.
    pub negative: bool,
    /// How many tags it has.
    pub tags: usize,
    /// The version of the value at its source.
    pub etag: Option<Arc<str>>,
    /// The value as its codec encoded it.
    pub payload: Bytes,
}

/// Why stored bytes are no entry of the key they are stored under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAnEntry {
    /// Something else wrote it.
    #[error("this is no cache entry; something else wrote it")]
    Foreign,
    /// A newer release wrote it, or it is compressed and this build lacks the feature `compression`.
    #[error("a newer release, or one that compresses, wrote this entry; use its program")]
    Newer,
    /// It is cut or altered.
    #[error("the entry is damaged; delete it, the next read makes it anew")]
    Damaged,
    /// It was written under another key.
    #[error("the entry belongs to another key; delete it, the next read makes it anew")]
    OtherKey,
}

impl Inspection {
    /// Reads the bytes a backend has under `key`.
    ///
    /// # Errors
    ///
    /// [`NotAnEntry`] when they are none, or not of this key.
    pub fn read(key: &RawKey, bytes: &Bytes) -> Result<Self, NotAnEntry> {
        let (seal, opened) = envelope::peek(bytes, key).map_err(|reject| match reject {
            Reject::Magic | Reject::Unknown => NotAnEntry::Foreign,
            Reject::Newer => NotAnEntry::Newer,
            Reject::Key => NotAnEntry::OtherKey,
            Reject::Truncated
            | Reject::Oversized
            | Reject::Checksum
            | Reject::Compression
            | Reject::Schema => NotAnEntry::Damaged,
        })?;
        let facts = opened.facts;
        let after = |then: u64| Duration::from_millis(then.saturating_sub(facts.times.born));
        Ok(Self {
            codec: seal.codec,
            born_ms: facts.times.born,
            fresh_for: after(facts.times.fresh_until),
            usable_for: after(facts.times.dead_at),
            load_took: Duration::from_millis(facts.took.into()),
            negative: facts.negative,
            tags: facts.stamps.iter().filter(|stamp| stamp.tag != TagId::EVERYTHING).count(),
            etag: facts.etag,
            payload: opened.payload,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Namespace,
        envelope::{Facts, Payload, Seal, seal},
        policy::Times,
        stamp::{Stamp, Stamps},
    };

    fn key(key: &str) -> RawKey {
        RawKey::new(&Namespace::default(), "quote", key)
    }

    fn entry() -> Bytes {
        let times = Times { born: 1_000_000, fresh_until: 1_060_000, dead_at: 1_600_000 };
        let stamps: Stamps = [0, 7].map(|tag| Stamp { tag: TagId(tag), latest: 1 }).into_iter().collect();
        let facts = Facts { times, negative: false, took: 12, stamps, etag: Some("v1".into()) };
        seal(Seal::new(&key("a"), 3, 1), &facts, &Payload::plain(Bytes::from_static(b"{}"))).unwrap()
    }

    #[test]
    fn entry_tells_about_itself_without_its_type() {
        let seen = Inspection::read(&key("a"), &entry()).unwrap();
        assert_eq!((seen.codec, seen.tags, seen.born_ms), (1, 1, 1_000_000));
        assert_eq!((seen.fresh_for.as_secs(), seen.usable_for.as_secs()), (60, 600));
        assert_eq!((&*seen.payload, seen.etag.as_deref()), (b"{}".as_slice(), Some("v1")));
    }

    #[test]
    fn anything_else_is_named() {
        assert_eq!(Inspection::read(&key("b"), &entry()), Err(NotAnEntry::OtherKey));
        assert_eq!(Inspection::read(&key("a"), &entry().slice(..40)), Err(NotAnEntry::Damaged));
        let text = Bytes::from_static(b"{\"written\": \"by another program, and long enough\"}");
        assert_eq!(Inspection::read(&key("a"), &text), Err(NotAnEntry::Foreign));
        let mut newer = entry().to_vec();
        newer[2] = 9;
        assert_eq!(Inspection::read(&key("a"), &newer.into()), Err(NotAnEntry::Newer));
    }
}
