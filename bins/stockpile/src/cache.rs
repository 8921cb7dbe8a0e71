//! `stockpile cache`: a look into the cache that the servers share, and deletions from it.

mod announce;
mod clear;
mod connection;
mod delete;
mod get;
mod key;
mod list;
mod ping;
mod scan;
mod stats;
mod ttl;

use anyhow::Result;

use self::connection::Connection;
use crate::{
    cli::{CacheAction, Cli},
    exit::Exit,
};

/// Does what was asked of the cache that the settings name.
pub(crate) async fn run(cli: &Cli, action: &CacheAction) -> Result<Exit> {
    let connection = Connection::open(cli)?;
    match action {
        CacheAction::Ping => ping::ping(cli, &connection).await,
        CacheAction::Stats { limit } => stats::stats(cli, &connection, limit.get()).await,
        CacheAction::List { pattern, limit, all } => {
            list::list(cli, &connection, pattern.as_deref(), limit.get(), *all).await
        }
        CacheAction::Get { key, raw } => get::get(cli, &connection, key, *raw).await,
        CacheAction::Ttl { key } => ttl::ttl(cli, &connection, key).await,
        CacheAction::Delete { keys } => delete::delete(cli, &connection, keys).await,
        CacheAction::Clear { pattern, yes } => clear::clear(cli, &connection, pattern.as_deref(), *yes).await,
    }
}
