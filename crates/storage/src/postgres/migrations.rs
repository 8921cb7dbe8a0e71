//! Numbered migrations, each applied once and recorded.

use deadpool_postgres::{ClientWrapper, Transaction};
use tokio_postgres::{Client, error::SqlState};
use xxhash_rust::xxh3::xxh3_64;

use super::{driver_error::refused, hypertables};
use crate::{Error, Result};

struct Migration {
    version: i32,
    name: &'static str,
    sql: &'static str,
}

/// Released migrations are never edited; new ones are added at the end.
const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "market", sql: include_str!("migrations/0001_market.sql") }];

const READING: &str = "read its migrations";
const CREATING: &str = "create its tables";
/// How long a start waits for another process that migrates.
const LOCK_LIMIT: &str = "SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0";

/// Brings the schema of a connection to the newest version. Several processes may do so at once.
pub(super) async fn run(client: &mut ClientWrapper, store: &str) -> Result<()> {
    check_owner(client, store).await?;
    if is_current(client, store).await? {
        return Ok(());
    }
    let failed = |error| refused(CREATING, store, error);
    let transaction = client.transaction().await.map_err(failed)?;
    transaction.batch_execute(LOCK_LIMIT).await.map_err(failed)?;
    // The lock decides which process migrates; the others find nothing left to do.
    transaction
        .execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('stockpile schema ' || current_schema(), 0))",
            &[],
        )
        .await
        .map_err(failed)?;
    transaction
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_migration (
                 version integer PRIMARY KEY, name text NOT NULL, checksum bigint NOT NULL,
                 applied_at timestamptz NOT NULL DEFAULT now()
             )",
        )
        .await
        .map_err(failed)?;
    apply(&transaction, store).await?;
    make_hypertables(&transaction, store).await?;
    transaction.commit().await.map_err(failed)
}

async fn apply(transaction: &Transaction<'_>, store: &str) -> Result<()> {
    let applied = applied(transaction.client(), store).await?;
    for migration in MIGRATIONS.iter().filter(|migration| !applied.contains(&migration.version)) {
        let migrate = async {
            transaction.batch_execute(migration.sql).await?;
            let sql = "INSERT INTO schema_migration (version, name, checksum) VALUES ($1, $2, $3)";
            transaction.execute(sql, &[&migration.version, &migration.name, &checksum(migration)]).await
        };
        migrate.await.map_err(|error| match refused(CREATING, store, error) {
            Error::Failed { source, .. } => {
                Error::Migration { version: migration.version.unsigned_abs(), source }
            }
            other => other,
        })?;
    }
    Ok(())
}

async fn make_hypertables(transaction: &Transaction<'_>, store: &str) -> Result<()> {
    for statement in missing_hypertables(transaction.client(), store).await? {
        transaction
            .batch_execute(&statement)
            .await
            .map_err(|error| refused("make its tables hypertables", store, error))?;
    }
    Ok(())
}

async fn missing_hypertables(client: &Client, store: &str) -> Result<Vec<String>> {
    let failed = |error| refused("look for TimescaleDB", store, error);
    let sql = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'";
    let Some(row) = client.query_opt(sql, &[]).await.map_err(failed)? else { return Ok(Vec::new()) };
    let version: String = row.try_get(0).map_err(failed)?;
    let sql = "SELECT hypertable_name::text FROM timescaledb_information.hypertables \
               WHERE hypertable_schema = current_schema()";
    let done = client.query(sql, &[]).await.map_err(failed)?;
    let done: Vec<String> =
        done.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(failed)?;
    Ok(hypertables::statements(Some(&version), &done))
}

/// Refuses a schema in which somebody else's table bears one of our names, before anything is written.
async fn check_owner(client: &Client, store: &str) -> Result<()> {
    let failed = |error| refused("read its tables", store, error);
    let schema = client.query_one("SELECT current_schema()::text", &[]).await.map_err(failed)?;
    if schema.try_get::<_, Option<&str>>(0).map_err(failed)?.is_none() {
        let source = "no schema of its search path is there; create one, such as public".into();
        return Err(Error::Open { store: store.to_owned(), source });
    }
    let sql = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()";
    let tables = client.query(sql, &[]).await.map_err(failed)?;
    let names: Vec<&str> =
        tables.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(failed)?;
    if names.contains(&"schema_migration") {
        return Ok(());
    }
    match names.into_iter().find(|name| our_tables().any(|ours| ours == *name)) {
        Some(table) => Err(Error::ForeignTable { store: store.to_owned(), table: table.to_owned() }),
        None => Ok(()),
    }
}

/// The names of all tables that the migrations create.
fn our_tables() -> impl Iterator<Item = &'static str> {
    MIGRATIONS.iter().flat_map(|migration| {
        migration.sql.split("CREATE TABLE ").skip(1).filter_map(|rest| rest.split_whitespace().next())
    })
}

/// Whether nothing is left to do, asked without the lock so that a start never waits and a reader needs no more rights.
async fn is_current(client: &Client, store: &str) -> Result<bool> {
    let sql = "SELECT to_regclass('schema_migration') IS NOT NULL";
    let row = client.query_one(sql, &[]).await.map_err(|error| refused(READING, store, error))?;
    let exists: bool = row.try_get(0).map_err(|error| refused(READING, store, error))?;
    Ok(exists
        && applied(client, store).await?.len() == MIGRATIONS.len()
        && missing_hypertables(client, store).await?.is_empty())
}

/// The versions applied, after checking that they are the ones this program knows.
async fn applied(client: &Client, store: &str) -> Result<Vec<i32>> {
    let foreign = || Error::ForeignTable { store: store.to_owned(), table: "schema_migration".to_owned() };
    let rows = client
        .query("SELECT version, checksum FROM schema_migration ORDER BY version", &[])
        .await
        .map_err(|error| match error.code() {
            Some(&SqlState::UNDEFINED_COLUMN) => foreign(),
            _ => refused(READING, store, error),
        })?;
    let mut versions = Vec::with_capacity(rows.len());
    for row in &rows {
        let (Ok(version), Ok(recorded)) = (row.try_get::<_, i32>(0), row.try_get::<_, i64>(1)) else {
            return Err(foreign());
        };
        versions.push((version, recorded));
    }
    let newest = |versions: &mut dyn Iterator<Item = i32>| versions.max().unwrap_or_default().unsigned_abs();
    for (version, recorded) in &versions {
        let known = MIGRATIONS.iter().find(|migration| migration.version == *version).ok_or_else(|| {
            Error::NewerSchema {
                found: newest(&mut versions.iter().map(|(version, _)| *version)),
                known: newest(&mut MIGRATIONS.iter().map(|migration| migration.version)),
            }
        })?;
        if checksum(known) != *recorded {
            return Err(Error::ChangedMigration { version: version.unsigned_abs() });
        }
    }
    Ok(versions.into_iter().map(|(version, _)| version).collect())
}

fn checksum(migration: &Migration) -> i64 {
    xxh3_64(migration.sql.as_bytes()).cast_signed()
}
