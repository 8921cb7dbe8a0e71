//! The embedded store: one SQLite file in WAL mode.
//!
//! Reads run on their own connections and threads and never wait for a write; one process writes at a time.

mod adj_factors;
mod candles;
mod connections;
mod crypto_markets;
mod daily_bars;
mod daily_basics;
mod driver_error;
mod ingest;
mod migrations;
mod minute_bars;
mod price_limits;
mod query;
mod repair;
mod row;
mod run_writer;
mod securities;
mod suspensions;
mod trade_calendar;
mod upsert;

use std::{num::NonZeroUsize, path::Path, sync::Arc, thread};

use connections::Connections;

use crate::{Promises, Result, Store};

/// Readers beyond this gain nothing: each query is a few milliseconds of CPU.
const MAX_READERS: usize = 4;

/// Opens the store in a file, creating file, folder and tables as needed.
///
/// # Errors
///
/// [`Error::Open`](crate::Error::Open) when the path cannot be used, [`Error::Foreign`](crate::Error::Foreign)
/// when the file is something else, [`Error::NewerSchema`](crate::Error::NewerSchema) when a newer release
/// wrote it. Nothing is changed in these cases.
pub async fn open(path: &Path) -> Result<Store> {
    let readers = thread::available_parallelism().map_or(2, NonZeroUsize::get).clamp(2, MAX_READERS);
    let connections = Arc::new(Connections::open(path, readers).await?);
    Ok(Store {
        engine: "sqlite",
        // A number without a fraction is stored as an integer, which has one zero.
        promises: Promises { zero_keeps_its_sign: false, ..Promises::ALL },
        bars: connections.clone(),
        basics: connections.clone(),
        minute_bars: connections.clone(),
        securities: connections.clone(),
        suspensions: connections.clone(),
        calendar: connections.clone(),
        price_limits: connections.clone(),
        adj_factors: connections.clone(),
        candles: connections.clone(),
        crypto_markets: connections.clone(),
        ingest: connections,
    })
}
