//! Chooses every backend; the only place that knows their concrete types.

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use stockpile_cache::Cache;
use stockpile_routes::{AppState, Lifetimes, Options};
use stockpile_settings::{ApiAccess, CacheUrl, Demo, Settings, StorageUrl};
use stockpile_storage::{Store, sqlite};

pub(crate) async fn build(settings: &Settings) -> anyhow::Result<AppState> {
    if settings.access.api == ApiAccess::Authenticated {
        bail!(
            "API_ACCESS=authenticated needs accounts, which this release does not have; use API_ACCESS=open"
        );
    }
    if settings.demo == Demo::On {
        bail!("DEMO=on needs the demo market, which this release does not have; use DEMO=auto");
    }
    let store = open_store(&settings.storage).await?;
    let cache = build_cache(settings)?;
    let lifetimes = &settings.cache.lifetimes;
    let options = Options {
        version: env!("CARGO_PKG_VERSION"),
        lifetimes: Lifetimes {
            daily: lifetimes.daily,
            daily_live: lifetimes.daily_live,
            basic: lifetimes.basic,
            overview: lifetimes.overview,
            overview_live: lifetimes.overview_live,
        },
        request_timeout: settings.http.request_timeout,
        now: Timestamp::now,
    };
    Ok(AppState::new(store, cache, &options))
}

async fn open_store(url: &StorageUrl) -> anyhow::Result<Store> {
    let store = match url {
        StorageUrl::Sqlite { path } => sqlite::open(path).await.context("while opening the store")?,
        other => bail!("STORAGE_URL: `{other}` is not built into this release; use sqlite://FILE"),
    };
    tracing::info!(store = %url, "opened the store");
    if store.ingest.revision().await.context("while asking the store")? == 0 {
        tracing::info!("the store is empty; `stockpile ingest file PATH` fills it");
    }
    Ok(store)
}

fn build_cache(settings: &Settings) -> anyhow::Result<Cache> {
    match &settings.cache.url {
        CacheUrl::Memory => Cache::builder()
            .namespace("stock:")
            .l1_max_bytes(settings.cache.l1_max_bytes)
            .build()
            .context("while building the cache"),
        CacheUrl::None => Ok(Cache::disabled()),
        other => bail!("CACHE_URL: `{other}` is not built into this release; use memory:// or none://"),
    }
}
