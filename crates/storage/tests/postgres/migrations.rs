//! Databases as they may be found: absent, ours, somebody else's, newer than the program.

use std::{
    env,
    process::{Child, Command, Stdio},
};

use stockpile_market::SecurityKind;
use stockpile_storage::{
    Error, Part, RowCounts,
    contract::{bar, ingest, numbered, start},
    postgres,
};

use crate::desk::{Database, fresh, new_name, options};

#[tokio::test]
async fn the_database_is_created_and_is_there_after_reopening() {
    let Some((database, store)) = fresh().await else { return };
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250205", 11.37)]).await;
    let other = postgres::open(&database.options()).await.unwrap();
    assert_eq!(other.bars.day_counts(SecurityKind::Stock).await.unwrap().len(), 1);
    assert_eq!(
        store.ingest.fingerprint(Part::Market).await.unwrap(),
        other.ingest.fingerprint(Part::Market).await.unwrap()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_openers_create_and_migrate_once() {
    let Some(database) = Database::absent() else { return };
    let openers: Vec<_> = (0..8)
        .map(|_| {
            let options = database.options();
            tokio::spawn(async move { postgres::open(&options).await })
        })
        .collect();
    for opener in openers {
        opener.await.unwrap().unwrap();
    }
    let applied = database.sql().await.query_one("SELECT count(*) FROM schema_migration", &[]).await.unwrap();
    assert_eq!(applied.get::<_, i64>(0), 1);
}

const OPENED_BY: &str = "STOCKPILE_TEST_OPEN";

/// Not a promise of its own: what the processes of the next test run.
#[tokio::test]
#[allow(clippy::print_stdout, reason = "the next test reads it")]
async fn a_process_opens_what_it_is_told_to() {
    let Ok(address) = env::var(OPENED_BY) else { return };
    let server: tokio_postgres::Config = address.parse().unwrap();
    let store = postgres::open(&options(&server, server.get_dbname().unwrap())).await.unwrap();
    println!("{} opened revision {}", std::process::id(), store.ingest.revision().await.unwrap());
}

#[tokio::test]
async fn four_processes_create_and_migrate_once() {
    let Some(database) = Database::absent() else { return };
    let address = database.address();
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
    let applied = database.sql().await.query_one("SELECT count(*) FROM schema_migration", &[]).await.unwrap();
    assert_eq!(applied.get::<_, i64>(0), 1);
}

#[tokio::test]
async fn opening_never_waits_for_a_run_of_another_handle() {
    let Some((database, store)) = fresh().await else { return };
    let mut run = start(&store).await;
    run.write_bars(SecurityKind::Stock, numbered([bar("000001.SZ", "20250205", 11.37)])).await.unwrap();
    let other = postgres::open(&database.options()).await.unwrap();
    assert!(other.ingest.is_writing().await.unwrap());
    assert!(other.bars.day_counts(SecurityKind::Stock).await.unwrap().is_empty());
    run.commit(RowCounts::default(), jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    assert!(!other.ingest.is_writing().await.unwrap());
    assert_eq!(other.bars.day_counts(SecurityKind::Stock).await.unwrap().len(), 1);
}

#[tokio::test]
async fn somebody_elses_table_is_named_and_left_as_it_was() {
    let Some(database) = Database::absent() else { return };
    create(&database).await;
    let sql = database.sql().await;
    sql.batch_execute("CREATE TABLE unrelated (x int); CREATE TABLE candle (x int)").await.unwrap();
    let refused = postgres::open(&database.options()).await.unwrap_err();
    assert!(matches!(&refused, Error::ForeignTable { table, .. } if table == "candle"), "{refused}");
    let tables = sql.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", &[]).await.unwrap();
    assert_eq!(tables.len(), 2);

    sql.batch_execute("DROP TABLE candle; CREATE TABLE schema_migration (id text)").await.unwrap();
    let refused = postgres::open(&database.options()).await.unwrap_err();
    assert!(
        matches!(&refused, Error::ForeignTable { table, .. } if table == "schema_migration"),
        "{refused}"
    );

    sql.batch_execute("DROP TABLE schema_migration").await.unwrap();
    postgres::open(&database.options()).await.unwrap();
}

#[tokio::test]
async fn a_store_of_a_newer_release_is_refused() {
    let Some((database, _store)) = fresh().await else { return };
    let sql = database.sql().await;
    sql.execute("INSERT INTO schema_migration VALUES (9, 'later', 0)", &[]).await.unwrap();
    let refused = postgres::open(&database.options()).await.unwrap_err();
    assert!(matches!(refused, Error::NewerSchema { found: 9, known: 1 }), "{refused}");
}

#[tokio::test]
async fn a_migration_edited_after_its_release_is_noticed() {
    let Some((database, _store)) = fresh().await else { return };
    database.sql().await.execute("UPDATE schema_migration SET checksum = 1", &[]).await.unwrap();
    let refused = postgres::open(&database.options()).await.unwrap_err();
    assert!(matches!(refused, Error::ChangedMigration { version: 1 }), "{refused}");
}

#[tokio::test]
async fn two_schemas_of_a_database_are_two_stores() {
    let Some((database, store)) = fresh().await else { return };
    let user = new_name();
    let (name, sql) = (&database.name, database.sql().await);
    sql.batch_execute(&format!(
        "CREATE USER {user} PASSWORD 'secret'; CREATE SCHEMA {user} AUTHORIZATION {user}; \
         ALTER ROLE {user} IN DATABASE {name} SET search_path = {user}"
    ))
    .await
    .unwrap();
    let mut config = database.server.clone();
    config.user(&user).password("secret");
    let other = postgres::open(&crate::desk::options(&config, name)).await.unwrap();
    let run = start(&store).await;
    ingest(&other, SecurityKind::Stock, [bar("000001.SZ", "20250205", 11.37)]).await;
    drop(run);
    assert!(store.bars.day_counts(SecurityKind::Stock).await.unwrap().is_empty());
    drop(other);
    sql.batch_execute(&format!("DROP OWNED BY {user}; DROP USER {user}")).await.unwrap();
}

#[tokio::test]
async fn a_database_of_another_encoding_is_refused() {
    let Some(database) = Database::absent() else { return };
    let sql = crate::desk::connect(&database.server, "postgres").await;
    let name = &database.name;
    sql.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"))
        .await
        .unwrap();
    let refused = postgres::open(&database.options()).await.unwrap_err();
    let Error::Open { source, .. } = refused else { panic!("{refused}") };
    assert!(source.to_string().contains("LATIN1"), "{source}");
}

#[tokio::test]
async fn a_repair_counts_days_that_were_counted_wrong() {
    let Some((database, store)) = fresh().await else { return };
    let days = ["20250205", "20250206"];
    ingest(&store, SecurityKind::Stock, days.map(|day| bar("000001.SZ", day, 11.37))).await;
    let before = store.bars.day_counts(SecurityKind::Stock).await.unwrap();
    let sql = database.sql().await;
    sql.batch_execute(
        "UPDATE bar_day SET rows = 7 WHERE trade_date = '2025-02-05'; \
         DELETE FROM bar_day WHERE trade_date = '2025-02-06'; \
         INSERT INTO bar_day VALUES (2, '2025-02-05', 3, 0, 1)",
    )
    .await
    .unwrap();
    let revision = store.ingest.revision().await.unwrap();
    let repaired = store.ingest.repair(jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(repaired.recounted_days, 3);
    assert_eq!(store.bars.day_counts(SecurityKind::Stock).await.unwrap(), before);
    assert_eq!(store.bars.day_counts(SecurityKind::Etf).await.unwrap(), []);
    assert!(store.ingest.revision().await.unwrap() > revision);
}

#[tokio::test]
async fn every_column_with_a_unit_says_so_in_the_database() {
    let Some((database, _store)) = fresh().await else { return };
    let silent = database
        .sql()
        .await
        .query(
            "SELECT relname || '.' || attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid \
             WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND atttypid = 'float8'::regtype \
             AND col_description(attrelid, attnum) IS NULL",
            &[],
        )
        .await
        .unwrap();
    let silent: Vec<String> = silent.iter().map(|row| row.get(0)).collect();
    assert_eq!(silent, [""; 0]);
}

/// Creates a database past the store.
async fn create(database: &Database) {
    let sql = crate::desk::connect(&database.server, "postgres").await;
    sql.batch_execute(&format!("CREATE DATABASE {}", database.name)).await.unwrap();
}
