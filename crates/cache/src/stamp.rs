//! Under which generations an entry was made.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::{Namespace, RawKey};

/// The number of a tag. Two tags of one number would only be invalidated together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct TagId(pub(crate) u64);

impl TagId {
    /// The tag every entry has: the namespace itself.
    pub(crate) const EVERYTHING: Self = Self(0);

    #[inline]
    pub(crate) fn of(tag: &str) -> Self {
        Self(xxh3_64(tag.as_bytes()).max(1))
    }

    /// Returns the key of the counter in the backend.
    pub(crate) fn counter(self, namespace: &Namespace) -> RawKey {
        RawKey::own(namespace, &format!("generation:{:016x}", self.0))
    }
}

impl TagId {
    /// The tag of a counter in the backend.
    pub(crate) fn of_counter(counter: &RawKey) -> Option<Self> {
        let (_, number) = counter.as_str().rsplit_once(':')?;
        u64::from_str_radix(number, 16).ok().map(Self)
    }
}

/// The generation of a tag an entry was made under; zero when it was not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) tag: TagId,
    pub(crate) latest: u64,
}

/// The stamps of one entry. Cloned at every hit, so nothing is allocated for none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamps(Option<Arc<[Stamp]>>);

impl Stamps {
    /// More would not fit the stored form.
    pub(crate) const MOST: usize = u8::MAX as usize;

    pub(crate) fn iter(&self) -> impl Iterator<Item = Stamp> {
        self.0.iter().flat_map(|stamps| stamps.iter().copied())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |stamps| stamps.len())
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The stamps this process judges by: it is told at once when everything is invalidated.
    pub(crate) fn without_everything(&self) -> Self {
        if self.len() == 1 && self.has_everything() {
            return Self::default();
        }
        self.iter().filter(|stamp| stamp.tag != TagId::EVERYTHING).collect()
    }

    pub(crate) fn has_everything(&self) -> bool {
        self.iter().any(|stamp| stamp.tag == TagId::EVERYTHING)
    }
}

impl FromIterator<Stamp> for Stamps {
    fn from_iter<I: IntoIterator<Item = Stamp>>(stamps: I) -> Self {
        let stamps: Arc<[Stamp]> = stamps.into_iter().collect();
        Self((!stamps.is_empty()).then_some(stamps))
    }
}
