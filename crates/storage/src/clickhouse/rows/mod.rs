//! Rows as the tables have them: what is written, and what is read whole.

pub(super) mod close;
mod facts;
mod series;

pub(super) use facts::{
    BasicRow, CalendarRow, FactorRow, LimitRow, ReadBasic, ReadSecurity, SecurityRow, SuspensionRow,
    optional_date,
};
pub(super) use series::{CandleRow, CryptoMarketRow, MinuteBarRow, ReadCryptoMarket};

use ::clickhouse::Row;
use serde::{Deserialize, Serialize};
use stockpile_market::{DailyBar, SecurityKind};

use super::row::{self, CodeBytes};
use crate::{Result, StoredBar};

/// A row of `daily_bar`.
#[derive(Debug, Row, Serialize)]
pub(super) struct BarRow {
    pub(super) kind: u8,
    pub(super) ts_code: CodeBytes,
    pub(super) trade_date: i32,
    pub(super) open: Option<f64>,
    pub(super) high: Option<f64>,
    pub(super) low: Option<f64>,
    pub(super) close: f64,
    pub(super) pre_close: Option<f64>,
    pub(super) change: Option<f64>,
    pub(super) pct_chg: Option<f64>,
    pub(super) vol: Option<f64>,
    pub(super) amount: Option<f64>,
    pub(super) adjusted: bool,
    pub(super) version: u64,
}

impl BarRow {
    pub(super) fn new(kind: SecurityKind, bar: &DailyBar, adjusted: bool, version: u64) -> Result<Self> {
        Ok(Self {
            kind: row::kind_number(kind),
            ts_code: row::code_bytes(bar.ts_code),
            trade_date: row::day(bar.trade_date),
            open: bar.open,
            high: bar.high,
            low: bar.low,
            close: bar.close,
            pre_close: bar.pre_close,
            change: bar.change,
            pct_chg: bar.pct_chg,
            vol: bar.vol,
            amount: bar.amount,
            adjusted: bar.is_adjusted(kind) || (adjusted && kind != SecurityKind::Index),
            version,
        })
    }
}

/// The columns of a bar that every query on bars selects.
#[derive(Debug, Row, Deserialize)]
pub(super) struct ReadBar {
    ts_code: CodeBytes,
    trade_date: i32,
    open: Option<f64>,
    high: Option<f64>,
    low: Option<f64>,
    close: f64,
    pre_close: Option<f64>,
    change: Option<f64>,
    pct_chg: Option<f64>,
    vol: Option<f64>,
    amount: Option<f64>,
}

impl TryFrom<ReadBar> for DailyBar {
    type Error = crate::Error;

    fn try_from(read: ReadBar) -> Result<Self> {
        Ok(Self {
            ts_code: row::code(read.ts_code)?,
            trade_date: row::date(read.trade_date)?,
            open: read.open,
            high: read.high,
            low: read.low,
            close: read.close,
            pre_close: read.pre_close,
            change: read.change,
            pct_chg: read.pct_chg,
            vol: read.vol,
            amount: read.amount,
        })
    }
}

/// A bar and one column more; the driver wants every column named in one struct.
macro_rules! bar_and {
    ($(#[$doc:meta])* $name:ident, $field:ident: $type:ty) => {
        $(#[$doc])*
        #[derive(Debug, Row, Deserialize)]
        pub(super) struct $name {
            ts_code: CodeBytes,
            trade_date: i32,
            open: Option<f64>,
            high: Option<f64>,
            low: Option<f64>,
            close: f64,
            pre_close: Option<f64>,
            change: Option<f64>,
            pct_chg: Option<f64>,
            vol: Option<f64>,
            amount: Option<f64>,
            pub(super) $field: $type,
        }

        impl TryFrom<$name> for DailyBar {
            type Error = crate::Error;

            fn try_from(read: $name) -> Result<Self> {
                let $name {
                    ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount, ..
                } = read;
                ReadBar { ts_code, trade_date, open, high, low, close, pre_close, change, pct_chg, vol, amount }
                    .try_into()
            }
        }
    };
}

bar_and!(
    /// A bar and whether a price of it lies off the tick.
    ReadStoredBar, adjusted: bool
);
bar_and!(
    /// A bar and the mark of its day.
    ReadPagedBar, mark: u64
);

impl TryFrom<ReadStoredBar> for StoredBar {
    type Error = crate::Error;

    fn try_from(read: ReadStoredBar) -> Result<Self> {
        Ok(Self { adjusted: read.adjusted, bar: read.try_into()? })
    }
}

/// Turns what was read into market types.
pub(super) fn converted<R, T: TryFrom<R, Error = crate::Error>>(rows: Vec<R>) -> Result<Vec<T>> {
    rows.into_iter().map(T::try_from).collect()
}
