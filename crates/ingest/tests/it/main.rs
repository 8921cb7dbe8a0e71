//! Files of every kind, good and bad, into an embedded store.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests, which say what they skip")]

mod desk;
mod files;
mod kinds;
#[cfg(feature = "parquet")]
mod parquet;
mod real;
