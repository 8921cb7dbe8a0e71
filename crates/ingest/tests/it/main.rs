//! Files of every kind, good and bad, into an embedded store.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests, which say what they skip")]

#[cfg(feature = "live")]
mod clock;
#[cfg(feature = "live")]
mod coins;
#[cfg(feature = "live")]
mod collector;
mod desk;
#[cfg(feature = "live")]
mod dump;
#[cfg(feature = "live")]
mod feed;
mod files;
mod kinds;
#[cfg(feature = "parquet")]
mod parquet;
mod real;
#[cfg(feature = "live")]
mod tushare;
#[cfg(feature = "live")]
mod upstream;
