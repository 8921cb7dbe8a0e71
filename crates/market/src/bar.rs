//! Daily bars, in Tushare's units.

use serde::{Deserialize, Serialize};

use crate::{Board, Exchange, SecurityKind, TradeDate, TsCode};

/// One security's trading on one day, in the units of Tushare's `daily`, `fund_daily` and `index_daily`.
///
/// A value the source lacks is `None`, never zero. A suspended security has no bar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DailyBar {
    /// Security.
    pub ts_code: TsCode,
    /// Trading day.
    pub trade_date: TradeDate,
    /// First price, CNY (indices: points).
    pub open: Option<f64>,
    /// Highest price, CNY (indices: points).
    pub high: Option<f64>,
    /// Lowest price, CNY (indices: points).
    pub low: Option<f64>,
    /// Last price, CNY (indices: points).
    pub close: f64,
    /// Close of the day before, lowered on an ex-rights day, CNY (indices: points).
    pub pre_close: Option<f64>,
    /// `close - pre_close`, CNY (indices: points).
    pub change: Option<f64>,
    /// `(close / pre_close - 1) * 100`, percent.
    pub pct_chg: Option<f64>,
    /// Volume, lots of 100 shares.
    pub vol: Option<f64>,
    /// Turnover, thousand CNY.
    pub amount: Option<f64>,
}

impl DailyBar {
    /// Whether a price lies off the exchange's tick, so that the source must have adjusted the series.
    ///
    /// Always false for indices, which have no tick.
    #[must_use]
    pub fn is_adjusted(&self, kind: SecurityKind) -> bool {
        let Some(tick) = Tick::of(kind, self.ts_code) else { return false };
        [self.open, self.high, self.low, Some(self.close), self.pre_close]
            .into_iter()
            .flatten()
            .any(|price| !tick.divides(price))
    }
}

/// The smallest step of a price.
///
/// Exchange rules: 0.01 CNY for A shares, 0.001 CNY for funds, 0.001 USD for Shanghai's B shares, 0.01 HKD for Shenzhen's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// A hundredth.
    Hundredth,
    /// A thousandth.
    Thousandth,
}

impl Tick {
    /// The tick of a security, or `None` for an index.
    #[must_use]
    pub fn of(kind: SecurityKind, code: TsCode) -> Option<Self> {
        match kind {
            SecurityKind::Index => None,
            SecurityKind::Etf => Some(Self::Thousandth),
            SecurityKind::Stock => Some(match Board::of(code) {
                Some(board) => Self::on(board, code.exchange()),
                None => Self::Hundredth,
            }),
        }
    }

    /// The tick of the stocks of a board, for a caller that has looked the board up.
    pub(crate) fn on(board: Board, exchange: Exchange) -> Self {
        let usd = board == Board::BShare && exchange == Exchange::Sse;
        if usd { Self::Thousandth } else { Self::Hundredth }
    }

    /// Ticks in one unit of currency.
    #[must_use]
    pub const fn per_unit(self) -> f64 {
        match self {
            Self::Hundredth => 100.0,
            Self::Thousandth => 1000.0,
        }
    }

    /// Whether `price` is a whole number of ticks, but for the noise of binary fractions.
    #[must_use]
    pub fn divides(self, price: f64) -> bool {
        let ticks = price * self.per_unit();
        // Sources state at most four decimals, so a real deviation is at least a hundredth of a tick.
        (ticks - ticks.round()).abs() < 1e-4
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bar(code: &str, close: f64) -> DailyBar {
        DailyBar {
            ts_code: code.parse().unwrap(),
            trade_date: "20250205".parse().unwrap(),
            open: None,
            high: None,
            low: None,
            close,
            pre_close: None,
            change: None,
            pct_chg: None,
            vol: None,
            amount: None,
        }
    }

    #[test]
    fn a_price_off_the_tick_marks_the_bar_adjusted() {
        assert!(bar("000001.SZ", 14.7348).is_adjusted(SecurityKind::Stock));
        assert!(bar("000001.SZ", 2.712_100_000_000_000_4).is_adjusted(SecurityKind::Stock));
        assert!(!bar("000001.SZ", 11.37).is_adjusted(SecurityKind::Stock));
        assert!(!bar("159001.SZ", 100.001).is_adjusted(SecurityKind::Etf));
        assert!(bar("159001.SZ", 100.0012).is_adjusted(SecurityKind::Etf));
        assert!(!bar("000001.SH", 3_348.327_1).is_adjusted(SecurityKind::Index));
        assert!(!bar("900901.SH", 0.671).is_adjusted(SecurityKind::Stock));
    }

    proptest! {
        #[test]
        fn every_whole_number_of_ticks_is_on_the_grid(ticks in 1_u32..100_000_000) {
            prop_assert!(Tick::Hundredth.divides(f64::from(ticks) / 100.0));
            prop_assert!(Tick::Thousandth.divides(f64::from(ticks) / 1000.0));
        }

        #[test]
        fn every_fourth_decimal_is_off_the_stock_grid(ticks in 1_u32..1_000_000, part in 1_u32..100) {
            prop_assert!(!Tick::Hundredth.divides(f64::from(ticks * 100 + part) / 10_000.0));
        }
    }
}
