#![doc = include_str!("../README.md")]

mod backend;
mod bounded;
mod builder;
mod bus;
mod cache;
#[cfg(feature = "macros")]
mod cached;
mod clock;
mod coherence;
mod engine;
mod entries;
mod entry;
mod envelope;
mod error;
mod event;
mod flights;
mod generations;
#[cfg(any(doc, doctest))]
pub mod guide;
mod inspect;
mod key;
mod kind;
mod l1;
mod limits;
mod load;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod macro_support;
#[cfg(feature = "metrics")]
mod metrics;
mod outcome;
mod pattern;
mod policy;
#[cfg(feature = "redis")]
pub mod redis;
mod remote;
#[cfg(any(feature = "actix", feature = "tower"))]
pub mod response;
mod stamp;
mod stats;
mod strict;
mod sync;
#[cfg(feature = "testkit")]
pub mod testkit;
mod trace;
mod trust;
#[cfg(test)]
mod trust_tests;
mod value;
mod waiters;

pub use async_trait;
pub use backend::{
    Backend, Capabilities, Deleted, Generation, Health, Invalidation, Lease, Lifetime, MemoryBackend,
    NoopBackend, Page, Retention, Seeded, ServerInfo, StoredKey,
};
pub use builder::CacheBuilder;
pub use bus::{Bus, BusEvent, MemoryBus};
pub use bytes;
pub use cache::Cache;
#[cfg(feature = "macros")]
pub use cached::cached;
pub use clock::{Clock, SystemClock};
pub use coherence::BusStats;
pub use entries::{Entries, OneOfMany};
pub use entry::{Entry, EntryWithOutcome};
pub use error::{Error, NotAsked, Refusal, Result, Source};
pub use event::{Event, EventStats, Events, LoadFailure, Origin, Rejection, Scope};
pub use inspect::{Inspection, NotAnEntry};
pub use key::{Namespace, RawKey};
pub use kind::Kind;
pub use limits::Unstorable;
pub use load::{LoadCx, Loaded};
pub use outcome::{Answer, Invalidated, LoadError, LoadResult, Outcome, Removed, Stored, Tier, Why, Written};
pub use pattern::{Pattern, ScanLimit};
pub use policy::{Abandoned, Policy};
pub use remote::{BackendStats, BreakerState, Failure, RemoteHealth};
pub use stats::{KindStats, Stats};
pub use strict::{Strict, StrictEntry};
#[cfg(feature = "msgpack")]
pub use value::MsgPack;
pub use value::{CacheValue, Codec, Json, Raw, Shared, SharedValue};
