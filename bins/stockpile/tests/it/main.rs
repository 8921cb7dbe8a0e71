//! The command as a person or a script meets it.
#![allow(clippy::unwrap_used, reason = "test")]

mod cache;
mod desk;
mod ingest;
mod interruption;
mod live;
mod on_servers;
mod redis;
mod runs;
