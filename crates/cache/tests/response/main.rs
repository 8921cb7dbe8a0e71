//! What the response caches of both frameworks promise, one test per promise.
#![allow(clippy::unwrap_used, reason = "test")]

mod actix;
mod kit;
mod tower;
