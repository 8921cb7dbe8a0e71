//! The contract on a real ClickHouse, and what only a server can get wrong.
//!
//! One engine for the whole program, a database for each test. `TEST_CLICKHOUSE_URL` (`http://host:port`, user `default`
//! without a password) names a server to use instead; without either the tests are left out, or fail with `REQUIRE_BACKENDS=1`.
#![allow(clippy::unwrap_used, reason = "test")]

#[path = "../certificates/mod.rs"]
mod certificates;
mod connection;
mod encrypted;
mod engine;
mod interrupted;
mod lock;
mod migrations;
mod proxy;
mod requests;
mod rights;
mod space;
mod zones;

use engine::fresh;
use stockpile_storage::contract_suite;

contract_suite!(contract, fresh());
