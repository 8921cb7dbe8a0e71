//! One page per feature: what it does, when, and when not to use it.

/// Stale values in place of loads that fail or are slow.
#[doc = include_str!("../docs/stale.md")]
pub mod stale {}

/// One load for all callers of a moment.
#[doc = include_str!("../docs/single_flight.md")]
pub mod single_flight {}

/// Lives that do not end together, and values that say there is nothing.
#[doc = include_str!("../docs/lifetimes.md")]
pub mod lifetimes {}

/// More loads than what is behind the cache bears.
#[doc = include_str!("../docs/shedding.md")]
pub mod shedding {}

/// Invalidation of many entries at once.
#[doc = include_str!("../docs/tags.md")]
pub mod tags {}

/// Several processes that share a backend.
#[doc = include_str!("../docs/nodes.md")]
pub mod nodes {}

/// A backend that is slow, down, frozen or full.
#[doc = include_str!("../docs/outage.md")]
pub mod outage {}

/// The end of a process.
#[doc = include_str!("../docs/shutdown.md")]
pub mod shutdown {}

/// The same calls, with the backend's errors.
#[doc = include_str!("../docs/strict.md")]
pub mod strict {}

/// Loads before an entry ends, and loads that find nothing new.
#[doc = include_str!("../docs/early.md")]
pub mod early {}

/// Loads of many keys.
#[doc = include_str!("../docs/many.md")]
pub mod many {}

/// One load among all processes.
#[doc = include_str!("../docs/lease.md")]
pub mod lease {}

/// Redis and Valkey: addresses, outages, rights.
#[doc = include_str!("../docs/redis.md")]
pub mod redis {}

/// How values become bytes, and what becomes of stored ones when a type changes.
#[cfg(feature = "msgpack")]
#[doc = include_str!("../docs/codecs.md")]
pub mod codecs {}

/// Values too large and keys too long.
#[doc = include_str!("../docs/limits.md")]
pub mod limits {}

/// Values that are stored compressed.
#[cfg(feature = "compression")]
#[doc = include_str!("../docs/compression.md")]
pub mod compression {}

/// Stores of one's own, and what tests are given.
#[doc = include_str!("../docs/backend.md")]
pub mod backend {}

/// What is rare, told one by one.
#[doc = include_str!("../docs/events.md")]
pub mod events {}

/// Numbers for a recorder, and lines for a log.
#[cfg(feature = "metrics")]
#[doc = include_str!("../docs/metrics.md")]
pub mod metrics {}

/// Functions whose results are kept: see [`cached`](macro@crate::cached).
#[cfg(feature = "macros")]
pub mod functions {}
