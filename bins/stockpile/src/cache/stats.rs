//! `stockpile cache stats`.

use std::{collections::BTreeMap, ops::ControlFlow};

use anyhow::Result;
use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;

use super::{
    connection::Connection,
    key::{self, Owner},
    scan::{Walked, walk},
};
use crate::{cli::Cli, exit::Exit, output::say};

/// Keys, and the bytes the cache gives to them.
#[derive(Clone, Copy, Debug, Serialize)]
struct Sum {
    keys: u64,
    /// Null when the cache did not say it for each.
    bytes: Option<u64>,
}

impl Sum {
    const NOTHING: Self = Self { keys: 0, bytes: Some(0) };

    fn add(&mut self, bytes: Option<u64>) {
        self.keys += 1;
        self.bytes = self.bytes.zip(bytes).map(|(sum, bytes)| sum.saturating_add(bytes));
    }
}

#[derive(Serialize)]
struct Stats<'a> {
    cache: &'a str,
    /// Whether every key was counted.
    complete: bool,
    total: Sum,
    kinds: BTreeMap<String, Sum>,
    /// The cache's own counters.
    own: Sum,
    /// What other programs wrote under the prefix.
    foreign: Sum,
}

/// Counts keys and memory by kind.
pub(super) async fn stats(cli: &Cli, connection: &Connection, limit: usize) -> Result<Exit> {
    let (mut total, mut own, mut foreign) = (Sum::NOTHING, Sum::NOTHING, Sum::NOTHING);
    let mut kinds = BTreeMap::new();
    let walked = walk(connection, &connection.pattern(None)?, |stored| {
        if total.keys >= limit as u64 {
            return ControlFlow::Break(());
        }
        total.add(stored.bytes);
        match key::sort(&connection.namespace, &stored.key) {
            (Owner::Entry, kind) => {
                kinds.entry(kind.unwrap_or_default()).or_insert(Sum::NOTHING).add(stored.bytes);
            }
            (Owner::Own, _) => own.add(stored.bytes),
            (Owner::Foreign, _) => foreign.add(stored.bytes),
        }
        ControlFlow::Continue(())
    })
    .await?;
    let complete = walked == Walked::All;
    let stats = Stats { cache: &connection.name, complete, total, kinds, own, foreign };
    if cli.json {
        return Ok(say(&serde_json::to_string(&stats)?));
    }
    let mut lines = vec![format!("{}, keys that start with {}", stats.cache, connection.namespace.prefix())];
    lines.extend(stats.kinds.iter().map(|(kind, sum)| line(&key::show(kind.as_bytes()), *sum)));
    for (name, sum) in [("(the cache's own)", own), ("(of other programs)", foreign)] {
        if sum.keys > 0 {
            lines.push(line(name, sum));
        }
    }
    lines.push(line("total", total));
    match walked {
        Walked::All => {}
        Walked::Enough => lines.push(format!("stopped at {limit} keys; --limit COUNT counts more")),
        Walked::OutOfTime => lines.push("stopped before the end: counting took too long".to_owned()),
    }
    Ok(lines.iter().map(|line| say(line)).max().unwrap_or(Exit::Ok))
}

fn line(name: &str, sum: Sum) -> String {
    let bytes = sum.bytes.map_or_else(|| "?".to_owned(), |bytes| HumanBytes(bytes).to_string());
    format!("{name:<20} {:>10} keys {bytes:>12}", HumanCount(sum.keys).to_string())
}
