//! Redis servers of a test's own, which can be killed, frozen and restarted, and a line to them that can be spoiled.
//!
//! For tests only: whatever goes wrong here is a panic, which is how a test fails. Without a `redis-server` to start there
//! is none ([`installed`]), and `REQUIRE_BACKENDS` makes that a failure.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod port;
mod proxy;
mod server;
mod wire;

pub use self::{
    port::Port,
    proxy::Proxy,
    server::{Server, installed, wait_for},
    wire::{Reply, Wire},
};
