//! What a code stands for: the exchanges' number ranges.

use serde::{Deserialize, Serialize};

use crate::{Exchange, TsCode};

/// The kinds of security the platform keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecurityKind {
    /// A share, A or B.
    Stock,
    /// An exchange-traded fund.
    Etf,
    /// An index; it is computed, not traded.
    Index,
}

impl SecurityKind {
    /// Every kind, in the order in which six digits are looked up.
    pub const ALL: [Self; 3] = [Self::Stock, Self::Etf, Self::Index];

    /// `stock`, `etf` or `index`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Etf => "etf",
            Self::Index => "index",
        }
    }

    /// The kind by the number ranges of the three exchanges, or `None` for bonds, repos and unassigned ranges.
    #[must_use]
    pub fn of(code: TsCode) -> Option<Self> {
        let digits = code.symbol();
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| digits.starts_with(prefix));
        match code.exchange() {
            Exchange::Sse if starts(&["60", "68", "900"]) => Some(Self::Stock),
            Exchange::Sse if starts(&["5"]) => Some(Self::Etf),
            Exchange::Sse if starts(&["000", "93", "95"]) => Some(Self::Index),
            Exchange::Szse if starts(&["00", "30", "200", "201"]) => Some(Self::Stock),
            Exchange::Szse if starts(&["15", "16", "18"]) => Some(Self::Etf),
            Exchange::Szse if starts(&["39", "98"]) => Some(Self::Index),
            Exchange::Bse if starts(&["899"]) => Some(Self::Index),
            Exchange::Bse if starts(&["4", "8", "92"]) => Some(Self::Stock),
            _ => None,
        }
    }
}

/// A board: the listing segment that decides price limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Board {
    /// Main boards of Shanghai and Shenzhen, the former SME board included.
    Main,
    /// ChiNext, Shenzhen's growth board.
    Chinext,
    /// STAR, Shanghai's science and technology board.
    Star,
    /// Beijing.
    Bse,
    /// B shares, traded in USD (Shanghai) or HKD (Shenzhen).
    BShare,
}

impl Board {
    /// The board of a stock, or `None` when the code is not a stock's.
    #[must_use]
    pub fn of(code: TsCode) -> Option<Self> {
        if SecurityKind::of(code) != Some(SecurityKind::Stock) {
            return None;
        }
        let digits = code.symbol();
        Some(match code.exchange() {
            Exchange::Bse => Self::Bse,
            Exchange::Sse if digits.starts_with("68") => Self::Star,
            Exchange::Szse if digits.starts_with("30") => Self::Chinext,
            Exchange::Sse if digits.starts_with("900") => Self::BShare,
            Exchange::Szse if digits.starts_with("20") => Self::BShare,
            Exchange::Sse | Exchange::Szse => Self::Main,
        })
    }
}

/// The Chinese name of one of the eight indices that market overviews show, as the exchanges and CSI publish it.
#[must_use]
pub fn index_name(code: TsCode) -> Option<&'static str> {
    Some(match code.text().as_str() {
        "000001.SH" => "上证指数",
        "399001.SZ" => "深证成指",
        "000300.SH" => "沪深300",
        "000905.SH" => "中证500",
        "000016.SH" => "上证50",
        "399006.SZ" => "创业板指",
        "000852.SH" => "中证1000",
        "000688.SH" => "科创50",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> TsCode {
        text.parse().unwrap()
    }

    #[test]
    fn kind_follows_the_exchanges_ranges() {
        for (text, kind) in [
            ("600519.SH", Some(SecurityKind::Stock)),
            ("689009.SH", Some(SecurityKind::Stock)),
            ("900901.SH", Some(SecurityKind::Stock)),
            ("000001.SZ", Some(SecurityKind::Stock)),
            ("301510.SZ", Some(SecurityKind::Stock)),
            ("430047.BJ", Some(SecurityKind::Stock)),
            ("920002.BJ", Some(SecurityKind::Stock)),
            ("510300.SH", Some(SecurityKind::Etf)),
            ("159919.SZ", Some(SecurityKind::Etf)),
            ("000001.SH", Some(SecurityKind::Index)),
            ("399001.SZ", Some(SecurityKind::Index)),
            ("899050.BJ", Some(SecurityKind::Index)),
            ("113050.SH", None),
            ("127045.SZ", None),
        ] {
            assert_eq!(SecurityKind::of(code(text)), kind, "{text}");
        }
    }

    #[test]
    fn board_is_known_for_stocks_alone() {
        for (text, board) in [
            ("600519.SH", Some(Board::Main)),
            ("002594.SZ", Some(Board::Main)),
            ("300750.SZ", Some(Board::Chinext)),
            ("688981.SH", Some(Board::Star)),
            ("839493.BJ", Some(Board::Bse)),
            ("900901.SH", Some(Board::BShare)),
            ("200002.SZ", Some(Board::BShare)),
            ("510300.SH", None),
            ("000001.SH", None),
        ] {
            assert_eq!(Board::of(code(text)), board, "{text}");
        }
    }
}
