//! Forecasts of prices, with what their own past errors say of them.
//!
//! Nobody forecasts a coin well. What can be had honestly is the model that did best on this very series, and an
//! interval as wide as its errors were:
//!
//! 1. The series is cut into windows that do not overlap: at the start of each, every model forecasts its end from what came
//!    before. The newest [`MAX_WINDOWS`] count.
//! 2. The oldest third of the windows chooses the model: the least mean absolute error of the logarithm, a tie goes to the
//!    simpler. Models are the random walk, the random walk with drift, exponential smoothing and a damped trend.
//! 3. The other windows, which the choice has not seen, judge it: their mean absolute percentage error is what is told.
//! 4. The interval reaches as far up and down, as a ratio, as the error that [`LEVEL`] percent of those windows stayed within
//!    (split conformal prediction: the rank is rounded up for the window that is still to come).

mod model;
#[cfg(test)]
mod tests;

use model::{CANDIDATES, Fitted};

pub use model::ForecastModel;

/// Part of the prices that the interval is to hold, percent.
pub const LEVEL: f64 = 80.0;
/// Values before the first window, from which the models learn.
const WARM_UP: usize = 24;
/// Windows needed: 8 choose, 16 judge.
const MIN_WINDOWS: usize = 24;
/// Windows that count at most: an older market was another one.
pub const MAX_WINDOWS: usize = 240;

/// A price some steps ahead, and how much to trust it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// The price expected, in the unit of the series.
    pub price: f64,
    /// Lower end of the interval, in the unit of the series.
    pub low: f64,
    /// Upper end of the interval, in the unit of the series.
    pub high: f64,
    /// The model that did best.
    pub model: ForecastModel,
    /// Mean absolute percentage error of the windows that judged it, percent.
    pub mape: f64,
    /// How many these were.
    pub windows: u32,
}

/// How many values a forecast of so many steps rests on: at least, and at most.
///
/// ```
/// use stockpile_market::forecast_needs;
///
/// let (least, most) = forecast_needs(24);
/// assert!(least < most);
/// ```
#[must_use]
pub const fn forecast_needs(steps: u32) -> (usize, usize) {
    let steps = steps as usize;
    (WARM_UP + MIN_WINDOWS * steps + 1, WARM_UP + MAX_WINDOWS * steps + 1)
}

/// Forecasts the value `steps` after the last of an evenly spaced series, oldest first.
///
/// `None` for less than [`forecast_needs`] tells, for no steps, and for a value that is no positive finite number.
///
/// ```
/// use stockpile_market::{ForecastModel, forecast};
///
/// let forecast = forecast(&[100.0; 200], 1).expect("a long series");
/// assert_eq!((forecast.price, forecast.model), (100.0, ForecastModel::RandomWalk));
/// ```
#[must_use]
pub fn forecast(series: &[f64], steps: u32) -> Option<Forecast> {
    let (least, most) = forecast_needs(steps);
    if steps == 0 || series.len() < least {
        return None;
    }
    let series = &series[series.len().saturating_sub(most)..];
    if !series.iter().all(|value| value.is_finite() && *value > 0.0) {
        return None;
    }
    let logs: Vec<f64> = series.iter().map(|value| value.ln()).collect();
    let (mut best, mut least_error) = (None, f64::INFINITY);
    for candidate in CANDIDATES {
        let (errors, fitted) = backtest(&logs, steps, Fitted::new(candidate, logs[0]));
        let choosing = &errors[..errors.len() / 3];
        let error = choosing.iter().map(|error| error.abs()).sum::<f64>() / choosing.len() as f64;
        if error < least_error {
            (best, least_error) = (Some((candidate, errors, fitted)), error);
        }
    }
    let (candidate, errors, fitted) = best?;
    let judging = &errors[errors.len() / 3..];
    let reach = reach(judging);
    let expected = fitted.ahead(steps);
    // By way of the last price, so that a price that stands is the very same.
    let (last, last_log) = (series[series.len() - 1], logs[logs.len() - 1]);
    let price_of = |log: f64| (last * (log - last_log).exp()).clamp(f64::MIN_POSITIVE, f64::MAX);
    // An error is ln(actual / forecast), so the forecast was off by (1 - 1 / e^error) of what came.
    let off: f64 = judging.iter().map(|error| (1.0 - (-error).exp()).abs()).sum();
    Some(Forecast {
        price: price_of(expected),
        low: price_of(expected - reach),
        high: price_of(expected + reach),
        model: candidate.model(),
        mape: off / judging.len() as f64 * 100.0,
        windows: u32::try_from(judging.len()).unwrap_or(u32::MAX),
    })
}

/// The errors of a model in every window, oldest first, and the model after the last value.
fn backtest(logs: &[f64], steps: u32, mut fitted: Fitted) -> (Vec<f64>, Fitted) {
    let (length, step) = (logs.len(), steps as usize);
    let windows = (length - 1 - WARM_UP) / step;
    // The last window ends with the series.
    let first_origin = length - 1 - windows * step;
    let mut errors = Vec::with_capacity(windows);
    for (index, value) in logs.iter().enumerate() {
        if index > 0 {
            fitted.observe(*value);
        }
        let is_origin = index >= first_origin && (index - first_origin).is_multiple_of(step);
        if is_origin && let Some(actual) = logs.get(index + step) {
            errors.push(actual - fitted.ahead(steps));
        }
    }
    (errors, fitted)
}

/// The error that [`LEVEL`] percent of the windows stayed within.
fn reach(errors: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let rank = ((sizes.len() + 1) as f64 * LEVEL / 100.0).ceil() as usize;
    sizes.get(rank.saturating_sub(1)).or(sizes.last()).copied().unwrap_or_default()
}
