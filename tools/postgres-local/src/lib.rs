//! A real PostgreSQL server for tests, out of the system's package.
//!
//! [`Server::start`] starts a server on a free port of loopback with a folder of its own; it ends with the [`Server`], or with
//! the process that started it, however that ends. As root it runs as the user `postgres`, because PostgreSQL refuses root.

mod config;
mod database;
mod error;
mod programs;
mod server;

pub use config::Config;
pub use database::Database;
pub use error::{Error, Result};
pub use server::Server;
