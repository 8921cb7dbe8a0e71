//! The contract on a real PostgreSQL server, and what only a server can get wrong.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test")]

mod desk;
mod faults;
mod migrations;
#[path = "../../../cache/tests/redis/proxy.rs"]
#[allow(dead_code, reason = "the cache's tests ask for more of it")]
mod proxy;
mod surroundings;

use stockpile_storage::contract_suite;

contract_suite!(postgres_server, desk::fresh());
