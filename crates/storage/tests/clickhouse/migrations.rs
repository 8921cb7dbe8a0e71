//! Making the tables, and refusing those of others.

use std::{
    collections::BTreeSet,
    env,
    process::{Child, Command, Stdio},
};

use stockpile_market::SecurityKind;
use stockpile_storage::{
    Error, Part,
    clickhouse::{Options, open},
    contract::{bar, ingest},
};

use super::engine::{Database, fresh};

#[tokio::test]
async fn data_is_there_after_reopening() {
    let Some((database, store)) = fresh().await else { return };
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250205", 11.37)]).await;
    drop(store);
    let store = database.open().await;
    assert_eq!(store.bars.day_counts(SecurityKind::Stock).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_openers_of_a_new_database_migrate_it_once() {
    let Some(database) = Database::new() else { return };
    let openers: Vec<_> = (0..4)
        .map(|_| {
            let options = database.options.clone();
            tokio::spawn(async move {
                open(&options).await.unwrap().ingest.fingerprint(Part::Market).await.unwrap()
            })
        })
        .collect();
    for opener in openers {
        opener.await.unwrap();
    }
    let applied = database.number("SELECT count(DISTINCT version, checksum) FROM schema_migration").await;
    assert_eq!(applied, 1);
    // Whoever came last, all agree from now on.
    let mut fingerprints = BTreeSet::new();
    for _ in 0..2 {
        fingerprints.insert(database.open().await.ingest.fingerprint(Part::Market).await.unwrap());
    }
    assert_eq!(fingerprints.len(), 1);
}

const OPENED_BY: &str = "STOCKPILE_TEST_OPEN";

/// Not a promise of its own: what the processes of the next test run.
#[tokio::test]
#[allow(clippy::print_stdout, reason = "the next test reads it")]
async fn a_process_opens_what_it_is_told_to() {
    let Ok(address) = env::var(OPENED_BY) else { return };
    let (address, database) = address.split_once('/').unwrap();
    let (host, port) = address.rsplit_once(':').unwrap();
    let options = Options::new(host).port(port.parse().unwrap()).database(database);
    let revision = open(&options).await.unwrap().ingest.revision().await.unwrap();
    println!("{} opened revision {revision}", std::process::id());
}

#[tokio::test]
async fn four_processes_migrate_a_new_database_at_once() {
    let Some(database) = Database::new() else { return };
    let options = &database.options;
    let address = format!("{}:{}/{}", options.host, options.port, options.database);
    let processes: Vec<Child> = (0..4)
        .map(|_| {
            Command::new(env::current_exe().unwrap())
                .args(["--exact", "migrations::a_process_opens_what_it_is_told_to", "--nocapture"])
                .env(OPENED_BY, &address)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for process in processes {
        let opened = format!("{} opened revision 0", process.id());
        let output = process.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains(&opened), "{said}");
    }
    let store = database.open().await;
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250205", 11.37)]).await;
    let applied = database.number("SELECT count(DISTINCT version, checksum) FROM schema_migration").await;
    assert_eq!(applied, 1);
}

#[tokio::test]
async fn two_stores_without_rows_have_different_fingerprints() {
    let (Some((_one, first)), Some((_other, second))) = (fresh().await, fresh().await) else { return };
    assert_ne!(
        first.ingest.fingerprint(Part::Market).await.unwrap(),
        second.ingest.fingerprint(Part::Market).await.unwrap()
    );
}

#[tokio::test]
async fn a_store_of_a_newer_release_is_refused() {
    let Some((database, store)) = fresh().await else { return };
    drop(store);
    database.execute("INSERT INTO schema_migration VALUES (9, 'later', 0, now64(3))").await;
    let refused = open(&database.options).await.unwrap_err();
    assert!(matches!(refused, Error::NewerSchema { found: 9, known: 1 }), "{refused}");
}

#[tokio::test]
async fn a_migration_edited_after_its_release_is_noticed() {
    let Some((database, store)) = fresh().await else { return };
    drop(store);
    database.execute("INSERT INTO schema_migration VALUES (1, 'market', 1, now64(3))").await;
    let refused = open(&database.options).await.unwrap_err();
    assert!(matches!(refused, Error::ChangedMigration { version: 1 }), "{refused}");
}

#[tokio::test]
async fn somebody_elses_table_in_the_way_is_named_and_nothing_is_changed() {
    let Some(database) = Database::new() else { return };
    database.create().await;
    database.execute("CREATE TABLE candle (wax Float64) ENGINE = MergeTree ORDER BY tuple()").await;
    let refused = open(&database.options).await.unwrap_err();
    assert!(matches!(&refused, Error::ForeignTable { table, .. } if table == "candle"), "{refused}");
    let tables = "SELECT count() FROM system.tables WHERE database = currentDatabase()";
    assert_eq!(database.number(tables).await, 1);
}

#[tokio::test]
async fn other_tables_of_the_database_are_left_alone() {
    let Some(database) = Database::new() else { return };
    database.create().await;
    database.execute("CREATE TABLE theirs (x UInt8) ENGINE = MergeTree ORDER BY x").await;
    database.execute("INSERT INTO theirs VALUES (1)").await;
    let store = database.open().await;
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250205", 11.37)]).await;
    assert_eq!(database.number("SELECT count() FROM theirs").await, 1);
}
