//! The contract on a real PostgreSQL server, and what only a server can get wrong.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test")]

#[path = "../certificates/mod.rs"]
mod certificates;
mod desk;
mod faults;
mod migrations;
mod surroundings;

use stockpile_storage::contract_suite;

contract_suite!(postgres_server, desk::fresh());
