#![doc = include_str!("../README.md")]

mod backend;
mod bounded;
mod builder;
mod bus;
mod cache;
mod clock;
mod engine;
mod entry;
mod envelope;
mod error;
mod flights;
mod key;
mod kind;
mod l1;
mod load;
mod outcome;
mod pattern;
mod policy;
mod remote;
mod stats;
#[cfg(feature = "testkit")]
pub mod testkit;
mod value;

pub use backend::{
    Backend, Capabilities, Deleted, Generation, Health, Invalidation, Lease, Lifetime, MemoryBackend,
    NoopBackend, Page, Retention, Seeded, StoredKey,
};
pub use builder::CacheBuilder;
pub use bus::{Bus, BusEvent, MemoryBus};
pub use cache::Cache;
pub use clock::{Clock, SystemClock};
pub use entry::{Entry, EntryWithOutcome};
pub use error::{Error, Result, Source};
pub use key::{Namespace, RawKey};
pub use kind::Kind;
pub use load::LoadCx;
pub use outcome::{Answer, LoadError, Outcome, Removed, Stored, Tier, Why, Written};
pub use pattern::{Pattern, ScanLimit};
pub use policy::Policy;
pub use remote::{BackendStats, BreakerState, Failure, RemoteHealth};
pub use stats::{KindStats, Stats};
pub use value::{CacheValue, Codec, Json, Raw, Shared, SharedValue};
