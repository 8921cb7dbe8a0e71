//! What should make anybody stop and look.

use serde::Serialize;

use super::CoinFigures;

/// A warning by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RedFlag {
    /// Less than a million USD is traded in 24 hours.
    ThinVolume,
    /// More is traded in 24 hours than all coins are worth: trades with oneself, or a wrong figure.
    ImplausibleTurnover,
    /// One million USD goes with a change of more than 5 %.
    Illiquid,
    /// A day's return deviates by more than 8 %.
    WildPrice,
    /// The price fell by a fifth or more in 24 hours.
    Crash,
    /// The price is less than half of its highest in 90 days.
    DeepDrawdown,
    /// The coin is younger than half a year.
    Young,
    /// The newest price is more than a day old.
    StalePrice,
}

/// What the warnings look at beside the scored figures; `None` is unknown and raises nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RedFlags {
    /// Value of all coins in circulation, USD.
    pub market_cap: Option<f64>,
    /// Change of the price in 24 hours, percent.
    pub change_24h: Option<f64>,
    /// How far the price lies below the highest of 90 days, percent.
    pub drawdown: Option<f64>,
    /// Age of the newest price, hours.
    pub price_age_hours: Option<f64>,
}

impl RedFlags {
    /// The warnings that the figures raise, in the order of [`RedFlag`].
    #[must_use]
    pub fn raised(&self, figures: &CoinFigures) -> Vec<RedFlag> {
        let over = |value: Option<f64>, limit: f64| value.is_some_and(|value| value > limit);
        let under = |value: Option<f64>, limit: f64| value.is_some_and(|value| value < limit);
        let turnover = figures.volume_24h.zip(self.market_cap.filter(|value| *value > 0.0));
        [
            (under(figures.volume_24h, 1e6), RedFlag::ThinVolume),
            (turnover.is_some_and(|(volume, value)| volume > value), RedFlag::ImplausibleTurnover),
            (over(figures.illiquidity, 5.0), RedFlag::Illiquid),
            (over(figures.volatility, 8.0), RedFlag::WildPrice),
            (self.change_24h.is_some_and(|change| change <= -20.0), RedFlag::Crash),
            (over(self.drawdown, 50.0), RedFlag::DeepDrawdown),
            (under(figures.age_days, 182.0), RedFlag::Young),
            (over(self.price_age_hours, 24.0), RedFlag::StalePrice),
        ]
        .into_iter()
        .filter_map(|(raised, flag)| raised.then_some(flag))
        .collect()
    }
}
