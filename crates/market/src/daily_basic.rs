//! A stock's valuation on a day, in Tushare's units.

use serde::{Deserialize, Serialize};

use crate::{TradeDate, TsCode};

/// A row of Tushare's `daily_basic`. A value the source lacks is `None`, never zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DailyBasic {
    /// Security.
    pub ts_code: TsCode,
    /// Trading day.
    pub trade_date: TradeDate,
    /// Last price, CNY.
    pub close: Option<f64>,
    /// Volume by all traded shares, percent.
    pub turnover_rate: Option<f64>,
    /// Volume by freely traded shares, percent.
    pub turnover_rate_f: Option<f64>,
    /// Volume by the mean of the five days before, ratio.
    pub volume_ratio: Option<f64>,
    /// Price by earnings of the last year, ratio; `None` at a loss.
    pub pe: Option<f64>,
    /// Price by earnings of the last four quarters, ratio; `None` at a loss.
    pub pe_ttm: Option<f64>,
    /// Price by book value, ratio.
    pub pb: Option<f64>,
    /// Price by sales of the last year, ratio.
    pub ps: Option<f64>,
    /// Price by sales of the last four quarters, ratio.
    pub ps_ttm: Option<f64>,
    /// Dividend by price, percent.
    pub dv_ratio: Option<f64>,
    /// Dividend of the last four quarters by price, percent.
    pub dv_ttm: Option<f64>,
    /// All shares, 10,000 shares.
    pub total_share: Option<f64>,
    /// Traded shares, 10,000 shares.
    pub float_share: Option<f64>,
    /// Freely traded shares, 10,000 shares.
    pub free_share: Option<f64>,
    /// Value of all shares, 10,000 CNY.
    pub total_mv: Option<f64>,
    /// Value of the traded shares, 10,000 CNY.
    pub circ_mv: Option<f64>,
}

impl DailyBasic {
    /// A row of which only the key is known.
    #[must_use]
    pub const fn empty(ts_code: TsCode, trade_date: TradeDate) -> Self {
        Self {
            ts_code,
            trade_date,
            close: None,
            turnover_rate: None,
            turnover_rate_f: None,
            volume_ratio: None,
            pe: None,
            pe_ttm: None,
            pb: None,
            ps: None,
            ps_ttm: None,
            dv_ratio: None,
            dv_ttm: None,
            total_share: None,
            float_share: None,
            free_share: None,
            total_mv: None,
            circ_mv: None,
        }
    }
}
