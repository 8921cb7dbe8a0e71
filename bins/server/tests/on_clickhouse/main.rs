//! The real server over HTTP, on a ClickHouse server and Redis: what it answers from a file, it answers from there.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test")]

#[path = "../it/app.rs"]
mod app;
#[path = "../it/backends.rs"]
mod backends;
#[path = "../it/bad_requests.rs"]
mod bad_requests;
#[path = "../it/bars.rs"]
mod bars;
#[path = "../it/caching.rs"]
mod caching;
#[path = "../it/collector.rs"]
mod collector;
#[path = "../it/crypto.rs"]
mod crypto;
#[path = "../it/csv.rs"]
mod csv;
#[path = "../it/demo.rs"]
mod demo;
#[path = "../it/health.rs"]
mod health;
#[path = "../it/metrics.rs"]
mod metrics;
#[path = "../it/openapi.rs"]
mod openapi;
mod outage;
#[path = "../it/overview.rs"]
mod overview;
#[path = "../it/real_market.rs"]
mod real_market;
#[path = "../it/redis.rs"]
mod redis;
#[path = "../it/revision.rs"]
mod revision;
#[path = "../it/search.rs"]
mod search;
#[path = "../it/stock.rs"]
mod stock;
#[path = "../it/stream.rs"]
mod stream;
