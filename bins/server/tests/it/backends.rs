//! What a test's server keeps its data in: files and memory, or real servers in the test binaries that are called so.

use std::{
    path::Path,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use stockpile_clickhouse_local::{Engine, Error};
use stockpile_redis_local::Server;

/// Addresses of an empty store and of a cache.
pub(crate) struct Backends {
    pub(crate) storage_url: String,
    pub(crate) cache_url: String,
}

impl Backends {
    pub(crate) fn for_a_test(folder: &Path) -> Self {
        let on_clickhouse = env!("CARGO_CRATE_NAME") == "on_clickhouse";
        on_clickhouse.then(Self::on_clickhouse).flatten().unwrap_or_else(|| Self::embedded(folder))
    }

    /// A file and the memory of the process.
    fn embedded(folder: &Path) -> Self {
        Self {
            storage_url: format!("sqlite://{}", folder.join("stockpile.db").display()),
            cache_url: "memory://".to_owned(),
        }
    }

    /// A database of its own, and a Redis that all tests share; nothing where there is no engine and none is required.
    fn on_clickhouse() -> Option<Self> {
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        static REDIS: OnceLock<Option<Server>> = OnceLock::new();
        let redis = REDIS.get_or_init(|| Server::start("")).as_ref()?;
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        match Engine::shared() {
            Ok(engine) => Some(Self {
                storage_url: format!("clickhouse://default@127.0.0.1:{}/test_{number}_data", engine.port()),
                cache_url: redis.url(""),
            }),
            Err(error @ Error::NotFetched { .. }) if std::env::var_os("REQUIRE_BACKENDS").is_none() => {
                eprintln!("on a file instead: {error}");
                None
            }
            Err(error) => panic!("{error}"),
        }
    }
}
