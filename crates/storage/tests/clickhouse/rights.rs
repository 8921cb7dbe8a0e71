//! Users with few rights.

use std::sync::{Arc, Mutex, Weak};

use stockpile_clickhouse_local::{Config, Engine, User};
use stockpile_market::SecurityKind;
use stockpile_storage::{
    Error, NewRun,
    clickhouse::{Options, open},
    contract::{bar, ingest, start},
};

use super::engine::{Database, left_out};

const STOCK: SecurityKind = SecurityKind::Stock;
const DATABASE: &str = "stock_data";
const PASSWORD: &str = "correct horse";

/// A server with users; the grants are those that the documentation gives.
/// Whoever drops it last ends it.
fn server() -> Option<Arc<Engine>> {
    static SERVER: Mutex<Weak<Engine>> = Mutex::new(Weak::new());
    let mut running = SERVER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(engine) = running.upgrade() {
        return Some(engine);
    }
    let started = {
        let user = |name: &str, grants: &[&str], read_only| User {
            name: name.into(),
            password: PASSWORD.into(),
            grants: grants.iter().map(|grant| (*grant).to_owned()).collect(),
            read_only,
        };
        let users = vec![
            user(
                "app",
                &[
                    "GRANT SELECT, INSERT, CREATE TABLE, DROP TABLE, ALTER, SHOW ON stock_data.*",
                    "GRANT TABLE ENGINE ON MergeTree",
                    "GRANT TABLE ENGINE ON ReplacingMergeTree",
                ],
                false,
            ),
            user("viewer", &["GRANT SELECT, SHOW ON stock_data.*"], false),
            user("frozen", &["GRANT SELECT, SHOW ON stock_data.*"], true),
            user("elsewhere", &["GRANT SELECT ON other.*"], false),
        ];
        Engine::start(&Config { users, ..Config::default() })
    };
    let engine = Arc::new(started.map_err(|error| left_out(&error.to_string())).ok()?);
    *running = Arc::downgrade(&engine);
    Some(engine)
}

async fn options(user: &str, password: &str) -> Option<(Arc<Engine>, Options)> {
    let engine = server()?;
    let mut database = Database::at(&engine.url());
    database.options.database = DATABASE.to_owned();
    clickhouse::Client::default()
        .with_url(engine.url())
        .query("CREATE DATABASE IF NOT EXISTS stock_data")
        .execute()
        .await
        .unwrap();
    let options = database.options.clone().user(user, password);
    Some((engine, options))
}

#[tokio::test]
async fn a_user_with_rights_on_the_database_alone_can_do_everything() {
    let Some((_engine, options)) = options("app", PASSWORD).await else { return };
    let store = open(&options).await.unwrap();
    loop {
        let run =
            NewRun { source: "a.csv".into(), kind: "daily".into(), started_at: jiff::Timestamp::UNIX_EPOCH };
        match store.ingest.start(run).await {
            Ok(run) => break drop(run),
            Err(Error::Locked { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error:?}"),
        }
    }
    ingest(&store, STOCK, [bar("000001.SZ", "20250205", 10.0)]).await;
    let run = start(&store).await;
    run.abandon(stockpile_storage::RowCounts::default(), jiff::Timestamp::UNIX_EPOCH, "no").await.unwrap();
    store.ingest.repair(jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(store.bars.on(STOCK, "20250205".parse().unwrap()).await.unwrap().len(), 1);
    assert!(store.basics.day_counts().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_user_who_may_only_read_reads_and_is_told_why_it_cannot_write() {
    let Some((_writers, writer)) = options("default", "").await else { return };
    open(&writer).await.unwrap();
    for user in ["viewer", "frozen"] {
        let Some((_engine, options)) = options(user, PASSWORD).await else { return };
        let store = open(&options).await.unwrap();
        store.bars.day_counts(STOCK).await.unwrap();
        assert_eq!(store.crypto_markets.latest().await.unwrap(), [], "{user}");
        store.ingest.revision().await.unwrap();
        let run =
            NewRun { source: "a.csv".into(), kind: "daily".into(), started_at: jiff::Timestamp::UNIX_EPOCH };
        // Until the other test of this database lets go of its lock.
        let refused = loop {
            match store.ingest.start(run.clone()).await {
                Err(Error::Locked { .. }) => tokio::task::yield_now().await,
                other => break other.unwrap_err(),
            }
        };
        assert!(matches!(refused, Error::Forbidden { .. }), "{user}: {refused:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_or_user_is_told_without_the_password() {
    for user in ["app", "nobody"] {
        let Some((_engine, options)) = options(user, "wrong horse").await else { return };
        let refused = open(&options).await.unwrap_err();
        assert!(matches!(&refused, Error::Login { user: named, .. } if named == user), "{refused:?}");
        assert!(!format!("{refused:?} {refused}").contains("wrong horse"));
    }
}

#[tokio::test]
async fn a_user_who_may_not_create_the_database_is_told_its_name() {
    let Some((_engine, options)) = options("elsewhere", PASSWORD).await else { return };
    let refused = open(&options.database("not_there")).await.unwrap_err();
    assert!(
        matches!(&refused, Error::NoDatabase { database, user, .. } if database == "not_there" && user == "elsewhere"),
        "{refused:?}"
    );
}
