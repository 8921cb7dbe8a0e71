//! Numbered migrations, each applied and recorded.
//!
//! Several programs may migrate at once: each statement may be carried out twice, and so may the record of it.

use std::collections::BTreeSet;

use ::clickhouse::Row;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    cluster::{self, render},
    server::Server,
    tables::Table,
};
use crate::{Error, Result};

/// How the comment of every table of ours begins.
const OWNER: &str = "Stockpile: ";
const RECORDS: &str = "schema_migration";

struct Migration {
    version: u32,
    name: &'static str,
    sql: &'static str,
}

/// Released migrations are never edited; new ones are added at the end.
const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "market", sql: include_str!("migrations/0001_market.sql") }];

#[derive(Row, Serialize)]
struct Record {
    version: u32,
    name: &'static str,
    checksum: u64,
    applied_at: i64,
}

#[derive(Row, Deserialize)]
struct Applied {
    version: u32,
    checksum: u64,
}

/// Creates the store's database when it is not there. A user who may not is no obstacle when it is.
pub(super) async fn create_database(server: &Server) -> Result<()> {
    const OPERATION: &str = "create its database";
    let database = &server.options.database;
    let known = server
        .query("SELECT count() FROM system.databases WHERE name = {database:String}")
        .param("database", database);
    if server.read::<u64>("look for its database", known).await?.first().is_some_and(|count| *count > 0) {
        return Ok(());
    }
    let statement = server.query(&cluster::create_database(database, server.options.cluster.as_deref()));
    server.execute(OPERATION, statement).await.map_err(|error| match error {
        Error::Forbidden { source, .. } => {
            Error::NoDatabase { database: database.clone(), user: server.options.user.clone(), source }
        }
        other => other,
    })
}

/// Brings a database to the newest schema.
pub(super) async fn run(server: &Server) -> Result<()> {
    const OPERATION: &str = "migrate";
    let found = check_owner(server).await?;
    let cluster = server.options.cluster.as_deref();
    if !found.contains(RECORDS) {
        let statement = render(include_str!("migrations/schema_migration.sql"), cluster);
        server.execute(OPERATION, server.query(&statement)).await?;
    }
    let applied = applied(server).await?;
    for migration in MIGRATIONS.iter().filter(|migration| !applied.contains(&migration.version)) {
        let failed = |error| match error {
            Error::Failed { source, .. } => Error::Migration { version: migration.version, source },
            other => other,
        };
        for statement in statements(migration.sql) {
            server.execute(OPERATION, server.query(&render(&statement, cluster))).await.map_err(failed)?;
        }
        if migration.version == 1 {
            start_revision(server).await.map_err(failed)?;
        }
        let record = Record {
            version: migration.version,
            name: migration.name,
            checksum: checksum(migration),
            applied_at: Timestamp::now().as_millisecond(),
        };
        server.insert(OPERATION, RECORDS, &[record]).await.map_err(failed)?;
    }
    Ok(())
}

/// Refuses a database in which a table of somebody else has one of our names; gives the names that are ours.
async fn check_owner(server: &Server) -> Result<BTreeSet<String>> {
    let tables: Vec<(String, String)> =
        server.read("read its tables", server.query(include_str!("sql/tables.sql"))).await?;
    let is_our_name = |name: &str| {
        name == RECORDS
            || name == "revision"
            || name == "ingest_run"
            || name == "bar_day"
            || Table::named(name).is_some()
    };
    let mut ours = BTreeSet::new();
    for (name, comment) in tables {
        if !is_our_name(&name) {
            continue;
        }
        if !comment.starts_with(OWNER) {
            return Err(Error::ForeignTable { store: server.options.address(), table: name });
        }
        ours.insert(name);
    }
    Ok(ours)
}

/// The versions applied, after checking that they are the ones this program knows.
async fn applied(server: &Server) -> Result<BTreeSet<u32>> {
    let query = server.query("SELECT DISTINCT version, checksum FROM schema_migration ORDER BY version");
    let rows: Vec<Applied> = server.read("read its migrations", query).await?;
    for Applied { version, checksum: recorded } in &rows {
        let known = MIGRATIONS.iter().find(|migration| migration.version == *version).ok_or_else(|| {
            Error::NewerSchema {
                found: rows.iter().map(|row| row.version).max().unwrap_or(*version),
                known: MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0),
            }
        })?;
        if checksum(known) != *recorded {
            return Err(Error::ChangedMigration { version: *version });
        }
    }
    Ok(rows.into_iter().map(|row| row.version).collect())
}

/// The state without rows, with a fingerprint of this store alone.
async fn start_revision(server: &Server) -> Result<()> {
    let statement = server.query(include_str!("sql/start_revision.sql")).param("fingerprint", fingerprint());
    server.execute("migrate", statement).await
}

/// A number that was never there before.
pub(super) fn fingerprint() -> u64 {
    let (high, low) = Uuid::now_v7().as_u64_pair();
    xxh3_64(&[high.to_le_bytes(), low.to_le_bytes()].concat())
}

/// The statements of a migration: each ends with a semicolon at the end of a line.
fn statements(sql: &str) -> impl Iterator<Item = String> {
    sql.split(";\n").filter_map(|part| {
        let lines: Vec<&str> =
            part.lines().filter(|line| !line.starts_with("--") && !line.trim().is_empty()).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    })
}

fn checksum(migration: &Migration) -> u64 {
    xxh3_64(migration.sql.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_a_migration_is_made_once_more_without_harm_and_says_whose_it_is() {
        let made: Vec<String> = MIGRATIONS.iter().flat_map(|migration| statements(migration.sql)).collect();
        assert_eq!(made.len(), 13);
        for statement in made {
            assert!(statement.starts_with("CREATE TABLE IF NOT EXISTS "), "{statement}");
            assert!(statement.contains(&format!("\nCOMMENT '{OWNER}")), "{statement}");
        }
    }

    #[test]
    fn on_a_cluster_no_table_stays_on_one_server() {
        let records = include_str!("migrations/schema_migration.sql").to_owned();
        for statement in MIGRATIONS.iter().flat_map(|migration| statements(migration.sql)).chain([records]) {
            let rendered = render(&statement, Some("main"));
            assert!(
                rendered.lines().next().is_some_and(|line| line.contains(" ON CLUSTER 'main'")),
                "{rendered}"
            );
            assert!(
                rendered.contains("\nENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/"),
                "{rendered}"
            );
            assert!(!rendered.contains("\nENGINE = ReplacingMergeTree"), "{rendered}");
        }
    }
}
