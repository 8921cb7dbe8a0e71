//! Numbered migrations, each applied once and recorded.

use rusqlite::{Connection, ErrorCode, TransactionBehavior, params};
use xxhash_rust::xxh3::xxh3_64;

use super::driver_error::refused;
use crate::{Error, Result};

/// Marks a file as ours: "STKP".
const APPLICATION_ID: i32 = 0x5354_4B50;

struct Migration {
    version: u32,
    name: &'static str,
    sql: &'static str,
}

/// Released migrations are never edited; new ones are added at the end.
const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "market", sql: include_str!("migrations/0001_market.sql") },
    Migration {
        version: 2,
        name: "facts_and_candles",
        sql: include_str!("migrations/0002_facts_and_candles.sql"),
    },
    Migration { version: 3, name: "fingerprint", sql: include_str!("migrations/0003_fingerprint.sql") },
    Migration {
        version: 4,
        name: "fingerprints_of_parts",
        sql: include_str!("migrations/0004_fingerprints_of_parts.sql"),
    },
];

/// Brings a file to the newest schema. Several processes may do so at once.
pub(super) fn run(connection: &mut Connection, store: &str) -> Result<()> {
    check_owner(connection, store)?;
    if is_current(connection)? {
        return Ok(());
    }
    connection
        .pragma_update(None, "journal_mode", "wal")
        .map_err(|error| refused("switch to write-ahead logging", error))?;
    let failed = |error| refused("read its migrations", error);

    // The write lock decides which process migrates; the others find nothing left to do.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    transaction
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS schema_migration (
                 version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum INTEGER NOT NULL, applied_at TEXT NOT NULL
             ) STRICT",
        )
        .map_err(failed)?;
    let applied = applied(&transaction)?;
    for migration in MIGRATIONS.iter().filter(|migration| !applied.contains(&migration.version)) {
        transaction
            .execute_batch(migration.sql)
            .and_then(|()| {
                transaction.execute(
                    "INSERT INTO schema_migration VALUES (?1, ?2, ?3, strftime('%Y-%m-%dT%H:%M:%SZ'))",
                    params![migration.version, migration.name, checksum(migration)],
                )
            })
            .map_err(|error| match refused("migrate", error) {
                Error::Failed { source, .. } => Error::Migration { version: migration.version, source },
                other => other,
            })?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    transaction.commit().map_err(failed)
}

/// Refuses a file that is not ours before anything is written to it.
fn check_owner(connection: &Connection, store: &str) -> Result<()> {
    let foreign = || Error::Foreign { store: store.to_owned() };
    let count = |sql: &str| {
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| {
            match error.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => foreign(),
                _ => refused("read its tables", error),
            }
        })
    };
    let tables = count("SELECT count(*) FROM sqlite_schema")?;
    let owner = count("SELECT application_id FROM pragma_application_id")?;
    if tables > 0 && owner != i64::from(APPLICATION_ID) {
        return Err(foreign());
    }
    Ok(())
}

/// Whether nothing is left to do, asked without the write lock so that a start never waits for an ingest.
fn is_current(connection: &Connection) -> Result<bool> {
    let exists: bool = connection
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migration'", [], |row| row.get(0))
        .map_err(|error| refused("read its tables", error))?;
    Ok(exists && applied(connection)?.len() == MIGRATIONS.len())
}

/// The versions applied, after checking that they are the ones this program knows.
fn applied(connection: &Connection) -> Result<Vec<u32>> {
    let failed = |error| refused("read its migrations", error);
    let mut statement = connection
        .prepare("SELECT version, checksum FROM schema_migration ORDER BY version")
        .map_err(failed)?;
    let rows: Vec<(u32, i64)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .map_err(failed)?;
    for (version, recorded) in &rows {
        let known = MIGRATIONS.iter().find(|migration| migration.version == *version).ok_or_else(|| {
            Error::NewerSchema {
                found: rows.iter().map(|(version, _)| *version).max().unwrap_or(*version),
                known: MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0),
            }
        })?;
        if checksum(known) != *recorded {
            return Err(Error::ChangedMigration { version: *version });
        }
    }
    Ok(rows.into_iter().map(|(version, _)| version).collect())
}

fn checksum(migration: &Migration) -> i64 {
    xxh3_64(migration.sql.as_bytes()).cast_signed()
}
