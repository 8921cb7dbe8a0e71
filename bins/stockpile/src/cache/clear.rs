//! `stockpile cache clear`.

use std::io::{BufRead as _, IsTerminal as _, stdin};

use anyhow::{Context as _, Result};
use indicatif::HumanCount;
use serde_json::json;

use super::{announce::Announcing, connection::Connection, key};
use crate::{
    cli::Cli,
    exit::{Exit, Usage},
    output::say,
};

/// Every key of an entry: only those of the cache itself start with the separator.
const ENTRIES: &str = "[^:]*";

/// Deletes all keys, or those that match a pattern, and tells the running servers.
pub(super) async fn clear(
    cli: &Cli,
    connection: &Connection,
    pattern: Option<&str>,
    yes: bool,
) -> Result<Exit> {
    let prefix = connection.namespace.prefix();
    let glob = pattern.map(|glob| glob.strip_prefix(prefix).unwrap_or(glob)).filter(|glob| *glob != "*");
    // Read before anybody is asked.
    connection.pattern(glob)?;
    let what = format!("{prefix}{}", key::show(glob.unwrap_or("*").as_bytes()));
    if !yes && !is_wanted(connection, &what).await? {
        eprintln!("nothing was deleted");
        return Ok(Exit::Failed);
    }
    connection.ping().await?;
    let announcing = Announcing::over(connection)?;
    // All entries at once lose their validity in one step. What is left is to give their memory back.
    let invalidated = glob.is_some() || announcing.cache.clear().await.complete;
    let deleted = announcing.cache.delete_pattern(glob.unwrap_or(ENTRIES)).await;
    let last_error = connection.backend.last_error();
    announcing.finish().await;
    let complete = invalidated && deleted.complete;
    let mut exit = say(&if cli.json {
        json!({
            "cache": connection.name,
            "pattern": glob.unwrap_or("*"),
            "deleted": deleted.keys,
            "complete": complete,
        })
        .to_string()
    } else {
        format!("deleted {} of {what}", keys(deleted.keys))
    });
    if !complete {
        let why = last_error.map_or_else(String::new, |why| format!(" ({why})"));
        eprintln!("error: not complete{why}: some keys may be left; run it again");
        exit = Exit::Failed;
    }
    Ok(exit)
}

fn keys(count: u64) -> String {
    format!("{} {}", HumanCount(count), if count == 1 { "key" } else { "keys" })
}

/// Asks the person at the terminal.
async fn is_wanted(connection: &Connection, what: &str) -> Result<bool> {
    if !stdin().is_terminal() {
        return Err(Usage("nobody is there to be asked; --yes deletes without asking".to_owned()).into());
    }
    eprint!("Delete {what} from {}? [y/N] ", connection.name);
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        stdin().lock().read_line(&mut line).map(|_| line)
    });
    let answer = answer.await.context("the answer cannot be read")?.context("the answer cannot be read")?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
