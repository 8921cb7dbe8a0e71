//! The store that the settings name.

use stockpile_settings::{DatabaseServer, StorageUrl};

use crate::{Result, Store, clickhouse, postgres, sqlite};

/// Opens the store at an address, made or brought up to date where it needs to be.
///
/// # Errors
///
/// Why it cannot be opened, as the `open` of each engine says it.
pub async fn open(url: &StorageUrl) -> Result<Store> {
    match url {
        StorageUrl::Sqlite { path } => sqlite::open(path).await,
        StorageUrl::ClickHouse(server) => clickhouse::open(&clickhouse_options(server)).await,
        StorageUrl::Postgres(server) => postgres::open(&postgres_options(server)).await,
    }
}

fn clickhouse_options(server: &DatabaseServer) -> clickhouse::Options {
    let options = clickhouse::Options::new(&server.host)
        .port(server.port)
        .secure(server.tls)
        .database(&server.database)
        .user(&server.user, server.password.clone().unwrap_or_default());
    let options = match &server.ca_file {
        Some(path) => options.ca_file(path),
        None => options,
    };
    match &server.cluster {
        Some(cluster) => options.cluster(cluster),
        None => options,
    }
}

fn postgres_options(server: &DatabaseServer) -> postgres::Options {
    let options = postgres::Options::new(&server.host, &server.database, &server.user)
        .port(server.port)
        .secure(server.tls);
    let options = match &server.ca_file {
        Some(path) => options.ca_file(path),
        None => options,
    };
    match &server.password {
        Some(password) => options.password(password.clone()),
        None => options,
    }
}
