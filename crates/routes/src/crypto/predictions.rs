//! Forecasts of prices from stored candles.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use stockpile_market::{FORECAST_LEVEL, ForecastModel, Interval, SettledCandle, forecast, forecast_needs};
use stockpile_storage::Store;
use utoipa::ToSchema;

use super::{CRYPTO, Symbol, ohlcv};
use crate::{
    cached::{self, Place},
    format::Form,
    json,
    openapi::{query, route::Route, types},
    parameters::Parameters,
    problem::Problem,
    state::AppState,
};

/// How far ahead a forecast looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Horizon {
    name: &'static str,
    hours: u32,
    /// Candles it may rest on, in this order: short ones begin later, long ones reach back further.
    bases: &'static [&'static str],
}

pub(super) const DAY: Horizon = Horizon { name: "24h", hours: 24, bases: &["1h", "1d"] };
const HORIZONS: [Horizon; 4] = [
    Horizon { name: "1h", hours: 1, bases: &["1h"] },
    Horizon { name: "4h", hours: 4, bases: &["1h", "4h"] },
    DAY,
    Horizon { name: "7d", hours: 168, bases: &["1d"] },
];

#[derive(Serialize, ToSchema)]
pub(super) struct Prediction {
    /// As asked for, in upper case.
    symbol: String,
    /// The pair whose candles it rests on.
    pair: String,
    #[schema(value_type = types::HorizonName)]
    horizon: &'static str,
    /// Price expected at the end of the horizon.
    #[schema(extensions(("x-unit" = json!("quote currency of the pair"))))]
    predicted_price: f64,
    interval: Reach,
    #[schema(value_type = types::Model)]
    model: ForecastModel,
    backtest: Backtest,
    /// End of the newest finished candle, from which the horizon counts.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    /// When this answer was made.
    #[schema(value_type = String, format = DateTime)]
    generated_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PredictionInterval)]
struct Reach {
    #[schema(extensions(("x-unit" = json!("quote currency of the pair"))))]
    low: f64,
    #[schema(extensions(("x-unit" = json!("quote currency of the pair"))))]
    high: f64,
    /// Part of past prices that lay within an interval of this width.
    #[schema(extensions(("x-unit" = json!("percent"))))]
    level: f64,
}

#[derive(Serialize, ToSchema)]
struct Backtest {
    /// Mean absolute error of the forecasts the model would have made, by the price that came.
    #[schema(extensions(("x-unit" = json!("percent"))))]
    mape: f64,
    /// Forecasts judged, one after another without overlap, none of them used to choose the model.
    #[schema(extensions(("x-unit" = json!("forecasts"))))]
    windows: u32,
}

impl Prediction {
    /// The same under another name of the pair.
    pub(super) fn named(self, symbol: String) -> Self {
        Self { symbol, ..self }
    }
}

pub(super) fn route() -> Route {
    let horizons = HORIZONS.map(|horizon| (horizon.name, ()));
    Route::get("/api/crypto/{symbol}/predictions", "crypto", "A forecast of a price", predictions)
        .about(
            "Made by the model that did best on this pair's own past: the last price, growth at its average pace, exponential \
             smoothing, or a damped trend. The interval is as wide as that model's past errors were. It knows \
             nothing but the candles; it is no advice.",
        )
        .cached::<Prediction>(include_str!("../openapi/examples/crypto-predictions.json"))
        .refuses("404", "No candles of this symbol, or too few in a row.")
        .parameter(super::symbol())
        .parameter(query::choice("horizon", "Time to look ahead.", &horizons, Some(DAY.name)))
}

pub(super) async fn predictions(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let symbol = Symbol::of_path(&request)?;
    let mut parameters = Parameters::new(request.query_string(), &["horizon"]);
    let horizons = HORIZONS.map(|horizon| (horizon.name, horizon));
    let horizon = parameters.choice("horizon", &horizons).unwrap_or(DAY);
    parameters.finish()?;

    let reference = state.crypto_reference().await?;
    let key = format!("predictions:{symbol}:{}", horizon.name);
    let place = Place::of_coins(&CRYPTO, &key, state.lifetimes.crypto_prediction, &reference);
    let asked = state.clone();
    cached::respond(&request, &state, Form::json(&request), place, move |_| async move {
        json(&predict(&reference.store, &symbol, horizon, asked.now()).await?)
    })
    .await
}

