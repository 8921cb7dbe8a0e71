//! The kinds of file, by the names Tushare gives its interfaces, and their columns.

use std::{fmt, str::FromStr};

use serde::Serialize;
use stockpile_market::SecurityKind;

/// What the rows of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Daily bars whose kinds are told by their codes.
    Bars,
    /// Daily bars of stocks.
    Daily,
    /// Daily bars of exchange-traded funds.
    FundDaily,
    /// Daily bars of indices.
    IndexDaily,
    /// Cumulative adjustment factors.
    AdjFactor,
    /// Facts about stocks.
    StockBasic,
    /// Facts about exchange-traded funds.
    FundBasic,
    /// Trading calendar.
    TradeCal,
}

const BAR_COLUMNS: &[&str] = &[
    "ts_code",
    "trade_date",
    "open",
    "high",
    "low",
    "close",
    "pre_close",
    "change",
    "pct_chg",
    "vol",
    "amount",
];

impl FileKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Bars,
        Self::Daily,
        Self::FundDaily,
        Self::IndexDaily,
        Self::AdjFactor,
        Self::StockBasic,
        Self::FundBasic,
        Self::TradeCal,
    ];

    /// The name of Tushare's interface; `bars` for bars of several kinds.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bars => "bars",
            Self::Daily => "daily",
            Self::FundDaily => "fund_daily",
            Self::IndexDaily => "index_daily",
            Self::AdjFactor => "adj_factor",
            Self::StockBasic => "stock_basic",
            Self::FundBasic => "fund_basic",
            Self::TradeCal => "trade_cal",
        }
    }

    /// Columns a file of this kind must have, in any order.
    #[must_use]
    pub const fn required_columns(self) -> &'static [&'static str] {
        match self {
            Self::Bars | Self::Daily | Self::FundDaily | Self::IndexDaily => BAR_COLUMNS,
            Self::AdjFactor => &["ts_code", "trade_date", "adj_factor"],
            Self::StockBasic => &["ts_code", "name", "area", "industry", "list_date"],
            Self::FundBasic => &["ts_code", "name", "management", "fund_type", "list_date"],
            Self::TradeCal => &["exchange", "cal_date", "is_open"],
        }
    }

    /// Columns that are read when they are there.
    #[must_use]
    pub const fn optional_columns(self) -> &'static [&'static str] {
        match self {
            Self::Bars | Self::Daily | Self::FundDaily | Self::IndexDaily => &["adj_factor"],
            Self::AdjFactor => &[],
            Self::StockBasic => &["cnspell", "list_status", "delist_date"],
            Self::FundBasic => &["status", "delist_date"],
            Self::TradeCal => &["pretrade_date"],
        }
    }

    /// The kind of security whose bars the file holds, when the file's kind decides it.
    pub(crate) const fn security_kind(self) -> Option<SecurityKind> {
        match self {
            Self::Daily => Some(SecurityKind::Stock),
            Self::FundDaily => Some(SecurityKind::Etf),
            Self::IndexDaily => Some(SecurityKind::Index),
            _ => None,
        }
    }

    /// Recognises a kind by its header, even one that lacks a column, or says what the file is instead.
    pub(crate) fn recognise(columns: &[String]) -> Result<Self, &'static str> {
        let has = |column: &str| columns.iter().any(|name| name == column);
        if has("trade_time") {
            Err("minute bars cannot be ingested yet")
        } else if has("symbol") && has("interval") {
            Err("candles cannot be ingested yet")
        } else if has("cal_date") || has("is_open") {
            Ok(Self::TradeCal)
        } else if has("management") || has("fund_type") {
            Ok(Self::FundBasic)
        } else if has("base_point") || has("publisher") {
            Err("facts about indices cannot be ingested yet")
        } else if has("list_date") && has("name") {
            Ok(Self::StockBasic)
        } else if has("up_limit") || has("down_limit") {
            Err("price limits cannot be ingested yet")
        } else if has("turnover_rate") {
            Err("daily valuations cannot be ingested yet")
        } else if has("ts_code") && ["open", "high", "low", "close"].into_iter().any(has) {
            Ok(Self::Bars)
        } else if has("adj_factor") {
            Ok(Self::AdjFactor)
        } else {
            Err("its header is of no known kind; name one with --kind")
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for FileKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            format!("`{name}` is no kind of file; write one of {}", Self::ALL.map(Self::name).join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_recognised_by_its_own_columns() {
        for kind in FileKind::ALL {
            let columns: Vec<String> = kind.required_columns().iter().map(ToString::to_string).collect();
            let recognised = FileKind::recognise(&columns).unwrap();
            let expected = if kind.required_columns() == BAR_COLUMNS { FileKind::Bars } else { kind };
            assert_eq!(recognised, expected);
            assert_eq!(kind.name().parse(), Ok(kind));
        }
    }
}
