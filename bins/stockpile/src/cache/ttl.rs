//! `stockpile cache ttl`.

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use stockpile_cache::Backend as _;

use super::{
    connection::Connection,
    key,
    list::{millis, spoken},
};
use crate::{cli::Cli, exit::Exit, output::say};

/// Tells how long the cache keeps a key.
pub(super) async fn ttl(cli: &Cli, connection: &Connection, key: &str) -> Result<Exit> {
    let key = key::read(&connection.namespace, key)?;
    let stored = connection.backend.stored_key(&key).await.with_context(|| connection.silent())?;
    let Some(stored) = stored else { bail!("`{}` is not there", key::show(key.as_str().as_bytes())) };
    let lifetime = stored.lifetime;
    if cli.json {
        return Ok(say(&json!({"key": key.as_str(), "ttl_ms": lifetime.map(millis)}).to_string()));
    }
    Ok(say(&lifetime.map_or_else(|| "for ever".to_owned(), spoken)))
}
