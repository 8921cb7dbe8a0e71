//! What a cache promises its callers, one test per promise.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing there has failed")]

mod bus;
mod codecs;
mod compression;
mod early;
mod events;
mod expiry;
mod fence;
mod kit;
mod lease;
mod limits;
mod logging;
mod many;
mod metrics;
mod outage;
mod single_flight;
mod stale;
mod tags;
mod tiers;
