//! The columns of each kind, and the kind of a header.

use super::kind::FileKind;

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
    /// Columns a file of this kind must have, in any order.
    #[must_use]
    pub const fn required_columns(self) -> &'static [&'static str] {
        match self {
            Self::Bars | Self::Daily | Self::FundDaily | Self::IndexDaily => BAR_COLUMNS,
            Self::AdjFactor => &["ts_code", "trade_date", "adj_factor"],
            Self::StockBasic => &["ts_code", "name", "area", "industry", "list_date"],
            Self::FundBasic => &["ts_code", "name", "management", "fund_type", "list_date"],
            Self::IndexBasic => &["ts_code", "name", "publisher", "list_date"],
            Self::TradeCal => &["exchange", "cal_date", "is_open"],
            Self::DailyBasic => {
                &["ts_code", "trade_date", "turnover_rate", "pe_ttm", "pb", "total_mv", "circ_mv"]
            }
            Self::StkLimit => &["ts_code", "trade_date", "up_limit", "down_limit"],
            Self::SuspendD => &["ts_code", "trade_date", "suspend_type"],
            Self::StkMins => &["ts_code", "trade_time", "open", "high", "low", "close", "vol", "amount"],
            Self::MinuteBars => &["ts_code", "trade_time", "open", "high", "low", "close", "vol"],
            Self::Candles => &["symbol", "interval", "ts", "open", "high", "low", "close", "volume"],
            Self::CoinsMarkets => &[
                "id",
                "symbol",
                "name",
                "current_price",
                "market_cap",
                "total_volume",
                "price_change_percentage_24h",
                "last_updated",
            ],
        }
    }

    /// Columns that are read when they are there.
    #[must_use]
    pub const fn optional_columns(self) -> &'static [&'static str] {
        match self {
            Self::Bars | Self::Daily | Self::FundDaily | Self::IndexDaily => &["adj_factor"],
            Self::AdjFactor | Self::CoinsMarkets => &[],
            Self::StockBasic => &["cnspell", "list_status", "delist_date"],
            Self::FundBasic => &["status", "delist_date"],
            Self::IndexBasic => &["exp_date"],
            Self::TradeCal => &["pretrade_date"],
            Self::DailyBasic => &[
                "close",
                "turnover_rate_f",
                "volume_ratio",
                "pe",
                "ps",
                "ps_ttm",
                "dv_ratio",
                "dv_ttm",
                "total_share",
                "float_share",
                "free_share",
            ],
            Self::StkLimit => &["pre_close"],
            Self::SuspendD => &["suspend_timing"],
            Self::StkMins => &["freq"],
            Self::MinuteBars => &["amount", "freq"],
            Self::Candles => &["quote_volume"],
        }
    }

    /// Recognises a kind by its header, even one that lacks a column, or says what the file is instead.
    pub(crate) fn recognise(columns: &[String]) -> Result<Self, &'static str> {
        let has = |column: &str| columns.iter().any(|name| name == column);
        let some_of = |names: &[&str]| names.iter().filter(|name| has(name)).count();
        Ok(if has("trade_time") {
            // Tushare's answer always has its turnover; what lacks it was made by somebody else.
            if has("amount") { Self::StkMins } else { Self::MinuteBars }
        } else if has("symbol") && has("interval") {
            Self::Candles
        } else if has("current_price") && has("market_cap") {
            Self::CoinsMarkets
        } else if has("cal_date") || has("is_open") {
            Self::TradeCal
        } else if has("management") || has("fund_type") {
            Self::FundBasic
        } else if has("base_point") || has("publisher") {
            Self::IndexBasic
        } else if has("list_date") && has("name") {
            Self::StockBasic
        } else if some_of(&["open", "high", "low", "close"]) >= 2 {
            Self::Bars
        } else if has("adj_factor") {
            Self::AdjFactor
        } else if has("up_limit") || has("down_limit") {
            Self::StkLimit
        } else if has("suspend_type") || has("suspend_timing") {
            Self::SuspendD
        } else if some_of(&["turnover_rate", "pe_ttm", "total_mv"]) >= 2 {
            Self::DailyBasic
        } else if has("ts_code") && some_of(&["open", "high", "low", "close"]) == 1 {
            Self::Bars
        } else {
            return Err("its header is of no known kind; name one with --kind");
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
