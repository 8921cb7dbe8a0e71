//! Trading dates.

use std::{fmt, str::FromStr};

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Error, Result};

/// A calendar day at the exchange (Asia/Shanghai), without time.
///
/// Reads `YYYYMMDD` and `YYYY-MM-DD`; writes `YYYYMMDD`.
///
/// ```
/// use stockpile_market::TradeDate;
///
/// let date: TradeDate = "2025-02-05".parse()?;
/// assert_eq!(date.to_string(), "20250205");
/// assert!("20250230".parse::<TradeDate>().is_err());
/// # Ok::<(), stockpile_market::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TradeDate(Date);

impl TradeDate {
    /// The earliest date that can be written as eight digits.
    pub const MIN: Self = Self(Date::constant(1000, 1, 1));
    /// The latest one.
    pub const MAX: Self = Self(Date::constant(9999, 12, 31));

    /// Reads `YYYYMMDD` or `YYYY-MM-DD`.
    ///
    /// # Errors
    ///
    /// [`Error::Date`] when the text has another form or names a day that no calendar has.
    pub fn from_bytes(text: &[u8]) -> Result<Self> {
        let read = || {
            let digits: [u8; 8] = match *text {
                [a, b, c, d, b'-', e, f, b'-', g, h] => [a, b, c, d, e, f, g, h],
                _ => text.try_into().ok()?,
            };
            let number = digits.iter().try_fold(0_i32, |sum, digit| {
                digit.is_ascii_digit().then(|| sum * 10 + i32::from(digit - b'0'))
            })?;
            Self::from_number(number)
        };
        read().ok_or_else(|| Error::Date(String::from_utf8_lossy(text).into_owned()))
    }

    /// A date of the rule tables; a day that no calendar has fails the build.
    pub(crate) const fn constant(year: i16, month: i8, day: i8) -> Self {
        Self(Date::constant(year, month, day))
    }

    /// The date written as the number `YYYYMMDD`, or `None` when no calendar has it or its year is before 1000.
    #[must_use]
    pub fn from_number(yyyymmdd: i32) -> Option<Self> {
        let year = i16::try_from(yyyymmdd / 10_000).ok().filter(|year| *year >= 1000)?;
        let month = i8::try_from(yyyymmdd / 100 % 100).ok()?;
        let day = i8::try_from(yyyymmdd % 100).ok()?;
        Date::new(year, month, day).ok().map(Self)
    }

    /// The date as the number `YYYYMMDD`, which sorts as dates do.
    #[must_use]
    pub fn number(self) -> i32 {
        i32::from(self.0.year()) * 10_000 + i32::from(self.0.month()) * 100 + i32::from(self.0.day())
    }

    /// The civil date.
    #[must_use]
    pub const fn civil(self) -> Date {
        self.0
    }
}

impl From<Date> for TradeDate {
    fn from(date: Date) -> Self {
        Self(date)
    }
}

impl fmt::Display for TradeDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.number())
    }
}

impl fmt::Debug for TradeDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TradeDate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::from_bytes(text.as_bytes())
    }
}

impl Serialize for TradeDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TradeDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_date_round_trips_in_both_forms(y in 1000_i16..=9999, m in 1_i8..=12, d in 1_i8..=28) {
            let compact = format!("{y:04}{m:02}{d:02}");
            let dashed = format!("{y:04}-{m:02}-{d:02}");
            let date: TradeDate = compact.parse().unwrap();
            prop_assert_eq!(dashed.parse::<TradeDate>().unwrap(), date);
            prop_assert_eq!(date.to_string(), compact);
            prop_assert_eq!(TradeDate::from_number(date.number()), Some(date));
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in ".{0,12}", number in any::<i32>()) {
            let _ = text.parse::<TradeDate>();
            let _ = TradeDate::from_number(number);
        }
    }

    #[test]
    fn impossible_dates_are_refused_by_name() {
        for text in
            ["20251340", "20250230", "00000000", "2025-2-05", "2025/02/05", "202502051", "", "19000229"]
        {
            assert_eq!(text.parse::<TradeDate>(), Err(Error::Date(text.into())), "{text}");
        }
    }
}
