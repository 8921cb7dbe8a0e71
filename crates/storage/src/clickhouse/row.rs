//! Between market types and columns.

use jiff::{Timestamp, civil::Date};
use stockpile_market::{SecurityKind, TradeDate, TsCode};

use crate::{Error, Result};

const EPOCH: Date = Date::constant(1970, 1, 1);

/// A code as a column of nine bytes.
pub(super) type CodeBytes = [u8; 9];

pub(super) const fn kind_number(kind: SecurityKind) -> u8 {
    match kind {
        SecurityKind::Stock => 1,
        SecurityKind::Etf => 2,
        SecurityKind::Index => 3,
    }
}

pub(super) fn kind(number: u8) -> Result<SecurityKind> {
    SecurityKind::ALL
        .into_iter()
        .find(|kind| kind_number(*kind) == number)
        .ok_or_else(|| Error::Impossible { what: "kind of security", value: number.to_string() })
}

pub(super) fn code_bytes(code: TsCode) -> CodeBytes {
    let mut bytes = CodeBytes::default();
    for (byte, character) in bytes.iter_mut().zip(code.text().as_str().bytes()) {
        *byte = character;
    }
    bytes
}

pub(super) fn code(bytes: CodeBytes) -> Result<TsCode> {
    TsCode::from_bytes(&bytes).map_err(|_| Error::Impossible {
        what: "security code",
        value: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

/// Days since 1970, which is what the column holds: it keeps and compares any, though it prints those from 1900 to 2299 alone.
pub(super) fn day(date: TradeDate) -> i32 {
    const DAY: i64 = 86_400;
    let seconds = date.civil().duration_since(EPOCH).as_secs();
    // Four digits of a year are some three million days.
    i32::try_from(seconds / DAY).unwrap_or_default()
}

pub(super) fn date(days: i32) -> Result<TradeDate> {
    EPOCH
        .checked_add(jiff::SignedDuration::from_hours(24 * i64::from(days)))
        .ok()
        .filter(|date| (TradeDate::MIN.civil()..=TradeDate::MAX.civil()).contains(date))
        .map(TradeDate::from)
        .ok_or_else(|| Error::Impossible { what: "date", value: format!("day {days}") })
}

pub(super) fn time(milliseconds: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(milliseconds)
        .map_err(|_| Error::Impossible { what: "time", value: milliseconds.to_string() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_day_is_read_as_written(y in 1000_i16..=9999, m in 1_i8..=12, d in 1_i8..=28) {
            let written = TradeDate::from(Date::constant(y, m, d));
            prop_assert_eq!(date(day(written)).unwrap(), written);
        }

        #[test]
        fn any_number_is_a_day_or_refused(days in any::<i32>()) {
            let _ = date(days);
        }
    }
}
