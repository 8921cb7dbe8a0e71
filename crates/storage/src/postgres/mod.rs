//! The store on PostgreSQL, with TimescaleDB's hypertables where the extension is installed.
//!
//! A run is one transaction on a connection of its own: rows go by binary `COPY` into temporary tables and replace those
//! of earlier runs from there. One run writes at a time, which a lock of that connection's session sees to: it ends with
//! the connection, so a killed process leaves none. A proxy that hands sessions around, such as a pooler in any mode but
//! `session`, breaks that lock; connect to the server itself.
//!
//! Tables stand in the first schema of the user's search path. The text order is by byte whatever the database's
//! collation, and times are instants whatever the server's zone.

mod adj_factors;
mod candles;
mod copy_rows;
mod crypto_markets;
mod daily_bars;
mod daily_basics;
mod database;
mod driver_error;
mod hypertables;
mod ingest;
mod migrations;
mod minute_bars;
mod options;
mod price_limits;
mod repair;
mod row;
mod run_writer;
mod securities;
mod server;
mod staging;
mod suspensions;
mod trade_calendar;
mod turn;

use std::sync::Arc;

pub use options::Options;
use server::Server;

use crate::{Error, Promises, Result, Store};

/// The repositories of one database.
#[derive(Debug)]
struct Postgres(Arc<Server>);

/// Opens the store in a database, creating database and tables as needed and as the user may.
///
/// A user who may only read can open a store that is up to date, and starts no run in it. Needs PostgreSQL 13 or newer, as
/// the first of our migrations does; version 15 is the one tested.
///
/// # Errors
///
/// [`Error::Unreachable`] and [`Error::WrongServer`] when no such server answers, [`Error::Login`], [`Error::NoDatabase`]
/// and [`Error::Forbidden`] when the user lacks a right, [`Error::ForeignTable`] when a table of ours is somebody else's,
/// [`Error::NewerSchema`] when a newer release wrote it. Nothing is changed in these cases.
pub async fn open(options: &Options) -> Result<Store> {
    let mut client = database::open(options).await?;
    let operation = "create its tables";
    tokio::time::timeout(options.write_timeout, migrations::run(&mut client, &options.to_string()))
        .await
        .map_err(|_| Error::TimedOut { operation })??;
    drop(client);
    let postgres = Arc::new(Postgres(Arc::new(Server::new(options.clone())?)));
    Ok(Store {
        engine: "postgres",
        promises: Promises::ALL,
        bars: postgres.clone(),
        basics: postgres.clone(),
        minute_bars: postgres.clone(),
        securities: postgres.clone(),
        suspensions: postgres.clone(),
        calendar: postgres.clone(),
        price_limits: postgres.clone(),
        adj_factors: postgres.clone(),
        candles: postgres.clone(),
        crypto_markets: postgres.clone(),
        ingest: postgres,
    })
}
