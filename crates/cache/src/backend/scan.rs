use std::time::Duration;

use bytes::Bytes;

/// Some of the keys a backend holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The keys, namespace included.
    pub keys: Vec<StoredKey>,
    /// Where the next page starts; `None` when there is none.
    pub next: Option<String>,
}

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// The whole key. Foreign programs may have written keys that are no text.
    pub key: Bytes,
    /// Bytes the store gives to key and value; `None` when it does not say.
    pub bytes: Option<u64>,
    /// How long it is kept from now; `None` for ever.
    pub lifetime: Option<Duration>,
}
