//! What a cache promises its callers, one test per promise.

mod breaker;
mod expiry;
mod fence;
mod ghost;
mod kit;
mod log;
mod outage;
mod replay;
mod single_flight;
mod stale;
mod tiers;
mod turmoil;
