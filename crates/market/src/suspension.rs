//! Suspensions of trading.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, TradeDate, TsCode};

/// A row of Tushare's `suspend_d`: a security stopped or went on trading on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Security.
    pub ts_code: TsCode,
    /// Trading day.
    pub trade_date: TradeDate,
    /// When within the day, exchange time as the source writes it, such as `09:30-10:00`; `None` for the whole day.
    pub suspend_timing: Option<String>,
    /// Which of the two.
    pub suspend_type: SuspendType,
}

/// Whether trading stopped or went on, written as Tushare's letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SuspendType {
    /// `R`, trading went on.
    #[serde(rename = "R")]
    Resumed,
    /// `S`, trading was suspended.
    #[serde(rename = "S")]
    Suspended,
}

impl SuspendType {
    /// `R` or `S`.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Resumed => "R",
            Self::Suspended => "S",
        }
    }
}

impl FromStr for SuspendType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "R" => Ok(Self::Resumed),
            "S" => Ok(Self::Suspended),
            _ => Err(Error::SuspendType(text.into())),
        }
    }
}
