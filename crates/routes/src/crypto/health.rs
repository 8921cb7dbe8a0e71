//! How healthy the market of a coin looks.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use stockpile_market::{
    Candle, CoinFigures, CoinHistory, CryptoMarket, FULL_AGE_DAYS, HealthLevel, HealthParts, RedFlag,
    RedFlags,
};
use stockpile_storage::Store;
use utoipa::ToSchema;

use super::{CRYPTO, Symbol, ohlcv, prices};
use crate::{
    cached::{self, Place},
    format::Form,
    json,
    openapi::{route::Route, types},
    parameters::Parameters,
    problem::Problem,
    state::AppState,
};

/// Days of candles that the figures look at, and the unfinished one.
const DAYS: u32 = 91;

#[derive(Serialize, ToSchema)]
#[schema(as = CoinHealth)]
struct Health {
    /// Ticker of the coin.
    symbol: String,
    /// Mean of the known parts by their weights.
    #[schema(extensions(("x-unit" = json!("points of 100"))))]
    overall_score: f64,
    #[schema(value_type = types::Level)]
    level: HealthLevel,
    parts: Parts,
    /// Parts whose figure is unknown; the weights of the others are scaled to 100 %.
    missing: Vec<&'static str>,
    /// What should make anybody stop and look.
    #[schema(value_type = Vec<types::Flag>)]
    red_flags: Vec<RedFlag>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CoinHealthParts)]
struct Parts {
    /// How little trading moves the price, weight 30: change by turnover over 30 days, 10 % per million USD is 0, 0.001 % is 100.
    #[schema(required, extensions(("x-unit" = json!("points of 100"))))]
    liquidity: Option<f64>,
    /// Turnover of 24 hours, weight 25: 100,000 USD is 0, 1,000 million are 100.
    #[schema(required, extensions(("x-unit" = json!("points of 100"))))]
    volume: Option<f64>,
    /// Deviation of a day's return over 30 days, weight 20: 10 % is 0, 1 % is 100.
    #[schema(required, extensions(("x-unit" = json!("points of 100"))))]
    volatility: Option<f64>,
    /// Number of holders, weight 15; no source of this release tells it.
    #[schema(required, extensions(("x-unit" = json!("points of 100"))))]
    holders: Option<f64>,
    /// Time since the first trade, weight 10: 4 years are 100. Known only when the candles reach back as far.
    #[schema(required, extensions(("x-unit" = json!("points of 100"))))]
    age: Option<f64>,
}

pub(super) fn route() -> Route {
    Route::get("/api/crypto/{symbol}/health", "crypto", "How healthy the market of a coin looks", health)
        .about(
            "One score from five parts, each 0 to 100. `level` is `excellent` from 80 on, `good` from 65, `moderate` from 50, \
             `poor` from 35, else `critical`. Candles are of the pair against USDT, which counts as USD.",
        )
        .cached::<Health>(include_str!("../openapi/examples/crypto-health.json"))
        .refuses("404", "Nothing of this coin can be scored.")
        .parameter(super::symbol())
}

pub(super) async fn health(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let symbol = Symbol::of_path(&request)?;
    Parameters::new(request.query_string(), &[]).finish()?;

    let coin = symbol.coin();
    let reference = state.crypto_reference().await?;
    let key = format!("token_health:{coin}");
    let place = Place::of_coins(&CRYPTO, &key, state.lifetimes.crypto_health, &reference);
    let asked = state.clone();
    cached::respond(&request, &state, Form::json(&request), place, move |_| async move {
        let named = [coin.to_string()];
        let market = prices::markets(&asked, &reference, &named).await?.into_iter().next();
        let days = days_of(&reference.store, &coin).await?;
        let newest =
            market.iter().map(|market| market.last_updated).chain(days.last().map(|day| day.time)).max();
        let age_days = match newest {
            Some(newest) => known_age(&reference.store, &coin, newest).await?,
            None => None,
        };
        let health = scored(&coin, market.as_ref(), &days, age_days, asked.now());
        json(&health.ok_or_else(|| Problem::NotFound("nothing of this coin can be scored".to_owned()))?)
    })
    .await
}

/// The finished days of a coin against USDT, oldest first.
async fn days_of(store: &Store, coin: &Symbol) -> Result<Vec<Candle>, Problem> {
    let day = "1d".parse().map_err(|_| Problem::Internal)?;
    match ohlcv::read(store, &coin.against_usdt(), day, DAYS).await {
        Ok((_, days)) => Ok(days.into_iter().filter(|day| day.complete).map(|day| day.candle).collect()),
        Err(Problem::NotFound(_)) => Ok(Vec::new()),
        Err(problem) => Err(problem),
    }
}

/// The age that counts in full when candles reach back as far. Otherwise nothing is known: a coin is older than its candles here.
async fn known_age(store: &Store, coin: &Symbol, newest: Timestamp) -> Result<Option<f64>, Problem> {
    let pair = coin.against_usdt().to_string();
    let hours = (FULL_AGE_DAYS * 24.0) as i64;
    let Ok(long_ago) = newest.checked_sub(SignedDuration::from_hours(hours)) else { return Ok(None) };
    for interval in store.candles.intervals(&pair).await? {
        if !store.candles.before(&pair, interval, long_ago, 1).await?.is_empty() {
            return Ok(Some(FULL_AGE_DAYS));
        }
    }
    Ok(None)
}

fn scored(
    coin: &Symbol,
    market: Option<&CryptoMarket>,
    days: &[Candle],
    age_days: Option<f64>,
    now: Timestamp,
) -> Option<Health> {
    let history = CoinHistory::of(days);
    let figures = CoinFigures {
        illiquidity: history.illiquidity,
        volume_24h: market.and_then(|market| market.volume_24h),
        volatility: history.volatility,
        holders: None,
        age_days,
    };
    let flags = RedFlags {
        market_cap: market.and_then(|market| market.market_cap),
        change_24h: market.and_then(|market| market.change_24h),
        drawdown: history.drawdown,
        price_age_hours: market.map(|market| now.duration_since(market.last_updated).as_secs_f64() / 3600.0),
    };
    let parts = HealthParts::of(&figures);
    let overall_score = tenths(parts.overall()?);
    Some(Health {
        symbol: coin.to_string(),
        overall_score,
        level: HealthLevel::of(overall_score),
        missing: parts.missing().collect(),
        parts: Parts {
            liquidity: parts.liquidity.map(tenths),
            volume: parts.volume.map(tenths),
            volatility: parts.volatility.map(tenths),
            holders: parts.holders.map(tenths),
            age: parts.age.map(tenths),
        },
        red_flags: flags.raised(&figures),
    })
}

fn tenths(score: f64) -> f64 {
    (score * 10.0).round() / 10.0
}
