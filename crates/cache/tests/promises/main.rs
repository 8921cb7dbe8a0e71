//! What a cache promises its callers, one test per promise.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing there has failed")]

mod breaker;
mod bus;
mod clock;
mod codecs;
mod compression;
mod early;
mod events;
mod expiry;
mod fence;
mod ghost;
mod kit;
mod lease;
mod limits;
mod logging;
mod many;
mod metrics;
mod outage;
mod replay;
mod single_flight;
mod stale;
mod strict;
mod tags;
mod tiers;
mod tracking;
mod turmoil;
