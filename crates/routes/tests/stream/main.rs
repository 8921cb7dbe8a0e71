//! Quotes as they change, over real connections.
#![allow(clippy::unwrap_used, reason = "test")]

mod events;
mod live;
mod market;
mod socket;
