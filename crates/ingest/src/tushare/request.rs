//! What one run asks of Tushare.

use serde_json::{Value, json};
use stockpile_market::TradeDate;

use super::interface::{INDICES, Interface};

/// An interface and the days asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Request {
    pub(super) interface: Interface,
    pub(super) first: TradeDate,
    pub(super) last: TradeDate,
}

impl Request {
    /// The name of its run: `daily 20250205`, `index_daily 20250102-20251231`.
    pub(super) fn name(&self) -> String {
        let Self { interface, first, last } = self;
        if first == last { format!("{interface} {first}") } else { format!("{interface} {first}-{last}") }
    }

    /// The other way round: a name that is no request's gives `None`.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let (interface, days) = name.split_once(' ')?;
        let (first, last) = days.split_once('-').unwrap_or((days, days));
        Some(Self {
            interface: interface.parse().ok()?,
            first: first.parse().ok()?,
            last: last.parse().ok()?,
        })
    }

    /// Parameters of each call, without page.
    pub(super) fn calls(&self) -> Vec<Value> {
        let (first, last) = (self.first.to_string(), self.last.to_string());
        match self.interface {
            Interface::TradeCal => vec![json!({"exchange": "SSE", "start_date": first, "end_date": last})],
            Interface::StockBasic => {
                ["L", "D", "P"].iter().map(|status| json!({"exchange": "", "list_status": status})).collect()
            }
            Interface::FundBasic => vec![json!({"market": "E"})],
            Interface::IndexBasic => {
                ["SSE", "SZSE", "CSI"].iter().map(|market| json!({"market": market})).collect()
            }
            // Its code is required.
            Interface::IndexDaily => INDICES
                .iter()
                .map(|code| json!({"ts_code": code, "start_date": first, "end_date": last}))
                .collect(),
            _ => vec![json!({"trade_date": first})],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_back_from_the_name_of_its_run() {
        for name in ["daily 20250205", "index_daily 20250102-20251231", "trade_cal 20240101-20251231"] {
            assert_eq!(Request::from_name(name).unwrap().name(), name);
        }
        for name in ["daily", "daily x", "weekly 20250205", "daily 20250205-", "a_daily.csv"] {
            assert_eq!(Request::from_name(name), None, "{name}");
        }
    }
}
