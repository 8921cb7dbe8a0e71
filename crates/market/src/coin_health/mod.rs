//! How healthy a coin's market looks, as one score of 0 to 100 from five parts.
//!
//! | part | weight | 0 points | 100 points | between |
//! |---|---|---|---|---|
//! | liquidity | 30 | 10 % price change per million USD traded | 0.001 % | each tenfold 25 points |
//! | volume, 24 hours | 25 | 100,000 USD | 1,000,000,000 USD | each tenfold 25 points |
//! | volatility, deviation of a day's return | 20 | 10 % | 1 % | even |
//! | holders | 15 | 1,000 | 10,000,000 | each tenfold 25 points |
//! | age | 10 | new | 4 years | even |
//!
//! Sizes of markets differ by factors, so they are scored by factors. Getting out without moving the price matters most,
//! and what is traded tells most of the rest; age says least, for it only grows. A part whose figure is unknown is left
//! out and the weights of the others are scaled to 100 %.
//!
//! Levels are `excellent` from 80 on, `good` from 65, `moderate` from 50, `poor` from 35, else `critical`: 15 points wide, half
//! of what the heaviest part weighs, so that a coin which lost all of that part would not keep its level.

mod flags;
mod history;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use flags::{RedFlag, RedFlags};
pub use history::CoinHistory;

/// Age from which on more counts for nothing, days: a whole swing of this market, from one halving of Bitcoin's reward to
/// the next, takes about as long.
pub const FULL_AGE_DAYS: f64 = 4.0 * 365.25;

/// What is known of a coin; `None` is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CoinFigures {
    /// Change of the price that goes with a turnover of one million USD, percent.
    pub illiquidity: Option<f64>,
    /// Turnover of 24 hours, USD.
    pub volume_24h: Option<f64>,
    /// Standard deviation of a day's return, percent.
    pub volatility: Option<f64>,
    /// Number of addresses that hold the coin.
    pub holders: Option<f64>,
    /// Days since the coin was first traded.
    pub age_days: Option<f64>,
}

/// The score of each part, 0 to 100; `None` where the figure is unknown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HealthParts {
    /// How little trading moves the price.
    pub liquidity: Option<f64>,
    /// How much is traded.
    pub volume: Option<f64>,
    /// How steady the price is.
    pub volatility: Option<f64>,
    /// How many hold the coin.
    pub holders: Option<f64>,
    /// How long it has been there.
    pub age: Option<f64>,
}

/// A score in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthLevel {
    /// Below 35.
    Critical,
    /// 35 to below 50.
    Poor,
    /// 50 to below 65.
    Moderate,
    /// 65 to below 80.
    Good,
    /// 80 and more.
    Excellent,
}

impl HealthLevel {
    /// The level of a score of 0 to 100.
    #[must_use]
    pub fn of(score: f64) -> Self {
        match score {
            high if high >= 80.0 => Self::Excellent,
            high if high >= 65.0 => Self::Good,
            middle if middle >= 50.0 => Self::Moderate,
            low if low >= 35.0 => Self::Poor,
            _ => Self::Critical,
        }
    }
}

impl HealthParts {
    /// Scores each figure; one that is no number counts as unknown.
    #[must_use]
    pub fn of(figures: &CoinFigures) -> Self {
        let CoinFigures { illiquidity, volume_24h, volatility, holders, age_days } = *figures;
        // From `worst`, 0 points, to `best`, 100 points.
        let by_factors = |value: Option<f64>, worst: f64, best: f64| {
            points(value, |value| (value.max(0.0) / worst).log10() / (best / worst).log10())
        };
        Self {
            liquidity: by_factors(illiquidity, 10.0, 0.001),
            volume: by_factors(volume_24h, 1e5, 1e9),
            volatility: points(volatility, |value| (10.0 - value) / 9.0),
            holders: by_factors(holders, 1e3, 1e7),
            age: points(age_days, |days| days / FULL_AGE_DAYS),
        }
    }

    /// Name, weight in percent and score of each part.
    #[must_use]
    pub const fn weighted(&self) -> [(&'static str, f64, Option<f64>); 5] {
        [
            ("liquidity", 30.0, self.liquidity),
            ("volume", 25.0, self.volume),
            ("volatility", 20.0, self.volatility),
            ("holders", 15.0, self.holders),
            ("age", 10.0, self.age),
        ]
    }

    /// The mean of the known parts by their weights, 0 to 100; `None` when none is known.
    ///
    /// ```
    /// use stockpile_market::{CoinFigures, HealthParts};
    ///
    /// let known = CoinFigures { volume_24h: Some(1e7), age_days: Some(5000.0), ..CoinFigures::default() };
    /// let parts = HealthParts::of(&known);
    /// // (25 x 50 + 10 x 100) / (25 + 10)
    /// assert!((parts.overall().expect("two parts") - 64.3).abs() < 0.05);
    /// assert_eq!(parts.missing().collect::<Vec<_>>(), ["liquidity", "volatility", "holders"]);
    /// ```
    #[must_use]
    pub fn overall(&self) -> Option<f64> {
        let known = self.weighted().into_iter().filter_map(|(_, weight, score)| Some((weight, score?)));
        let (weights, sum) = known
            .fold((0.0, 0.0), |(weights, sum), (weight, score)| (weights + weight, sum + weight * score));
        (weights > 0.0).then(|| (sum / weights).clamp(0.0, 100.0))
    }

    /// The names of the parts whose figure is unknown.
    pub fn missing(&self) -> impl Iterator<Item = &'static str> {
        self.weighted().into_iter().filter(|(.., score)| score.is_none()).map(|(name, ..)| name)
    }
}

fn points(value: Option<f64>, part: impl Fn(f64) -> f64) -> Option<f64> {
    let value = value.filter(|value| !value.is_nan())?;
    Some((part(value) * 100.0).clamp(0.0, 100.0))
}