/// A forecast from the first candles that reach back far enough.
pub(super) async fn predict(
    store: &Store,
    symbol: &Symbol,
    horizon: Horizon,
    now: Timestamp,
) -> Result<Prediction, Problem> {
    let mut why_not = None;
    for name in horizon.bases {
        let base: Interval = name.parse().map_err(|_| Problem::Internal)?;
        let steps = horizon.hours * 3600 / base.seconds();
        let (least, most) = forecast_needs(steps);
        // One more: the newest may be unfinished.
        let count = u32::try_from(most + 1).map_err(|_| Problem::Internal)?;
        let (pair, candles) = match ohlcv::read(store, symbol, base, count).await {
            Ok(found) => found,
            Err(Problem::NotFound(why)) => {
                why_not.get_or_insert(why);
                continue;
            }
            Err(problem) => return Err(problem),
        };
        let candles = finished_in_a_row(&candles, base);
        let closes: Vec<f64> = candles.iter().map(|candle| candle.candle.close).collect();
        let (Some(made), Some(last)) = (forecast(&closes, steps), candles.last()) else {
            why_not.get_or_insert(format!(
                "{pair} has {} finished candles of {base} in a row; a forecast of {} needs {least}",
                closes.len(),
                horizon.name
            ));
            continue;
        };
        return Ok(Prediction {
            symbol: symbol.to_string(),
            pair,
            horizon: horizon.name,
            predicted_price: eight_digits(made.price),
            interval: Reach {
                low: eight_digits(made.low),
                high: eight_digits(made.high),
                level: FORECAST_LEVEL,
            },
            model: made.model,
            backtest: Backtest { mape: (made.mape * 1e4).round() / 1e4, windows: made.windows },
            as_of: last.candle.time + SignedDuration::from_secs(base.seconds().into()),
            generated_at: Timestamp::from_second(now.as_second()).unwrap_or(now),
        });
    }
    Err(Problem::NotFound(why_not.unwrap_or_else(|| "no candles of this symbol".to_owned())))
}

/// The newest candles that can change no more and have no gap between them.
fn finished_in_a_row(candles: &[SettledCandle], base: Interval) -> &[SettledCandle] {
    let unfinished = candles.iter().rev().take_while(|candle| !candle.complete).count();
    let candles = &candles[..candles.len() - unfinished];
    let step = SignedDuration::from_secs(base.seconds().into());
    let follows = |pair: &[SettledCandle]| {
        pair[0].complete && pair[1].candle.time.duration_since(pair[0].candle.time) == step
    };
    let begin = candles.windows(2).rposition(|pair| !follows(pair)).map_or(0, |gap| gap + 1);
    &candles[begin..]
}

/// More digits would only feign exactness.
fn eight_digits(price: f64) -> f64 {
    format!("{price:.7e}").parse().unwrap_or(price)
}

#[cfg(test)]
mod tests {
    use stockpile_market::{Candle, aggregate};

    use super::*;

    fn hours(numbers: &[i64]) -> Vec<SettledCandle> {
        let hour: Interval = "1h".parse().unwrap();
        let candle = |number: &i64| Candle {
            symbol: "BTCUSDT".into(),
            interval: hour,
            time: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(*number),
            open: 1.0,
            high: 1.0,
            low: 1.0,
            close: 1.0,
            volume: None,
            quote_volume: None,
        };
        aggregate(&numbers.iter().map(candle).collect::<Vec<_>>(), hour, hour)
    }

    #[test]
    fn only_finished_candles_after_the_last_gap_count() {
        let count = |numbers: &[i64]| {
            let candles = hours(numbers);
            finished_in_a_row(&candles, "1h".parse().unwrap()).len()
        };
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&[1]), 0);
        assert_eq!(count(&[1, 2, 3]), 2);
        assert_eq!(count(&[1, 2, 4, 5, 6, 7]), 3);
        assert_eq!(count(&[1, 2, 3, 9]), 3);
    }

    #[test]
    fn digits_are_kept_whatever_the_size() {
        for (price, kept) in
            [(98_123.456_789, 98_123.457), (0.000_012_345_678_9, 0.000_012_345_679), (2.0, 2.0)]
        {
            assert_eq!(eight_digits(price), kept);
        }
    }
}
