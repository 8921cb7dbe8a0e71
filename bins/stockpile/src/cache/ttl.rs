//! `stockpile cache ttl`.

use std::ops::ControlFlow;

use anyhow::{Result, bail};
use serde_json::json;

use super::{
    connection::Connection,
    key,
    list::{millis, spoken},
    scan::{Walked, walk},
};
use crate::{cli::Cli, exit::Exit, output::say};

/// Tells how long the cache keeps a key.
pub(super) async fn ttl(cli: &Cli, connection: &Connection, key: &str) -> Result<Exit> {
    let key = key::read(&connection.namespace, key)?;
    let shown = key::show(key.as_str().as_bytes());
    let mut lifetime = None;
    let walked = walk(connection, &key::exactly(&connection.namespace, &key)?, |stored| {
        lifetime = Some(stored.lifetime);
        ControlFlow::Break(())
    })
    .await?;
    let Some(lifetime) = lifetime else {
        if walked == Walked::OutOfTime {
            bail!("`{shown}` was not found in time: the cache holds too many keys to look at them all");
        }
        bail!("`{shown}` is not there");
    };
    if cli.json {
        return Ok(say(&json!({"key": key.as_str(), "ttl_ms": lifetime.map(millis)}).to_string()));
    }
    Ok(say(&lifetime.map_or_else(|| "for ever".to_owned(), spoken)))
}
