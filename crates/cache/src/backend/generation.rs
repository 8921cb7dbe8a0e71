use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Lifetime;

/// The value of a generation counter: every entry made under an earlier one is invalid.
///
/// Values are microseconds of the store's clock, or one more than the value before, whichever is larger, so a
/// counter that was lost and made anew has none of its earlier values. Stored as text, `latest:removed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Generation {
    /// The value now. An entry made under another one is no longer fresh.
    pub latest: u64,
    /// The value at the last removal, 0 before the first. An entry made under a smaller one must not be used at all.
    pub removed: u64,
}

/// How a generation counter is raised, and what becomes of the entries behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Invalidation {
    /// They are stale: they may stand in for a load that fails.
    Expire,
    /// They are gone.
    Remove,
}

/// What [`Backend::seed_generation`](super::Backend::seed_generation) found or made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeded {
    /// The value of the counter.
    pub generation: Generation,
    /// Whether the counter was missing.
    pub created: bool,
    /// The time by the clock the counters are made of, microseconds.
    pub now: u64,
}

impl Generation {
    /// How long a counter is kept after its last change; longer than any entry.
    pub const LIFETIME: Lifetime = Lifetime::MAX;

    /// The value of a counter made at `now`, microseconds.
    #[must_use]
    pub const fn first(now: u64) -> Self {
        Self { latest: now, removed: 0 }
    }

    /// The value after `before`, at `now`.
    #[must_use]
    pub fn after(before: Option<Self>, now: u64, how: Invalidation) -> Self {
        let latest = before.map_or(now, |before| now.max(before.latest.saturating_add(1)));
        let removed = match how {
            Invalidation::Expire => before.map_or(0, |before| before.removed),
            Invalidation::Remove => latest,
        };
        Self { latest, removed }
    }

    /// Reads the stored text.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (latest, removed) = std::str::from_utf8(text).ok()?.split_once(':')?;
        Some(Self { latest: latest.parse().ok()?, removed: removed.parse().ok()? })
    }

    /// Writes the stored text.
    #[must_use]
    pub fn to_bytes(self) -> Bytes {
        format!("{}:{}", self.latest, self.removed).into()
    }
}

pub(super) fn machine_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_comes_twice_even_when_the_clock_stands_or_goes_back() {
        let first = Generation::first(100);
        let second = Generation::after(Some(first), 100, Invalidation::Expire);
        let third = Generation::after(Some(second), 7, Invalidation::Remove);
        assert_eq!((second.latest, third.latest), (101, 102));
        assert_eq!((second.removed, third.removed), (0, 102));
    }

    #[test]
    fn text_comes_back_and_anything_else_is_refused() {
        let generation = Generation { latest: u64::MAX, removed: 3 };
        assert_eq!(Generation::parse(&generation.to_bytes()), Some(generation));
        for text in ["", ":", "1", "1:", "-1:0", "1:2:3", "99999999999999999999:0"] {
            assert_eq!(Generation::parse(text.as_bytes()), None, "{text}");
        }
    }
}
