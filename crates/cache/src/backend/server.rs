/// What a server says of itself, summed up over all of them when there are several. `None` where it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerInfo {
    /// Bytes it uses, of which other programs may have their part.
    pub used_bytes: Option<u64>,
    /// Bytes it may use; `None` also when there is no limit.
    pub max_bytes: Option<u64>,
    /// What it does when it is full, such as `allkeys-lru`.
    pub policy: Option<String>,
    /// Keys it dropped since it started, because it was full.
    pub evicted_keys: Option<u64>,
}

impl ServerInfo {
    /// Makes one that says nothing.
    #[must_use]
    pub fn unknown() -> Self {
        Self::default()
    }
}
