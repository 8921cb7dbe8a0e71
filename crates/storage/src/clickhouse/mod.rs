//! The store on a ClickHouse server, over HTTP.
//!
//! Tables are of the family `ReplacingMergeTree`: a row written again stands beside the old one until the engine merges
//! them. So every read takes the newest version of each key itself, and merges change no answer.
//!
//! A run writes into staging tables of its own. A commit moves them into the tables, each in one instant and one after the
//! other, and raises the revision after the last. A commit cut short is finished by the next run or repair.
//!
//! # Rights
//!
//! The user needs rights on its database alone; `CREATE DATABASE` is needed once, or whoever runs the server creates it.
//!
//! ```sql
//! CREATE DATABASE IF NOT EXISTS stock_data;
//! CREATE USER IF NOT EXISTS stockpile IDENTIFIED WITH sha256_password BY '…';
//! GRANT SELECT, INSERT, CREATE TABLE, DROP TABLE, ALTER, SHOW ON stock_data.* TO stockpile;
//! -- Where a server asks for rights on engines too; on a cluster the last two as well.
//! GRANT TABLE ENGINE ON MergeTree TO stockpile;
//! GRANT TABLE ENGINE ON ReplacingMergeTree TO stockpile;
//! GRANT TABLE ENGINE ON ReplicatedReplacingMergeTree TO stockpile;
//! GRANT CLUSTER ON *.* TO stockpile;
//! ```
//!
//! A user that may only read (`GRANT SELECT, SHOW ON stock_data.*`, or a profile with `readonly`) opens a store whose tables
//! are there; starting a run is then [`Error::Forbidden`](crate::Error::Forbidden).
//!
//! # Clusters
//!
//! With a cluster's name every table is created on all its servers as `ReplicatedReplacingMergeTree`, for one shard with
//! several replicas. The lock of a run is a table of the server that is asked: on a cluster it keeps two writers apart only
//! if both ask the same server, so there a lease outside of the store (Redis) must do it.

mod adj_factors;
mod candles;
mod cluster;
mod commit;
mod crypto_markets;
mod daily_bars;
mod daily_basics;
mod driver_error;
mod ingest;
mod migrations;
mod minute_bars;
mod options;
mod price_limits;
mod repair;
mod row;
mod rows;
mod run_lock;
mod run_record;
mod run_writer;
mod securities;
mod server;
mod staging;
mod suspensions;
mod tables;
mod trade_calendar;
mod turn;

use std::sync::Arc;

pub use options::Options;
use server::Server;
use turn::Turn;

use crate::{Promises, Result, Store};

/// The repositories of a server's database.
#[derive(Clone, Debug)]
struct ClickHouse {
    server: Arc<Server>,
    turn: Arc<Turn>,
}

/// Opens the store in a server's database, creating database and tables as needed.
///
/// # Errors
///
/// [`Error::Unreachable`](crate::Error::Unreachable), [`WrongServer`](crate::Error::WrongServer),
/// [`Login`](crate::Error::Login), [`NoDatabase`](crate::Error::NoDatabase) and
/// [`Forbidden`](crate::Error::Forbidden) when the server cannot be used,
/// [`ForeignTable`](crate::Error::ForeignTable) when a table of somebody else has the name of one of ours,
/// [`NewerSchema`](crate::Error::NewerSchema) and [`ChangedMigration`](crate::Error::ChangedMigration) when another
/// release made the tables. Nothing is changed in these cases.
pub async fn open(options: &Options) -> Result<Store> {
    let mut server = Server::connect(options.clone()).await?;
    migrations::create_database(&server).await?;
    server.enter_database();
    migrations::run(&server).await?;
    let store = Arc::new(ClickHouse { server: Arc::new(server), turn: Arc::default() });
    Ok(Store {
        engine: "clickhouse",
        promises: Promises { commit_is_atomic: false, lock_ends_with_its_process: false, ..Promises::ALL },
        bars: store.clone(),
        basics: store.clone(),
        minute_bars: store.clone(),
        securities: store.clone(),
        suspensions: store.clone(),
        calendar: store.clone(),
        price_limits: store.clone(),
        adj_factors: store.clone(),
        candles: store.clone(),
        crypto_markets: store.clone(),
        ingest: store,
    })
}
