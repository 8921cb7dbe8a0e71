//! The interfaces of Tushare that are asked, and what is known of each.

use std::{fmt, str::FromStr};

use serde::Serialize;

use crate::FileKind;

/// An interface of Tushare, by what it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Interface {
    /// Trading calendar.
    TradeCal,
    /// Facts about stocks, delisted ones included.
    StockBasic,
    /// Facts about exchange-traded funds.
    FundBasic,
    /// Facts about indices of both exchanges and of CSI.
    IndexBasic,
    /// Published price limits of stocks and funds.
    StkLimit,
    /// Suspensions of trading.
    SuspendD,
    /// Daily bars of stocks.
    Daily,
    /// Valuations of stocks.
    DailyBasic,
    /// Adjustment factors of stocks.
    AdjFactor,
    /// Daily bars of exchange-traded funds.
    FundDaily,
    /// Adjustment factors of funds.
    FundAdj,
    /// Daily bars of the eight indices that market overviews show.
    IndexDaily,
}

/// Codes of the indices that market overviews show.
pub(crate) const INDICES: [&str; 8] =
    ["000001.SH", "399001.SZ", "000300.SH", "000905.SH", "000016.SH", "399006.SZ", "000852.SH", "000688.SH"];

/// Minutes since midnight at the exchange.
const fn at(hour: u16, minute: u16) -> u16 {
    hour * 60 + minute
}

/// Promised for about 08:40.
const LIMITS: u16 = at(8, 45);
const MORNING: u16 = at(9, 0);
/// Factors are promised for 09:15 to 09:20.
const AUCTION: u16 = at(9, 25);
/// Bars are promised for 15:00 to 16:00.
const AFTERNOON: u16 = at(16, 5);
/// Valuations are promised for 15:00 to 17:00.
const EVENING: u16 = at(17, 5);
/// Indices are promised for 19:00.
const NIGHT: u16 = at(19, 5);

impl Interface {
    /// Every interface, in the order in which they are published on a day.
    pub const ALL: [Self; 12] = [
        Self::TradeCal,
        Self::StockBasic,
        Self::FundBasic,
        Self::IndexBasic,
        Self::StkLimit,
        Self::SuspendD,
        Self::Daily,
        Self::DailyBasic,
        Self::AdjFactor,
        Self::FundDaily,
        Self::FundAdj,
        Self::IndexDaily,
    ];

    /// Its name at Tushare.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TradeCal => "trade_cal",
            Self::StockBasic => "stock_basic",
            Self::FundBasic => "fund_basic",
            Self::IndexBasic => "index_basic",
            Self::StkLimit => "stk_limit",
            Self::SuspendD => "suspend_d",
            Self::Daily => "daily",
            Self::DailyBasic => "daily_basic",
            Self::AdjFactor => "adj_factor",
            Self::FundDaily => "fund_daily",
            Self::FundAdj => "fund_adj",
            Self::IndexDaily => "index_daily",
        }
    }

    /// What its rows are, and so how they are checked.
    #[must_use]
    pub const fn kind(self) -> FileKind {
        match self {
            Self::TradeCal => FileKind::TradeCal,
            Self::StockBasic => FileKind::StockBasic,
            Self::FundBasic => FileKind::FundBasic,
            Self::IndexBasic => FileKind::IndexBasic,
            Self::StkLimit => FileKind::StkLimit,
            Self::SuspendD => FileKind::SuspendD,
            Self::Daily => FileKind::Daily,
            Self::DailyBasic => FileKind::DailyBasic,
            Self::AdjFactor | Self::FundAdj => FileKind::AdjFactor,
            Self::FundDaily => FileKind::FundDaily,
            Self::IndexDaily => FileKind::IndexDaily,
        }
    }

    /// Columns asked for, by name.
    pub(crate) fn fields(self) -> Vec<&'static str> {
        let kind = self.kind();
        let bars = matches!(self, Self::Daily | Self::FundDaily | Self::IndexDaily);
        // Beside bars the source gives no factors; those of files may have them.
        let optional = if bars { &[] } else { kind.optional_columns() };
        kind.required_columns().iter().chain(optional).copied().collect()
    }

    /// Rows that one call gives at most.
    pub(crate) const fn rows_a_call(self) -> usize {
        match self {
            Self::FundDaily | Self::FundAdj => 2000,
            Self::TradeCal | Self::SuspendD | Self::FundBasic | Self::IndexBasic => 5000,
            Self::StkLimit => 5800,
            Self::IndexDaily => 8000,
            Self::StockBasic | Self::Daily | Self::DailyBasic | Self::AdjFactor => 6000,
        }
    }

    /// Calls a minute that the interface allows to whoever has the points for it.
    pub(crate) const fn calls_a_minute(self) -> u32 {
        match self {
            Self::IndexDaily => 200,
            _ => 500,
        }
    }

    /// When its rows of a day are published, minutes after midnight at the exchange: first to last, the last being final.
    pub(crate) const fn published(self) -> &'static [u16] {
        match self {
            Self::TradeCal => &[0],
            Self::StkLimit => &[LIMITS],
            Self::StockBasic | Self::FundBasic | Self::IndexBasic => &[MORNING],
            // Some codes have their factor, and some suspensions are told, after the close only.
            Self::AdjFactor | Self::SuspendD => &[AUCTION, EVENING],
            Self::Daily => &[AFTERNOON],
            Self::DailyBasic | Self::FundDaily | Self::FundAdj => &[EVENING],
            Self::IndexDaily => &[NIGHT],
        }
    }

    /// Whether its rows are facts of now, not of a day.
    pub(crate) const fn is_facts(self) -> bool {
        matches!(self, Self::StockBasic | Self::FundBasic | Self::IndexBasic)
    }

    /// Whether a day may have no row although everything is published.
    pub(crate) const fn may_be_empty(self) -> bool {
        matches!(self, Self::SuspendD)
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Interface {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|interface| interface.name() == name).ok_or_else(|| {
            format!(
                "`{name}` is not fetched from Tushare; write some of {}",
                Self::ALL.map(Self::name).join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use stockpile_market::index_name;

    use super::*;

    #[test]
    fn every_interface_asks_for_what_its_rows_need() {
        for interface in Interface::ALL {
            let fields = interface.fields();
            assert!(interface.kind().required_columns().iter().all(|column| fields.contains(column)));
            assert_eq!(interface.name().parse(), Ok(interface));
            assert!(interface.published().is_sorted() && !interface.published().is_empty());
        }
        assert!(!Interface::Daily.fields().contains(&"adj_factor"));
    }

    #[test]
    fn the_indices_are_those_with_a_name() {
        assert!(INDICES.iter().all(|code| index_name(code.parse().unwrap()).is_some()));
    }
}
