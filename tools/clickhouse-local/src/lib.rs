//! A real ClickHouse server for tests: `ClickHouse`'s own HTTP server out of a shared library, in a process of its own.
//!
//! `scripts/fetch-clickhouse` brings the library and builds the launcher. [`Engine::start`] starts a server on a free port of
//! loopback with a folder of its own; it ends with the [`Engine`], or with the process that started it, however that ends.
//! For tests alone: this is the server of `ClickHouse`'s local mode, which its makers call unsuitable for serving users.

mod config;
mod database;
mod engine;
mod error;
mod files;

pub use config::{Config, User};
pub use database::Database;
pub use engine::Engine;
pub use error::{Error, Result};
