//! Fields to values, with a reason when there is none.

use std::borrow::Cow;

use stockpile_market::{TradeDate, TsCode};

/// Why a row is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) column: &'static str,
    pub(super) value: String,
    pub(super) reason: Cow<'static, str>,
    /// No row of the file can be understood then.
    pub(super) whole_file: bool,
}

pub(super) type Field<T> = Result<T, Refusal>;

pub(super) fn refuse<T>(
    column: &'static str,
    value: &[u8],
    reason: impl Into<Cow<'static, str>>,
) -> Field<T> {
    let value = String::from_utf8_lossy(value).into_owned();
    Err(Refusal { column, value, reason: reason.into(), whole_file: false })
}

/// Refuses the whole file for what one row shows.
pub(super) fn refuse_file<T>(column: &'static str, value: &[u8], reason: &'static str) -> Field<T> {
    refuse(column, value, reason).map_err(|refusal| Refusal { whole_file: true, ..refusal })
}

pub(super) fn code(column: &'static str, value: &[u8]) -> Field<TsCode> {
    TsCode::from_bytes(value.trim_ascii())
        .or_else(|_| refuse(column, value, "not a code of SH, SZ or BJ such as 600519.SH"))
}

pub(super) fn date(column: &'static str, value: &[u8]) -> Field<TradeDate> {
    TradeDate::from_bytes(value.trim_ascii()).or_else(|_| refuse(column, value, "not a date YYYYMMDD"))
}

pub(super) fn optional_date(column: &'static str, value: &[u8]) -> Field<Option<TradeDate>> {
    if value.trim_ascii().is_empty() { Ok(None) } else { date(column, value).map(Some) }
}

/// A finite number, or `None` for an empty field.
pub(super) fn number(column: &'static str, value: &[u8]) -> Field<Option<f64>> {
    let text = value.trim_ascii();
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok());
    match parsed {
        Some(number) if number.is_finite() => Ok(Some(number)),
        Some(_) => refuse(column, value, "not a finite number"),
        None => refuse(column, value, "not a number"),
    }
}

/// A number above zero, or `None` for an empty field.
pub(super) fn price(column: &'static str, value: &[u8]) -> Field<Option<f64>> {
    match number(column, value)? {
        Some(price) if price <= 0.0 => refuse(column, value, "a price must be above zero"),
        price => Ok(price),
    }
}

/// A number of zero or more, or `None` for an empty field.
pub(super) fn quantity(column: &'static str, value: &[u8]) -> Field<Option<f64>> {
    match number(column, value)? {
        Some(quantity) if quantity < 0.0 => refuse(column, value, "cannot be below zero"),
        quantity => Ok(quantity),
    }
}

/// A value that must be there.
pub(super) fn present<T>(column: &'static str, value: Option<T>) -> Field<T> {
    value.map_or_else(|| refuse(column, b"", "is missing"), Ok)
}

/// Text, or `None` for an empty field.
pub(super) fn text(column: &'static str, value: &[u8]) -> Field<Option<String>> {
    match std::str::from_utf8(value.trim_ascii()) {
        Ok("") => Ok(None),
        Ok(text) => Ok(Some(text.to_owned())),
        Err(_) => refuse(column, value, "not UTF-8 text"),
    }
}

/// Characters a pair or a ticker may have.
const SYMBOL_LIMIT: usize = 64;

/// A crypto pair or ticker, in upper case.
pub(super) fn symbol(column: &'static str, value: &[u8]) -> Field<String> {
    let symbol = present(column, text(column, value)?)?;
    if symbol.chars().count() > SYMBOL_LIMIT || symbol.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return refuse(column, value, "not a symbol such as BTCUSDT");
    }
    Ok(symbol.to_uppercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_finite_positive_prices_are_read() {
        assert_eq!(price("close", b" 11.37 "), Ok(Some(11.37)));
        assert_eq!(price("close", b""), Ok(None));
        for bad in [
            "NaN", "nan", "inf", "-inf", "Infinity", "1e999", "-1", "0", "-0", "x", "1,2", "0x10", "11.3.7",
            "１１",
        ] {
            let refusal = price("close", bad.as_bytes()).unwrap_err();
            assert_eq!((refusal.column, refusal.value.as_str()), ("close", bad));
        }
    }

    #[test]
    fn a_quantity_may_be_zero_but_not_less() {
        assert_eq!(quantity("vol", b"0"), Ok(Some(0.0)));
        assert!(quantity("vol", b"-0.01").is_err());
    }

    #[test]
    fn text_that_is_not_utf8_is_refused() {
        assert_eq!(text("name", "平安银行".as_bytes()), Ok(Some("平安银行".into())));
        assert!(text("name", b"\xc6\xbd\xb0\xb2").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_panic(value in prop::collection::vec(any::<u8>(), 0..24)) {
            let _ = (code("c", &value), date("c", &value), price("c", &value), text("c", &value));
        }
    }
}
