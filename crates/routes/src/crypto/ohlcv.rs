//! Candles of a pair, as stored or merged from finer ones.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;
use stockpile_market::{Interval, SettledCandle, aggregate, can_aggregate};
use stockpile_storage::Store;
use utoipa::ToSchema;

use super::{CRYPTO, Symbol};
use crate::{
    cached::{self, Place},
    format::Form,
    json,
    openapi::{query, route::Route},
    parameters::Parameters,
    problem::Problem,
    state::AppState,
};

const INTERVALS: [&str; 4] = ["1h", "4h", "1d", "1w"];
const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1000;
/// Finer candles read at most for one answer; a week has 168 hours.
const MAX_SOURCE: u32 = 200_000;

#[derive(Serialize, ToSchema)]
struct Candles {
    symbol: String,
    #[schema(value_type = String, example = "1h")]
    interval: Interval,
    data: Vec<Row>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Candle)]
struct Row {
    /// Opening, UTC.
    #[schema(value_type = String, format = DateTime)]
    time: Timestamp,
    #[schema(extensions(("x-unit" = json!("quote currency of the pair"))))]
    open: f64,
    #[schema(extensions(("x-unit" = json!("quote currency of the pair"))))]
    high: f64,
    #[schema(extensions(("x-unit" = json!("quote currency of the pair"))))]
    low: f64,
    #[schema(extensions(("x-unit" = json!("quote currency of the pair"))))]
    close: f64,
    #[schema(required, extensions(("x-unit" = json!("base currency of the pair"))))]
    volume: Option<f64>,
    /// A later candle has begun, and no finer one is missing.
    complete: bool,
}

pub(super) fn route() -> Route {
    Route::get("/api/crypto/{symbol}/ohlcv", "crypto", "The candles of a pair", ohlcv)
        .about("Ascending. Coarse candles are merged from finer ones; weeks begin on Mondays, UTC.")
        .cached::<Candles>(include_str!("../openapi/examples/crypto-ohlcv.json"))
        .refuses("404", "No candles of this symbol, or none that add up to the interval.")
        .parameter(super::symbol())
        .parameter(query::choice(
            "interval",
            "Time a candle covers.",
            &INTERVALS.map(|name| (name, ())),
            Some(INTERVALS[0]),
        ))
        .parameter(query::number("limit", "Candles at most, the latest.", 1..=MAX_LIMIT, DEFAULT_LIMIT))
}

pub(super) async fn ohlcv(request: HttpRequest, state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    let symbol = Symbol::of_path(&request)?;
    let mut parameters = Parameters::new(request.query_string(), &["interval", "limit"]);
    let interval = parameters.choice("interval", &INTERVALS.map(|name| (name, name))).unwrap_or(INTERVALS[0]);
    let limit = parameters.number("limit", 1..=MAX_LIMIT).unwrap_or(DEFAULT_LIMIT);
    parameters.finish()?;
    let interval: Interval = interval.parse().map_err(|_| Problem::Internal)?;

    let reference = state.crypto_reference().await?;
    let key = format!("ohlcv:{symbol}:{interval}:{limit}");
    let place = Place::of_coins(&CRYPTO, &key, state.lifetimes.crypto_ohlcv, &reference);
    cached::respond(&request, &state, Form::json(&request), place, move |_| async move {
        let (pair, candles) = read(&reference.store, &symbol, interval, limit).await?;
        let data = candles
            .into_iter()
            .map(|SettledCandle { candle, complete }| Row {
                time: candle.time,
                open: candle.open,
                high: candle.high,
                low: candle.low,
                close: candle.close,
                volume: candle.volume,
                complete,
            })
            .collect();
        json(&Candles { symbol: pair, interval, data })
    })
    .await
}

/// The last candles of the pair a symbol means: itself, else against USDT.
pub(super) async fn read(
    store: &Store,
    symbol: &Symbol,
    interval: Interval,
    limit: u32,
) -> Result<(String, Vec<SettledCandle>), Problem> {
    for pair in symbol.pairs() {
        let known = store.candles.intervals(&pair).await?;
        if known.is_empty() {
            continue;
        }
        // The coarsest that adds up: the fewest to read.
        let Some(source) = known.iter().rev().find(|source| can_aggregate(**source, interval)) else {
            let known: Vec<&str> = known.iter().map(|interval| interval.name()).collect();
            let why =
                format!("{pair} has candles of {} only; they do not add up to {interval}", known.join(", "));
            return Err(Problem::NotFound(why));
        };
        let parts = interval.seconds() / source.seconds();
        // One candle more than asked for: the oldest may lack its beginning.
        let count = (limit + 1).saturating_mul(parts).min(MAX_SOURCE);
        let candles = store.candles.before(&pair, *source, Timestamp::MAX, count).await?;
        let mut merged = aggregate(&candles, *source, interval);
        let surplus = merged.len().saturating_sub(limit as usize);
        merged.drain(..surplus);
        return Ok((pair, merged));
    }
    Err(Problem::NotFound("no candles of this symbol".to_owned()))
}
