//! The real server over HTTP.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test")]

mod app;
mod backends;
mod bad_requests;
mod bars;
mod caching;
mod collector;
mod crypto;
mod csv;
mod demo;
mod health;
mod metrics;
mod openapi;
mod overview;
mod process;
mod real_market;
mod redis;
mod revision;
mod search;
mod stock;
mod stream;
