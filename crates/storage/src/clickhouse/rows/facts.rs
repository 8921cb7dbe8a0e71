//! Rows of what stands beside the bars of a day.

use clickhouse::Row;
use serde::{Deserialize, Serialize};
use stockpile_market::{
    AdjFactor, CalendarDay, DailyBasic, ListStatus, PriceLimit, Security, Suspension, TradeDate,
};

use super::super::row::{self, CodeBytes};
use crate::{Error, Result};

/// A row of `adj_factor`.
#[derive(Debug, Row, Serialize)]
pub(crate) struct FactorRow {
    ts_code: CodeBytes,
    trade_date: i32,
    adj_factor: f64,
    version: u64,
}

impl FactorRow {
    pub(crate) fn new(factor: &AdjFactor, version: u64) -> Result<Self> {
        Ok(Self {
            ts_code: row::code_bytes(factor.ts_code),
            trade_date: row::day(factor.trade_date),
            adj_factor: factor.adj_factor,
            version,
        })
    }
}

/// A row of `price_limit`.
#[derive(Debug, Row, Serialize)]
pub(crate) struct LimitRow {
    trade_date: i32,
    ts_code: CodeBytes,
    pre_close: Option<f64>,
    up_limit: f64,
    down_limit: f64,
    version: u64,
}

impl LimitRow {
    pub(crate) fn new(limit: &PriceLimit, version: u64) -> Result<Self> {
        Ok(Self {
            trade_date: row::day(limit.trade_date),
            ts_code: row::code_bytes(limit.ts_code),
            pre_close: limit.pre_close,
            up_limit: limit.up_limit,
            down_limit: limit.down_limit,
            version,
        })
    }
}

/// A row of `trade_calendar`.
#[derive(Debug, Row, Serialize)]
pub(crate) struct CalendarRow {
    exchange: &'static str,
    cal_date: i32,
    is_open: bool,
    pretrade_date: Option<i32>,
    version: u64,
}

impl CalendarRow {
    pub(crate) fn new(day: &CalendarDay, version: u64) -> Result<Self> {
        Ok(Self {
            exchange: day.exchange.name(),
            cal_date: row::day(day.cal_date),
            is_open: day.is_open,
            pretrade_date: day.pretrade_date.map(row::day),
            version,
        })
    }
}

/// A row of `security`.
#[derive(Debug, Row, Serialize)]
pub(crate) struct SecurityRow {
    ts_code: CodeBytes,
    kind: u8,
    name: Option<String>,
    area: Option<String>,
    industry: Option<String>,
    cnspell: Option<String>,
    list_date: Option<i32>,
    delist_date: Option<i32>,
    list_status: Option<&'static str>,
    version: u64,
}

impl SecurityRow {
    pub(crate) fn new(security: Security, version: u64) -> Self {
        Self {
            ts_code: row::code_bytes(security.ts_code),
            kind: row::kind_number(security.kind),
            name: security.name,
            area: security.area,
            industry: security.industry,
            cnspell: security.cnspell,
            list_date: security.list_date.map(row::day),
            delist_date: security.delist_date.map(row::day),
            list_status: security.list_status.map(ListStatus::letter),
            version,
        }
    }
}

/// The columns of `security` as they are read.
#[derive(Debug, Row, Deserialize)]
pub(crate) struct ReadSecurity {
    ts_code: CodeBytes,
    kind: u8,
    name: Option<String>,
    area: Option<String>,
    industry: Option<String>,
    cnspell: Option<String>,
    list_date: Option<i32>,
    delist_date: Option<i32>,
    list_status: Option<String>,
}

impl TryFrom<ReadSecurity> for Security {
    type Error = Error;

    fn try_from(read: ReadSecurity) -> Result<Self> {
        let date = |days: Option<i32>| days.map(row::date).transpose();
        Ok(Self {
            ts_code: row::code(read.ts_code)?,
            kind: row::kind(read.kind)?,
            name: read.name,
            area: read.area,
            industry: read.industry,
            cnspell: read.cnspell,
            list_date: date(read.list_date)?,
            delist_date: date(read.delist_date)?,
            list_status: read
                .list_status
                .map(|letter| {
                    letter.parse().map_err(|_| Error::Impossible { what: "listing status", value: letter })
                })
                .transpose()?,
        })
    }
}

/// A row of `suspension`.
#[derive(Debug, Row, Serialize)]
pub(crate) struct SuspensionRow {
    trade_date: i32,
    ts_code: CodeBytes,
    suspend_type: [u8; 1],
    suspend_timing: Option<String>,
    version: u64,
}

impl SuspensionRow {
    pub(crate) fn new(suspension: Suspension, version: u64) -> Result<Self> {
        Ok(Self {
            trade_date: row::day(suspension.trade_date),
            ts_code: row::code_bytes(suspension.ts_code),
            suspend_type: [suspension.suspend_type.letter().as_bytes()[0]],
            suspend_timing: suspension.suspend_timing,
            version,
        })
    }
}

/// A row of `daily_basic`, written with its version and read without.
macro_rules! basic_rows {
    ($($figure:ident)+) => {
        /// A row of `daily_basic`.
        #[derive(Debug, Row, Serialize)]
        pub(crate) struct BasicRow {
            ts_code: CodeBytes,
            trade_date: i32,
            $($figure: Option<f64>,)+
            version: u64,
        }

        impl BasicRow {
            pub(crate) fn new(basic: &DailyBasic, version: u64) -> Result<Self> {
                Ok(Self {
                    ts_code: row::code_bytes(basic.ts_code),
                    trade_date: row::day(basic.trade_date),
                    $($figure: basic.$figure,)+
                    version,
                })
            }
        }

        /// The columns of `daily_basic` as they are read.
        #[derive(Debug, Row, Deserialize)]
        pub(crate) struct ReadBasic {
            ts_code: CodeBytes,
            trade_date: i32,
            $($figure: Option<f64>,)+
        }

        impl TryFrom<ReadBasic> for DailyBasic {
            type Error = Error;

            fn try_from(read: ReadBasic) -> Result<Self> {
                Ok(Self {
                    ts_code: row::code(read.ts_code)?,
                    trade_date: row::date(read.trade_date)?,
                    $($figure: read.$figure,)+
                })
            }
        }
    };
}

basic_rows!(
    close turnover_rate turnover_rate_f volume_ratio pe pe_ttm pb ps ps_ttm dv_ratio dv_ttm total_share float_share
    free_share total_mv circ_mv
);

/// A day and what is known of it.
pub(crate) fn optional_date(days: Option<i32>) -> Result<Option<TradeDate>> {
    days.map(row::date).transpose()
}
