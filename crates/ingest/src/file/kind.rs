//! The kinds of file, by the names their sources give them.

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
    /// Facts about indices.
    IndexBasic,
    /// Trading calendar.
    TradeCal,
    /// Valuations of stocks.
    DailyBasic,
    /// Published price limits.
    StkLimit,
    /// Suspensions of trading.
    SuspendD,
    /// Bars within trading days as Tushare gives them: volume in shares, turnover in CNY.
    StkMins,
    /// Bars within trading days in the units of daily bars: volume in lots of 100 shares, turnover in thousand CNY.
    MinuteBars,
    /// Candles of crypto pairs.
    Candles,
    /// Prices of coins, as CoinGecko's `/coins/markets` gives them in USD.
    CoinsMarkets,
}

impl FileKind {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::Bars,
        Self::Daily,
        Self::FundDaily,
        Self::IndexDaily,
        Self::AdjFactor,
        Self::StockBasic,
        Self::FundBasic,
        Self::IndexBasic,
        Self::TradeCal,
        Self::DailyBasic,
        Self::StkLimit,
        Self::SuspendD,
        Self::StkMins,
        Self::MinuteBars,
        Self::Candles,
        Self::CoinsMarkets,
    ];

    /// The name of the source's interface; `bars`, `minute_bars` and `candles` are names of our own.
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
            Self::IndexBasic => "index_basic",
            Self::TradeCal => "trade_cal",
            Self::DailyBasic => "daily_basic",
            Self::StkLimit => "stk_limit",
            Self::SuspendD => "suspend_d",
            Self::StkMins => "stk_mins",
            Self::MinuteBars => "minute_bars",
            Self::Candles => "candles",
            Self::CoinsMarkets => "coins_markets",
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
