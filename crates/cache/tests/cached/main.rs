//! What `#[cached]` promises, one test per promise.
#![allow(clippy::unwrap_used, reason = "test")]

mod arguments;
mod companions;
mod generics;
mod keys;
mod loads;
mod methods;
mod outputs;
mod world;
