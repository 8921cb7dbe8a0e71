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
    Alone, CoinIngest, CoinOptions, Collector, LiveQuote, QuoteFeed, QuoteSink, Round, Rounds, SystemClock,
    Turn, Tushare, TushareIngest, TushareOptions,
};
use stockpile_routes::{AppState, Quote, SourceHealth};
use stockpile_settings::{self as settings, CacheUrl, Live, Role, Settings, secrecy::ExposeSecret as _};
use stockpile_storage::Store;
use tokio::task::AbortHandle;

/// How long a turn outlives a process that is killed.
const TURN: Duration = Duration::from_secs(60);
/// How often a turn is renewed: a third of its life, so that one failure costs nothing.
const RENEW_EVERY: Duration = Duration::from_secs(20);

/// A collector, and the account that it fetches with.
pub(crate) struct Collecting {
    pub(crate) collector: Collector,
    tushare: Option<Tushare>,
}

impl Collecting {
    /// The collector, with quotes shown by a server if they are wanted.
    pub(crate) fn into_collector(self, settings: &Settings, state: &AppState) -> anyhow::Result<Collector> {
        match self.tushare.filter(|_| has_quotes(settings)) {
            Some(source) => {
                let interval = settings.providers.tushare.quotes_interval;
                let feed = QuoteFeed::new(&source, interval, Arc::new(Shown(state.clone())));
                Ok(self.collector.with_quotes(feed.context("while preparing the quotes of Tushare")?))
            }
            None => Ok(self.collector),
        }
    }
}

/// Whether quotes are fetched here.
fn has_quotes(settings: &Settings) -> bool {
    settings.providers.tushare.quotes == Live::On && settings.providers.tushare.token.is_some()
}

/// Whether quotes may be in the cache: fetched here, or by another process that shares it.
pub(crate) fn may_have_quotes(settings: &Settings) -> bool {
    let shared = matches!(settings.cache.url, CacheUrl::Redis(_));
    settings.providers.tushare.quotes == Live::On && (shared || has_quotes(settings))
}

/// A server that shows quotes.
struct Shown(AppState);

#[async_trait]
impl QuoteSink for Shown {
    async fn publish(&self, quotes: Vec<LiveQuote>) {
        self.0.publish(quotes.into_iter().map(shown).collect()).await;
    }
}

fn shown(live: LiveQuote) -> stockpile_routes::LiveQuote {
    let change = live.pre_close.map(|before| four_decimals(live.price - before));
    let pct_chg = live.pre_close.map(|before| four_decimals((live.price / before - 1.0) * 100.0));
    let quote = Quote {
        time: live.time,
        price: live.price,
        open: live.open,
        high: live.high,
        low: live.low,
        pre_close: live.pre_close,
        change,
        pct_chg,
        vol: live.vol,
        amount: live.amount,
    };
    stockpile_routes::LiveQuote { code: live.ts_code, kind: live.kind, name: live.name, quote }
}

/// As Tushare rounds what it computes.
fn four_decimals(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}

/// The collector that the settings ask for, if they ask for one. Nothing is asked of a source here.
pub(crate) fn build(
    settings: &Settings,
    store: &Store,
    namespace: &str,
) -> anyhow::Result<Option<Collecting>> {
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
            Some(Tushare::new(options, clock.clone()).context("while preparing Tushare")?)
        }
        None => None,
    };
    let days = tushare.clone().map(|source| TushareIngest::new(source, store.clone(), reports.clone()));
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
    let collector = Collector::new(store.clone(), clock, turn, days, coins);
    Ok(Some(Collecting { collector, tushare }))
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
    let quotes = has_quotes(settings).then(|| of("quotes", rounds.quotes()));
    tushare.into_iter().chain(quotes).chain(coins).collect()
}

/// A turn among the processes that share a Redis. The store's own lock holds where Redis cannot be asked.
struct SharedTurn {
    backend: Arc<RedisBackend>,
    namespace: Namespace,
    held: Mutex<HashMap<&'static str, Held>>,
}

/// A lease that is renewed until it is dropped.
struct Held {
    lease: Lease,
    renewing: AbortHandle,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

/// Renews a lease for as long as it is ours.
async fn renew(backend: Arc<RedisBackend>, lease: Lease, lifetime: Lifetime) {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        match backend.renew(&lease, lifetime).await {
            Ok(true) => {}
            Ok(false) => {
                return tracing::warn!(
                    "the turn to collect has passed to another; the store's own lock holds"
                );
            }
            Err(error) => {
                tracing::warn!(%error, "the turn to collect was not renewed; it will be tried again")
            }
        }
    }
}

impl SharedTurn {
    fn new(cache: &settings::Cache, namespace: &str) -> anyhow::Result<Self> {
        let backend = RedisBackend::builder(cache.to_secret_url().expose_secret())
            .build()
            .with_context(|| format!("while preparing the turn of collectors on `{}`", cache.url))?;
        Ok(Self { backend: Arc::new(backend), namespace: Namespace::new(namespace)?, held: Mutex::default() })
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
                let renewing =
                    tokio::spawn(renew(self.backend.clone(), lease.clone(), lifetime)).abort_handle();
                let held = Held { lease, renewing };
                self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(name, held);
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
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        // One that cannot be given back ends by itself.
        if let Some(held) = held
            && let Err(error) = self.backend.release(&held.lease).await
        {
            tracing::warn!(%error, "the turn to collect was not given back; it ends by itself");
        }
    }
}

#[cfg(test)]
mod tests {
    use stockpile_market::SecurityKind;

    use super::*;

    #[test]
    fn the_change_of_a_quote_is_counted_from_the_close_before() {
        let quote = |pre_close| LiveQuote {
            ts_code: "601866.SH".parse().unwrap(),
            kind: SecurityKind::Stock,
            name: None,
            time: "2025-02-06T10:00:00+08:00".parse().unwrap(),
            price: 2.24,
            open: None,
            high: None,
            low: None,
            pre_close,
            vol: None,
            amount: None,
        };
        let known = shown(quote(Some(2.28))).quote;
        assert_eq!((known.change, known.pct_chg), (Some(-0.04), Some(-1.7544)));
        let unknown = shown(quote(None)).quote;
        assert_eq!((unknown.change, unknown.pct_chg), (None, None));
    }
}
