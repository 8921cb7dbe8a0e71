//! What is known of an answer's rows before they are checked.

use std::collections::HashMap;

use serde_json::Value;
use stockpile_market::{TradeDate, TsCode};

use crate::table::Table;

/// Takes out the rows of codes that are well formed but of no exchange in the store, and counts them.
pub(super) fn leave_out_foreign(table: &mut Table) -> u64 {
    let Some(at) = table.position("ts_code") else { return 0 };
    let before = table.rows.len();
    table.rows.retain(|row| !row.get(at).and_then(Value::as_str).is_some_and(is_foreign));
    (before - table.rows.len()) as u64
}

/// Such as `000300.CSI`, `161725.OF` or `T00018.SH`.
pub(super) fn is_foreign(code: &str) -> bool {
    let Some((symbol, suffix)) = code.split_once('.') else { return false };
    let well_formed = |text: &str, length: std::ops::RangeInclusive<usize>| {
        length.contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    TsCode::from_bytes(code.as_bytes()).is_err()
        && well_formed(symbol, 1..=12)
        && well_formed(suffix, 2..=4)
        && (suffix.len() > 2 || !symbol.bytes().all(|byte| byte.is_ascii_digit()) || symbol.len() == 6)
}

/// The newest trading day up to which every code of a table has its rows.
pub(super) fn last_common_day(table: &Table) -> Option<TradeDate> {
    let (code, day) = (table.position("ts_code")?, table.position("trade_date")?);
    let mut newest: HashMap<&str, TradeDate> = HashMap::new();
    for row in &table.rows {
        if let (Some(code), Some(Ok(day))) =
            (row[code].as_str(), row[day].as_str().map(str::parse::<TradeDate>))
        {
            newest.entry(code).and_modify(|newest| *newest = day.max(*newest)).or_insert(day);
        }
    }
    newest.into_values().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_one_code_lacks_is_not_there_yet() {
        let row = |code: &str, day: &str| vec![Value::from(code), Value::from(day)];
        let mut table = Table {
            columns: vec!["ts_code".to_owned(), "trade_date".to_owned()],
            rows: vec![
                row("000001.SH", "20250207"),
                row("000001.SH", "20250206"),
                row("399001.SZ", "20250206"),
            ],
        };
        assert_eq!(last_common_day(&table), "20250206".parse().ok());
        table.rows.push(row("399001.SZ", "20250207"));
        assert_eq!(last_common_day(&table), "20250207".parse().ok());
        assert_eq!(last_common_day(&Table::default()), None);
    }

    #[test]
    fn codes_of_other_markets_are_foreign_and_broken_ones_are_not() {
        for code in ["000300.CSI", "161725.OF", "T00018.SH", "H11001.CSI", "801010.SI"] {
            assert!(is_foreign(code), "{code}");
        }
        for code in ["600519.SH", "60051.SH", "600519", "600519.sh", "", "六.SH", "600 19.SH"] {
            assert!(!is_foreign(code), "{code}");
        }
    }
}
