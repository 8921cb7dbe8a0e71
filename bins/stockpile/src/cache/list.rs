//! `stockpile cache list`.

use std::{
    io::{IsTerminal as _, stdout},
    ops::ControlFlow,
    time::Duration,
};

use anyhow::Result;
use indicatif::HumanBytes;
use jiff::SignedDuration;
use serde::Serialize;
use stockpile_cache::StoredKey;

use super::{
    connection::Connection,
    key::{self, Owner},
    scan::{Walked, walk},
};
use crate::{cli::Cli, exit::Exit, output::say};

#[derive(Serialize)]
struct Row {
    /// As it is stored; escaped when it is no text.
    key: String,
    text: bool,
    owner: Owner,
    kind: Option<String>,
    /// Null for ever.
    ttl_ms: Option<u64>,
    /// Null when the cache does not say.
    bytes: Option<u64>,
}

/// Lists keys, in their order.
pub(super) async fn list(
    cli: &Cli,
    connection: &Connection,
    pattern: Option<&str>,
    limit: usize,
    all: bool,
) -> Result<Exit> {
    let pattern = connection.pattern(pattern)?;
    let mut found = Vec::new();
    let walked = walk(connection, &pattern, |stored| {
        let (owner, kind) = key::sort(&connection.namespace, &stored.key);
        if owner == Owner::Own && !all {
            return ControlFlow::Continue(());
        }
        if found.len() == limit {
            return ControlFlow::Break(());
        }
        found.push((stored, owner, kind));
        ControlFlow::Continue(())
    })
    .await?;
    found.sort_unstable_by(|a, b| a.0.key.cmp(&b.0.key));
    let mut exit = Exit::Ok;
    if !cli.json && stdout().is_terminal() {
        exit = exit.max(say(&format!("{:>14} {:>12}  KEY", "TIME TO LIVE", "MEMORY")));
    }
    for (stored, owner, kind) in found {
        let line =
            if cli.json { serde_json::to_string(&row(&stored, owner, kind))? } else { text(&stored, owner) };
        exit = exit.max(say(&line));
    }
    match walked {
        Walked::All => {}
        Walked::Enough => eprintln!("there are more than {limit} such keys; --limit COUNT shows more"),
        Walked::OutOfTime => {
            eprintln!("stopped before the end: the cache holds too many keys to look at them all");
        }
    }
    Ok(exit)
}

fn row(stored: &StoredKey, owner: Owner, kind: Option<String>) -> Row {
    let text = std::str::from_utf8(&stored.key);
    Row {
        key: text.map_or_else(|_| key::show(&stored.key), ToOwned::to_owned),
        text: text.is_ok(),
        owner,
        kind,
        ttl_ms: stored.lifetime.map(millis),
        bytes: stored.bytes,
    }
}

fn text(stored: &StoredKey, owner: Owner) -> String {
    let memory = stored.bytes.map_or_else(|| "?".to_owned(), |bytes| HumanBytes(bytes).to_string());
    let mark = match owner {
        Owner::Entry => "",
        Owner::Own => "  (the cache's own)",
        Owner::Foreign => "  (of another program)",
    };
    let lifetime = stored.lifetime.map_or_else(|| "for ever".to_owned(), spoken);
    format!("{lifetime:>14} {memory:>12}  {}{mark}", key::show(&stored.key))
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A duration such as `4m 59s`, to the second; below one in milliseconds.
pub(super) fn spoken(duration: Duration) -> String {
    let whole = match duration.as_secs() {
        0 => SignedDuration::from_millis(duration.subsec_millis().into()),
        seconds => SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)),
    };
    format!("{whole:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_at_a_glance() {
        assert_eq!(spoken(Duration::from_millis(299_900)), "4m 59s");
        assert_eq!(spoken(Duration::from_millis(12)), "12ms");
        assert_eq!(spoken(Duration::ZERO), "0s");
    }
}
