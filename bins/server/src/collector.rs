//! What the server fetches by itself: only when an account is set, or coins are asked for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use stockpile_cache::{Backend as _, Lease, Lifetime, Namespace, RawKey, redis::RedisBackend};
use stockpile_ingest::{
    Alone, CoinIngest, CoinOptions, Collector, Round, Rounds, SystemClock, Turn, Tushare, TushareIngest,
    TushareOptions,
};
use stockpile_routes::SourceHealth;
use stockpile_settings::{self as settings, CacheUrl, Live, Role, Settings, secrecy::ExposeSecret as _};
use stockpile_storage::Store;

/// How long a turn is kept from others at most: longer than a round takes, short enough to wait for one that died.
const TURN: Duration = Duration::from_secs(15 * 60);

/// The collector that the settings ask for, if they ask for one. Nothing is asked of a source here.
pub(crate) fn build(
    settings: &Settings,
    store: &Store,
    namespace: &str,
) -> anyhow::Result<Option<Collector>> {
    let providers = &settings.providers;
    let fetches_coins = providers.coins.live == Live::On;
    if settings.role == Role::Api || providers.tushare.token.is_none() && !fetches_coins {
        return Ok(None);
    }
    // Lists of refused rows.
    let (clock, reports) = (Arc::new(SystemClock::new()), settings.storage.folder().join("reports"));
    let tushare = match &providers.tushare.token {
        Some(token) => {
            let mut options = TushareOptions::new(providers.tushare.url.clone(), token.clone());
            options.calls_a_minute = providers.tushare.calls_per_minute;
            let source = Tushare::new(options, clock.clone()).context("while preparing Tushare")?;
            Some(TushareIngest::new(source, store.clone(), reports.clone()))
        }
        None => None,
    };
    let coins = if fetches_coins {
        let coins = &providers.coins;
        let mut options = CoinOptions::new(coins.coingecko_url.clone(), coins.binance_url.clone());
        options.api_key.clone_from(&coins.coingecko_api_key);
        let ingest = CoinIngest::new(&options, clock.clone(), store.clone(), reports);
        Some(ingest.context("while preparing the sources of coins")?)
    } else {
        None
    };
    let turn: Arc<dyn Turn> = match &settings.cache.url {
        CacheUrl::Redis(_) => Arc::new(SharedTurn::new(&settings.cache, namespace)?),
        CacheUrl::Memory | CacheUrl::None => Arc::new(Alone),
    };
    tracing::info!(tushare = tushare.is_some(), coins = fetches_coins, "this process collects");
    Ok(Some(Collector::new(store.clone(), clock, turn, tushare, coins)))
}

/// What `/health` tells of each source.
pub(crate) fn health(rounds: &Rounds, settings: &Settings) -> Vec<SourceHealth> {
    let of = |source, round: Round| SourceHealth {
        source,
        last_round: round.ended_at.map(|time| time.to_string()),
        run_count: round.runs,
        error: round.error,
    };
    let tushare = settings.providers.tushare.token.is_some().then(|| of("tushare", rounds.tushare()));
    let coins = (settings.providers.coins.live == Live::On).then(|| of("coins", rounds.coins()));
    tushare.into_iter().chain(coins).collect()
}

/// A turn among the processes that share a Redis. The store's own lock holds where Redis cannot be asked.
struct SharedTurn {
    backend: RedisBackend,
    namespace: Namespace,
    held: Mutex<HashMap<&'static str, Lease>>,
}

impl SharedTurn {
    fn new(cache: &settings::Cache, namespace: &str) -> anyhow::Result<Self> {
        let backend = RedisBackend::builder(cache.to_secret_url().expose_secret())
            .build()
            .with_context(|| format!("while preparing the turn of collectors on `{}`", cache.url))?;
        Ok(Self { backend, namespace: Namespace::new(namespace)?, held: Mutex::default() })
    }
}

#[async_trait]
impl Turn for SharedTurn {
    async fn take(&self, name: &'static str) -> bool {
        let key = format!("{}collector:{name}", self.namespace.prefix());
        let (Some(key), Some(lifetime)) = (RawKey::stored(&self.namespace, &key), Lifetime::new(TURN)) else {
            return true;
        };
        match self.backend.try_lease(&key, lifetime).await {
            Ok(Some(lease)) => {
                self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(name, lease);
                true
            }
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(%error, "whose turn it is to collect cannot be asked; the store's own lock holds");
                true
            }
        }
    }

    async fn give_back(&self, name: &'static str) {
        let lease = self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        // One that cannot be given back ends by itself.
        if let Some(lease) = lease
            && let Err(error) = self.backend.release(&lease).await
        {
            tracing::warn!(%error, "the turn to collect was not given back; it ends by itself");
        }
    }
}
