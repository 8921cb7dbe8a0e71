//! Bars within a trading day.

use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Error, TsCode};

/// How much trading time a bar covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum BarFreq {
    /// `1min`.
    #[serde(rename = "1min")]
    Min1,
    /// `5min`.
    #[serde(rename = "5min")]
    Min5,
    /// `15min`.
    #[serde(rename = "15min")]
    Min15,
    /// `30min`.
    #[serde(rename = "30min")]
    Min30,
    /// `60min`.
    #[serde(rename = "60min")]
    Min60,
}

impl BarFreq {
    /// Every one, the shortest first.
    pub const ALL: [Self; 5] = [Self::Min1, Self::Min5, Self::Min15, Self::Min30, Self::Min60];

    /// Its length, minutes of trading.
    #[must_use]
    pub const fn minutes(self) -> u32 {
        match self {
            Self::Min1 => 1,
            Self::Min5 => 5,
            Self::Min15 => 15,
            Self::Min30 => 30,
            Self::Min60 => 60,
        }
    }

    /// Tushare's name: `1min`, `5min`, `15min`, `30min` or `60min`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Min1 => "1min",
            Self::Min5 => "5min",
            Self::Min15 => "15min",
            Self::Min30 => "30min",
            Self::Min60 => "60min",
        }
    }

    /// Whether a bar can end this many minutes after midnight, exchange time.
    ///
    /// The morning is 09:30 to 11:30, the afternoon 13:00 to 15:00. The opening auction may have a bar of one minute of its
    /// own, which ends at 09:30.
    #[must_use]
    pub const fn can_end_at(self, minute: u32) -> bool {
        const MORNING: u32 = 9 * 60 + 30;
        const AFTERNOON: u32 = 13 * 60;
        let start = if minute < AFTERNOON { MORNING } else { AFTERNOON };
        if minute < start || minute > start + 120 {
            return false;
        }
        let traded = minute - start;
        traded.is_multiple_of(self.minutes()) && (traded > 0 || (start == MORNING && self.minutes() == 1))
    }
}

impl FromStr for BarFreq {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let lower = text.to_ascii_lowercase();
        Self::ALL.into_iter().find(|freq| freq.name() == lower).ok_or_else(|| Error::BarFreq(text.into()))
    }
}

/// A security's trading over some minutes of a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MinuteBar {
    /// Security.
    pub ts_code: TsCode,
    /// How much trading time it covers.
    pub freq: BarFreq,
    /// When it ends.
    pub time: Timestamp,
    /// First price, CNY.
    pub open: f64,
    /// Highest price, CNY.
    pub high: f64,
    /// Lowest price, CNY.
    pub low: f64,
    /// Last price, CNY.
    pub close: f64,
    /// Volume, lots of 100 shares.
    pub vol: Option<f64>,
    /// Turnover, thousand CNY.
    pub amount: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_end_on_the_grid_of_trading_time() {
        let ends = |freq: BarFreq| {
            (0..24 * 60)
                .filter(|minute| freq.can_end_at(*minute))
                .map(|m| m / 60 * 100 + m % 60)
                .collect::<Vec<_>>()
        };
        assert_eq!(ends(BarFreq::Min60), [1030, 1130, 1400, 1500]);
        assert_eq!(ends(BarFreq::Min30), [1000, 1030, 1100, 1130, 1330, 1400, 1430, 1500]);
        assert_eq!(ends(BarFreq::Min1).len(), 241);
        assert_eq!("60MIN".parse(), Ok(BarFreq::Min60));
        assert!("60".parse::<BarFreq>().is_err());
    }
}
