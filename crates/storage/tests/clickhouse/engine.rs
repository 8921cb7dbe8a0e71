//! The server under test and a client of it that knows nothing of the store.

use std::{
    env,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime},
};

use stockpile_clickhouse_local::Engine;
use stockpile_storage::{
    Store,
    clickhouse::{Options, open},
};

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A database that goes with its test.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) options: Options,
    client: clickhouse::Client,
}

impl Database {
    /// A name that no other test has, on the shared server; nothing when there is none, which is then said.
    pub(crate) fn new() -> Option<Self> {
        Some(Self::at(&server()?))
    }

    /// A name that no other test has, on a server.
    pub(crate) fn at(url: &str) -> Self {
        let since = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_micros());
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let name = format!("t_{}_{since}_{number}", std::process::id());
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        let (host, port) = address.rsplit_once(':').expect("an address is host:port");
        let options = Options::new(host).port(port.parse().unwrap()).database(&name).lease(LEASE);
        Self { options, client: clickhouse::Client::default().with_url(url).with_database(name) }
    }

    pub(crate) async fn open(&self) -> Store {
        open(&self.options).await.unwrap()
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.client.query_raw(sql).with_setting("async_insert", "0").execute().await.unwrap();
    }

    pub(crate) async fn number(&self, sql: &str) -> u64 {
        self.client.query_raw(sql).fetch_one().await.unwrap()
    }

    pub(crate) async fn create(&self) {
        let name = &self.options.database;
        let everywhere = self.client.clone().with_database("system");
        everywhere.query_raw(&format!("CREATE DATABASE {name}")).execute().await.unwrap();
    }
}

/// Long enough for a busy machine, short enough for a test that waits for its end.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

impl Drop for Database {
    fn drop(&mut self) {
        // A server of the developer's own keeps nothing of ours; the one of this program goes with it.
        if env::var_os("TEST_CLICKHOUSE_URL").is_none() {
            return;
        }
        let (client, name) = (self.client.clone().with_database("system"), self.options.database.clone());
        let _ = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(client.query_raw(&format!("DROP DATABASE IF EXISTS {name} SYNC")).execute())
        })
        .join();
    }
}

/// An empty store in a database of its own.
pub(crate) async fn fresh() -> Option<(Database, Store)> {
    let database = Database::new()?;
    let store = database.open().await;
    Some((database, store))
}

/// The address of the shared server.
pub(crate) fn server() -> Option<String> {
    if let Ok(url) = env::var("TEST_CLICKHOUSE_URL") {
        return Some(url);
    }
    match Engine::shared() {
        Ok(engine) => Some(engine.url()),
        Err(error) => {
            left_out(&error.to_string());
            None
        }
    }
}

/// Says loudly that a test is left out, and fails where it must not be.
#[allow(clippy::print_stderr, reason = "a test that is left out must be noticed")]
pub(crate) fn left_out(why: &str) {
    assert!(env::var("REQUIRE_BACKENDS").as_deref() != Ok("1"), "{why}");
    eprintln!("LEFT OUT: {why}");
}
