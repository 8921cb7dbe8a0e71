//! What a test's server keeps its data in: files and memory, or real servers in the test binaries that are called so.

use std::{path::Path, sync::OnceLock};

use stockpile_clickhouse_local::Database as ClickHouseDatabase;
use stockpile_postgres_local::Database as PostgresDatabase;
use stockpile_redis_local::Server;

/// The name of this test binary: `on_clickhouse` and `on_postgres` run tests of `it` once more.
const BINARY: &str = env!("CARGO_CRATE_NAME");

/// A database of a test's own, gone with it.
#[allow(dead_code, reason = "kept until it is dropped")]
enum Database {
    ClickHouse(ClickHouseDatabase),
    Postgres(PostgresDatabase),
}

/// Addresses of an empty store and of a cache.
pub(crate) struct Backends {
    pub(crate) storage_url: String,
    pub(crate) cache_url: String,
    /// How the store calls itself.
    pub(crate) engine: &'static str,
    database: Option<Database>,
}

impl Backends {
    pub(crate) fn for_a_test(folder: &Path) -> Self {
        Self::on_servers().unwrap_or_else(|| Self::embedded(folder))
    }

    /// Whether the data is in a file and the cache in memory.
    pub(crate) fn is_embedded(&self) -> bool {
        self.database.is_none()
    }

    /// A file and the memory of the process.
    fn embedded(folder: &Path) -> Self {
        Self {
            storage_url: format!("sqlite://{}", folder.join("stockpile.db").display()),
            cache_url: "memory://".to_owned(),
            engine: "sqlite",
            database: None,
        }
    }

    /// A database of its own, and a Redis that all tests share; nothing where there is no server and none is required.
    fn on_servers() -> Option<Self> {
        static REDIS: OnceLock<Option<Server>> = OnceLock::new();
        let (storage_url, engine, database) = match BINARY {
            "on_clickhouse" => {
                let database = ClickHouseDatabase::for_a_test()?;
                (database.storage_url(), "clickhouse", Database::ClickHouse(database))
            }
            "on_postgres" => {
                let database = PostgresDatabase::for_a_test()?;
                (database.storage_url(), "postgres", Database::Postgres(database))
            }
            _ => return None,
        };
        let redis = REDIS.get_or_init(|| Server::start("")).as_ref()?;
        Some(Self { storage_url, cache_url: redis.url(""), engine, database: Some(database) })
    }
}
