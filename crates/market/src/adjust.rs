//! Price adjustment for dividends and splits, anchored so that a day has one price whatever the window.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{DailyBar, Error, Result, TradeDate};

/// How prices are adjusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Adjust {
    /// As traded.
    #[default]
    None,
    /// Forward: the day of the latest known factor keeps its price, earlier ones are scaled to it.
    Qfq,
    /// Backward: the day of listing keeps its price, later ones are scaled to it.
    Hfq,
}

impl Adjust {
    /// `none`, `qfq` or `hfq`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Qfq => "qfq",
            Self::Hfq => "hfq",
        }
    }
}

impl fmt::Display for Adjust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Adjust {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "none" => Ok(Self::None),
            "qfq" => Ok(Self::Qfq),
            "hfq" => Ok(Self::Hfq),
            _ => Err(Error::Adjust(text.into())),
        }
    }
}

/// The cumulative adjustment factors of one security, all that are known; never empty.
///
/// The factor of a day is the latest at or before it, so rows for the days of change suffice; a change that is not known yet
/// leaves the days after it as traded. Clones share their memory.
///
/// ```
/// use stockpile_market::{AdjustmentFactors, Error};
///
/// let factors = AdjustmentFactors::new([("20240102".parse()?, 1.0), ("20240614".parse()?, 1.25)])?;
/// assert_eq!(factors.factor("20240613".parse()?), Some(1.0));
/// assert_eq!(factors.anchor(), "20240614".parse()?);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AdjustmentFactors {
    /// Ascending by day.
    points: Arc<[(TradeDate, f64)]>,
    first: TradeDate,
    latest: (TradeDate, f64),
}

impl AdjustmentFactors {
    /// Takes every known `(date, factor)` of one security, in any order.
    ///
    /// Give all of them, not those of a window: the anchor is the latest.
    ///
    /// # Errors
    ///
    /// [`Error::NoFactors`] for none, [`Error::Factor`] for one that is not positive and finite,
    /// [`Error::DuplicateDay`] for two on one day.
    pub fn new(points: impl IntoIterator<Item = (TradeDate, f64)>) -> Result<Self> {
        let mut points: Vec<_> = points.into_iter().collect();
        if let Some(&(date, factor)) =
            points.iter().find(|(_, factor)| !(factor.is_finite() && *factor > 0.0))
        {
            return Err(Error::Factor { date, factor: factor.to_string() });
        }
        points.sort_unstable_by_key(|(date, _)| *date);
        if let Some(pair) = points.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Error::DuplicateDay(pair[0].0));
        }
        let (Some(&(first, _)), Some(&latest)) = (points.first(), points.last()) else {
            return Err(Error::NoFactors);
        };
        Ok(Self { points: points.into(), first, latest })
    }

    /// The day whose qfq price is the traded one: that of the latest known factor.
    #[must_use]
    pub const fn anchor(&self) -> TradeDate {
        self.latest.0
    }

    /// The first day with a factor.
    #[must_use]
    pub const fn first(&self) -> TradeDate {
        self.first
    }

    /// The factor of a day, dimensionless: the latest at or before it, or `None` before the first.
    #[must_use]
    pub fn factor(&self, date: TradeDate) -> Option<f64> {
        let after = self.points.partition_point(|(day, _)| *day <= date);
        self.points.get(after.checked_sub(1)?).map(|(_, factor)| *factor)
    }

    /// Adjusts raw bars of the security in place; CNY, rounded to 4 decimals.
    ///
    /// Open, high, low, close and `pre_close` are scaled by the day's own factor: the source states `pre_close` on the day's
    /// ex-rights basis. `change` is the difference of the adjusted prices; `pct_chg`, volume and turnover stay. A value
    /// that is `None` stays so.
    ///
    /// # Errors
    ///
    /// [`Error::BeforeFirstFactor`] for a bar without a factor; then no bar is changed.
    pub fn apply(&self, mode: Adjust, bars: &mut [DailyBar]) -> Result<()> {
        let base = match mode {
            Adjust::None => return Ok(()),
            Adjust::Qfq => self.latest.1,
            Adjust::Hfq => 1.0,
        };
        if let Some(bar) = bars.iter().find(|bar| bar.trade_date < self.first) {
            return Err(Error::BeforeFirstFactor { date: bar.trade_date, first: self.first });
        }
        for bar in bars {
            if let Some(factor) = self.factor(bar.trade_date) {
                scale(bar, factor / base);
            }
        }
        Ok(())
    }
}

fn scale(bar: &mut DailyBar, ratio: f64) {
    let scaled = |price: f64| four_decimals(price * ratio);
    for price in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.pre_close] {
        *price = price.map(scaled);
    }
    bar.close = scaled(bar.close);
    bar.change = bar.change.map(|change| match bar.pre_close {
        // Not the scaled change: it could differ from the two rounded prices beside it.
        Some(pre_close) => four_decimals(bar.close - pre_close),
        None => scaled(change),
    });
}

fn four_decimals(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests;
