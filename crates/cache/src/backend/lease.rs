use crate::RawKey;

/// The right to do what one process at a time should do, until it is released or its lifetime ends.
///
/// It saves work; nothing is correct only because of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    key: RawKey,
    token: u128,
}

impl Lease {
    /// Names a lease and the holder's secret, which nobody else must guess by chance.
    #[must_use]
    pub const fn new(key: RawKey, token: u128) -> Self {
        Self { key, token }
    }

    /// Returns the key the lease is kept under.
    #[must_use]
    pub const fn key(&self) -> &RawKey {
        &self.key
    }

    /// Returns the holder's secret.
    #[must_use]
    pub const fn token(&self) -> u128 {
        self.token
    }
}
