//! Random interleavings, thousands of them, of the map of loads under way and of the table of counters. The sources are
//! the crate's own, on shuttle's locks and atomics; what tokio does inside is one step.
#![allow(
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    reason = "test; parts of the sources are used elsewhere"
)]

mod ledger;
mod passes;
mod stand_ins;

use self::stand_ins::{Invalidation, key, kind, stamp, stats, sync};

#[path = "../../src/flights.rs"]
mod flights;
#[path = "../../src/stats/ledger.rs"]
mod table;
#[path = "../../src/waiters.rs"]
mod waiters;

/// Runs the model in many interleavings; a failure prints the schedule that shows it.
fn check(model: impl Fn() + Send + Sync + 'static) {
    let model = std::sync::Arc::new(model);
    let again = std::sync::Arc::clone(&model);
    shuttle::check_random(move || model(), 1000);
    shuttle::check_pct(move || again(), 1000, 3);
}
