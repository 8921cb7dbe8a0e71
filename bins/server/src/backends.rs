//! Chooses every backend; the only place that knows their concrete types.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use stockpile_cache::{Cache, CacheBuilder};
use stockpile_ingest::Collector;
use stockpile_market::SecurityKind;
use stockpile_routes::{AppState, Lifetimes, Metrics, MetricsAccess, Options, StreamOptions};
use stockpile_settings::{
    self as settings, ApiAccess, Demo, Settings, StorageUrl, secrecy::ExposeSecret as _,
};
use stockpile_storage::{Error as StoreError, Store};
use stockpile_telemetry::Exporter;

use crate::{collector, demo};

/// How often durations of requests are sorted into their histograms; until then each takes 8 bytes.
const SETTLE_EVERY: Duration = Duration::from_secs(1);

/// How long a store on a server is waited for at the start.
const STORE_PATIENCE: Duration = Duration::from_secs(60);
const STORE_RETRY: Duration = Duration::from_secs(1);

/// What the keys in a shared cache start with.
const NAMESPACE: &str = "stock:";

/// What the settings ask for and this release cannot do, one sentence each; empty when it can start.
#[must_use]
pub fn missing(settings: &Settings) -> Vec<String> {
    let access = (settings.access.api == ApiAccess::Authenticated).then(|| {
        "API_ACCESS: `authenticated` needs accounts, which this release does not have; use open".to_owned()
    });
    let demo = (settings.demo != Demo::Off && demo::is_demo(&settings.storage)).then(|| {
        format!(
            "STORAGE_URL: `{}` is the name of a demo market's own store, and rows never mix; name another, or DEMO=off",
            settings.storage
        )
    });
    [access, demo].into_iter().flatten().collect()
}

pub(crate) async fn build(settings: &Settings) -> anyhow::Result<(AppState, Option<Collector>)> {
    let missing = missing(settings);
    if !missing.is_empty() {
        bail!(missing.join("; "));
    }
    let store = open_store(&settings.storage).await?;
    let cache = build_cache(settings)?;
    let collecting = collector::build(settings, &store, NAMESPACE)?;
    let lifetimes = &settings.cache.lifetimes;
    let options = Options {
        version: env!("CARGO_PKG_VERSION"),
        lifetimes: Lifetimes {
            daily: lifetimes.daily,
            daily_live: lifetimes.daily_live,
            quote: lifetimes.quote,
            basic: lifetimes.basic,
            overview: lifetimes.overview,
            overview_live: lifetimes.overview_live,
            crypto_prices: lifetimes.crypto_prices,
            crypto_ohlcv: lifetimes.crypto_ohlcv,
            crypto_health: lifetimes.crypto_health,
            crypto_prediction: lifetimes.crypto_prediction,
            crypto_dashboard: lifetimes.crypto_dashboard,
        },
        request_timeout: settings.http.request_timeout,
        now: Timestamp::now,
    };
    let wants_demo = match settings.demo {
        Demo::On => true,
        Demo::Off => false,
        Demo::Auto => !has_bars(&store).await?,
    };
    let streams = StreamOptions {
        max_connections: settings.http.stream_max_connections,
        allowed_origins: settings.http.cors_origins.clone(),
        ..StreamOptions::default()
    };
    let state = AppState::new(store, cache, &options).with_streams(streams);
    let state = with_metrics(state, settings.access.metrics)?;
    let state = match &collecting {
        Some(collecting) => {
            let (rounds, settings) = (collecting.collector.rounds(), settings.clone());
            state.with_sources(move || collector::health(&rounds, &settings))
        }
        None => state,
    };
    let state = if collector::may_have_quotes(settings) { state.with_live_quotes() } else { state };
    let state = if wants_demo { with_demo(state, settings).await? } else { state };
    let collector = collecting.map(|collecting| collecting.into_collector(settings, &state)).transpose()?;
    Ok((state, collector))
}

/// An empty store is served as it is where a demo market cannot stand beside it and nobody insists.
async fn with_demo(state: AppState, settings: &Settings) -> anyhow::Result<AppState> {
    match demo::open(&settings.storage, settings.demo == Demo::On).await {
        Ok(demo) => Ok(state.with_demo(demo)),
        Err(error) if settings.demo == Demo::Auto => {
            tracing::warn!(error = format!("{error:#}"), "the store is empty, and there is no demo market");
            Ok(state)
        }
        Err(error) => Err(error),
    }
}

fn with_metrics(state: AppState, access: settings::MetricsAccess) -> anyhow::Result<AppState> {
    let access = match access {
        settings::MetricsAccess::Loopback => MetricsAccess::Loopback,
        settings::MetricsAccess::Open => MetricsAccess::Open,
        settings::MetricsAccess::Off => return Ok(state),
    };
    let exporter = Exporter::new().context("while starting the metrics")?;
    let (recorder, settling) = (exporter.recorder(), exporter.clone());
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(SETTLE_EVERY).await;
            settling.settle();
        }
    });
    Ok(state.with_metrics(Metrics { recorder, render: Arc::new(move || exporter.render()), access }))
}

async fn has_bars(store: &Store) -> anyhow::Result<bool> {
    for kind in SecurityKind::ALL {
        if !store.bars.day_counts(kind).await.context("while asking the store")?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn open_store(url: &StorageUrl) -> anyhow::Result<Store> {
    let store = await_store(url).await.context("while opening the store")?;
    tracing::info!(store = %url, "opened the store");
    if store.ingest.revision().await.context("while asking the store")? == 0 {
        tracing::info!("the store is empty; `stockpile ingest file PATH` fills it");
    }
    Ok(store)
}

/// Opens a store; a server that does not answer yet, as when both start at once, is waited for.
async fn await_store(url: &StorageUrl) -> Result<Store, StoreError> {
    let began = Instant::now();
    loop {
        match stockpile_storage::open(url).await {
            Err(error @ (StoreError::Unreachable { .. } | StoreError::TimedOut { .. }))
                if began.elapsed() < STORE_PATIENCE =>
            {
                tracing::warn!(store = %url, %error, "waiting for the store");
                tokio::time::sleep(STORE_RETRY).await;
            }
            opened => return opened,
        }
    }
}

/// Makes the cache and starts connecting it; a backend that is down is found again when it is up.
fn build_cache(settings: &Settings) -> anyhow::Result<Cache> {
    let url = &settings.cache.url;
    let cache = Cache::builder()
        .namespace(NAMESPACE)
        .budget(settings.cache.budget)
        .l1_max_bytes(settings.cache.l1_max_bytes)
        .url(settings.cache.to_secret_url().expose_secret())
        .and_then(CacheBuilder::build)
        .with_context(|| format!("while building the cache `{url}`"))?;
    cache.connect();
    tracing::info!(cache = %url, "answers are cached");
    Ok(cache)
}
