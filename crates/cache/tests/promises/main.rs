//! What a cache promises its callers, one test per promise.
#![allow(clippy::unwrap_used, reason = "a test that finds nothing there has failed")]

mod breaker;
mod bus;
mod early;
mod expiry;
mod fence;
mod ghost;
mod kit;
mod lease;
mod many;
mod outage;
mod replay;
mod single_flight;
mod stale;
mod tags;
mod tiers;
mod turmoil;
