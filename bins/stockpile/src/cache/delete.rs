//! `stockpile cache delete`.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use serde_json::json;
use stockpile_cache::{Backend as _, Kind, RawKey};

use super::{
    announce::Announcing,
    connection::Connection,
    key::{self, Owner},
};
use crate::{
    cli::Cli,
    exit::{Exit, Usage},
    output::say,
};

/// Deletes keys, and tells the running servers.
pub(super) async fn delete(cli: &Cli, connection: &Connection, keys: &[String]) -> Result<Exit> {
    let keys = keys.iter().map(|key| entry_key(connection, key)).collect::<Result<Vec<RawKey>>>()?;
    connection.ping().await?;
    let announcing = Announcing::over(connection)?;
    let mut exit = Exit::Ok;
    for key in &keys {
        let shown = key::show(key.as_str().as_bytes());
        let (existed, complete) = remove(connection, &announcing, key).await?;
        if cli.json {
            let line = json!({"key": key.as_str(), "deleted": existed, "complete": complete});
            exit = exit.max(say(&line.to_string()));
        } else if complete {
            exit = exit.max(say(&format!("{} {shown}", if existed { "deleted" } else { "was not there:" })));
        }
        if !complete {
            let why = connection.backend.last_error().map_or_else(String::new, |why| format!(": {why}"));
            eprintln!("error: `{shown}` may still be there{why}");
            exit = Exit::Failed;
        }
    }
    announcing.finish().await;
    Ok(exit)
}

fn entry_key(connection: &Connection, key: &str) -> Result<RawKey> {
    let key = key::read(&connection.namespace, key)?;
    match key::sort(&connection.namespace, key.as_str().as_bytes()).0 {
        Owner::Own => Err(Usage(format!(
            "`{}` is a counter of the cache itself and stays; `stockpile cache clear` invalidates all entries",
            key::show(key.as_str().as_bytes()),
        ))
        .into()),
        Owner::Entry | Owner::Foreign => Ok(key),
    }
}

/// Says whether there was something, and whether it is gone.
async fn remove(connection: &Connection, announcing: &Announcing, key: &RawKey) -> Result<(bool, bool)> {
    if let Some((kind, rest)) = connection.namespace.split(key.as_str())
        && RawKey::new(&connection.namespace, &kind, rest) == *key
    {
        // A kind has its name for as long as the program runs, which is not long.
        let kind = Kind::<Bytes>::new(kind.into_owned().leak());
        let removed = announcing.cache.delete(&kind, rest).await;
        return Ok((removed.existed, removed.complete));
    }
    // No server writes such a key, so none has to be told.
    let existed = connection.backend.delete(key).await.with_context(|| connection.silent())?;
    Ok((existed, true))
}
