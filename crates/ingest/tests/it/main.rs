//! Files of every kind, good and bad, into an embedded store.
#![allow(clippy::unwrap_used, reason = "test")]

mod desk;
mod files;
mod kinds;
