//! Redis and Valkey as a backend, and as a bus.

pub use crate::{
    backend::redis::{RedisBackend, RedisBuilder},
    bus::redis::RedisBus,
};

/// For programs that use the driver themselves: the one place where its types appear.
///
/// It is not covered by semver: another driver, or another version of this one, may take its place.
pub mod fred {
    pub use ::fred;

    pub use crate::backend::redis::{fred_client as backend, fred_pool as backend_of_pool};
}
