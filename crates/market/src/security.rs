//! Facts about securities and days, as plain rows in Tushare's units.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Board, Error, Exchange, PriceLimits, Result, SecurityKind, TradeDate, TsCode};

/// What is known of a security as of now, from Tushare's `stock_basic`, `fund_basic` or `index_basic`.
///
/// A name of today says nothing about a past day, special treatment included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Security {
    /// Code.
    pub ts_code: TsCode,
    /// Short name in Chinese.
    pub name: Option<String>,
    /// Initials of the name in pinyin, lower case (`cnspell`), for the search.
    pub cnspell: Option<String>,
    /// Stock, ETF or index.
    pub kind: SecurityKind,
    /// Province or city of the company; stocks only.
    pub area: Option<String>,
    /// Industry in Tushare's classification; stocks only.
    pub industry: Option<String>,
    /// First day of trading.
    pub list_date: Option<TradeDate>,
    /// Day from which it is no longer traded.
    pub delist_date: Option<TradeDate>,
    /// Whether it is traded.
    pub list_status: Option<ListStatus>,
}

impl Security {
    /// A security of which only the code is known: it has bars, but no row of facts.
    #[must_use]
    pub const fn unknown(ts_code: TsCode, kind: SecurityKind) -> Self {
        Self {
            ts_code,
            name: None,
            cnspell: None,
            kind,
            area: None,
            industry: None,
            list_date: None,
            delist_date: None,
            list_status: None,
        }
    }

    /// The board of a stock, or `None` for an ETF or an index.
    #[must_use]
    pub fn board(&self) -> Option<Board> {
        Board::of(self.ts_code)
    }
}

/// Whether a security is traded, written as Tushare's letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ListStatus {
    /// `L`, listed.
    #[serde(rename = "L")]
    Listed,
    /// `D`, delisted.
    #[serde(rename = "D")]
    Delisted,
    /// `P`, listing paused; stocks only.
    #[serde(rename = "P")]
    Paused,
    /// `I`, being issued; funds only.
    #[serde(rename = "I")]
    Issuing,
}

impl ListStatus {
    /// `L`, `D`, `P` or `I`.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Listed => "L",
            Self::Delisted => "D",
            Self::Paused => "P",
            Self::Issuing => "I",
        }
    }
}

impl fmt::Display for ListStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.letter())
    }
}

impl FromStr for ListStatus {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "L" => Ok(Self::Listed),
            "D" => Ok(Self::Delisted),
            "P" => Ok(Self::Paused),
            "I" => Ok(Self::Issuing),
            _ => Err(Error::ListStatus(text.into())),
        }
    }
}

/// One calendar day of one exchange, from Tushare's `trade_cal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarDay {
    /// Exchange; the three share one calendar.
    pub exchange: Exchange,
    /// Calendar day.
    pub cal_date: TradeDate,
    /// Whether there is trading (the source writes 0 or 1).
    pub is_open: bool,
    /// Last trading day before it; the first row has none.
    pub pretrade_date: Option<TradeDate>,
}

/// One security's cumulative adjustment factor on one day, from Tushare's `adj_factor` or `fund_adj`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdjFactor {
    /// Security.
    pub ts_code: TsCode,
    /// Day.
    pub trade_date: TradeDate,
    /// Factor, dimensionless; positive.
    pub adj_factor: f64,
}

/// The limits the exchange published for one security and day, from Tushare's `stk_limit`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceLimit {
    /// Security.
    pub ts_code: TsCode,
    /// Day.
    pub trade_date: TradeDate,
    /// Close of the day before, lowered on an ex-rights day, CNY.
    pub pre_close: Option<f64>,
    /// Upper limit, CNY.
    pub up_limit: f64,
    /// Lower limit, CNY.
    pub down_limit: f64,
}

impl PriceLimit {
    /// The two limits alone.
    #[must_use]
    pub const fn limits(&self) -> PriceLimits {
        PriceLimits { up: self.up_limit, down: self.down_limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_reads_as_it_is_written_in_text_and_json() {
        for letter in ["L", "D", "P", "I"] {
            let status: ListStatus = letter.parse().unwrap();
            assert_eq!(status.to_string(), letter);
            assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{letter}\""));
        }
        assert_eq!("X".parse::<ListStatus>(), Err(Error::ListStatus("X".into())));
    }

    #[test]
    fn an_exchange_is_written_by_the_name_the_source_uses() {
        for exchange in [Exchange::Bse, Exchange::Sse, Exchange::Szse] {
            assert_eq!(serde_json::to_string(&exchange).unwrap(), format!("\"{}\"", exchange.name()));
        }
    }

    #[test]
    fn a_security_without_facts_still_has_its_board() {
        let security = Security::unknown("300750.SZ".parse().unwrap(), SecurityKind::Stock);
        assert_eq!(security.board(), Some(Board::Chinext));
        assert_eq!(security.name, None);
    }

    #[test]
    fn rows_survive_json() {
        let day = CalendarDay {
            exchange: Exchange::Sse,
            cal_date: "20250205".parse().unwrap(),
            is_open: true,
            pretrade_date: "20250127".parse().ok(),
        };
        let text = serde_json::to_string(&day).unwrap();
        assert_eq!(serde_json::from_str::<CalendarDay>(&text).unwrap(), day);
    }
}
