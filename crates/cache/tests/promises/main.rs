//! What a cache promises its callers, one test per promise.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing there has failed")]

mod bus;
mod codecs;
mod early;
mod expiry;
mod fence;
mod kit;
mod lease;
mod limits;
mod many;
mod outage;
mod single_flight;
mod stale;
mod tags;
mod tiers;
