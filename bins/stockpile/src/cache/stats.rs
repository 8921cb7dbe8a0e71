//! `stockpile cache stats`.

use std::{collections::BTreeMap, ops::ControlFlow};

use anyhow::{Context as _, Result};
use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;
use stockpile_cache::{Backend as _, ServerInfo};

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
    /// How full the server is; null when it does not tell.
    server: Option<Server>,
}

#[derive(Serialize)]
struct Server {
    used_bytes: Option<u64>,
    /// Null without a limit.
    max_bytes: Option<u64>,
    policy: Option<String>,
    /// Since it started.
    evicted_keys: Option<u64>,
}

impl Server {
    async fn ask(connection: &Connection) -> Result<Option<Self>> {
        let info = connection.backend.server_info().await.with_context(|| connection.silent())?;
        Ok(info.map(|ServerInfo { used_bytes, max_bytes, policy, evicted_keys, .. }| Self {
            used_bytes,
            max_bytes,
            policy,
            evicted_keys,
        }))
    }

    fn line(&self) -> Option<String> {
        let used = HumanBytes(self.used_bytes?);
        let room = self
            .max_bytes
            .map_or_else(|| "without a limit".to_owned(), |max| format!("of {}", HumanBytes(max)));
        let policy =
            self.policy.as_deref().map_or_else(String::new, |policy| format!(", {policy} when full"));
        let evicted = self
            .evicted_keys
            .map_or_else(String::new, |keys| format!(", {} keys evicted since its start", HumanCount(keys)));
        Some(format!("the server uses {used} {room}{policy}{evicted}"))
    }
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
    let server = Server::ask(connection).await?;
    let stats = Stats { cache: &connection.name, complete, total, kinds, own, foreign, server };
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
    lines.extend(stats.server.as_ref().and_then(Server::line));
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
