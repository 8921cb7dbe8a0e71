//! What a cache promises its callers, one test per promise.

mod expiry;
mod fence;
mod kit;
mod outage;
mod single_flight;
mod stale;
mod tiers;
