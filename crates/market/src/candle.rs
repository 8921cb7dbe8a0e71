//! Candles of crypto markets.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Error;

/// How much time a candle covers.
///
/// ```
/// use stockpile_market::Interval;
///
/// assert_eq!("4h".parse::<Interval>()?.seconds(), 14_400);
/// assert!("5h".parse::<Interval>().is_err());
/// # Ok::<(), stockpile_market::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interval(u32);

/// Every interval with its name, the shortest first.
const INTERVALS: [(&str, u32); 14] = [
    ("1m", 60),
    ("3m", 180),
    ("5m", 300),
    ("15m", 900),
    ("30m", 1800),
    ("1h", 3600),
    ("2h", 7200),
    ("4h", 14_400),
    ("6h", 21_600),
    ("8h", 28_800),
    ("12h", 43_200),
    ("1d", 86_400),
    ("3d", 259_200),
    ("1w", 604_800),
];

impl Interval {
    /// Every interval, the shortest first.
    pub fn all() -> impl Iterator<Item = Self> {
        INTERVALS.iter().map(|(_, seconds)| Self(*seconds))
    }

    /// Its length, seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// The interval of this length in seconds, or `None` when there is none.
    #[must_use]
    pub fn from_seconds(seconds: u32) -> Option<Self> {
        Self::all().find(|interval| interval.0 == seconds)
    }

    /// Its name: `1m`, `3m`, `5m`, `15m`, `30m`, `1h`, `2h`, `4h`, `6h`, `8h`, `12h`, `1d`, `3d` or `1w`.
    #[must_use]
    pub fn name(self) -> &'static str {
        INTERVALS.iter().find(|(_, seconds)| *seconds == self.0).map_or("", |(name, _)| name)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Interval {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = INTERVALS.iter().find(|(name, _)| *name == text);
        found.map(|(_, seconds)| Self(*seconds)).ok_or_else(|| Error::Interval(text.into()))
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A crypto pair's trading over one interval. The newest candle of a series may be unfinished.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candle {
    /// Pair in upper case, such as `BTCUSDT`.
    pub symbol: String,
    /// How much time it covers.
    pub interval: Interval,
    /// When it opens.
    pub time: Timestamp,
    /// First price, quote currency.
    pub open: f64,
    /// Highest price, quote currency.
    pub high: f64,
    /// Lowest price, quote currency.
    pub low: f64,
    /// Last price, quote currency.
    pub close: f64,
    /// Volume, base currency.
    pub volume: Option<f64>,
    /// Turnover, quote currency.
    pub quote_volume: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interval_is_read_by_its_name_and_its_length() {
        for interval in Interval::all() {
            assert_eq!(interval.name().parse(), Ok(interval));
            assert_eq!(Interval::from_seconds(interval.seconds()), Some(interval));
        }
        assert_eq!("1M".parse::<Interval>(), Err(Error::Interval("1M".into())));
        assert_eq!(Interval::from_seconds(61), None);
    }
}
