//! Where the next page of a day begins.

use std::{fmt, str::FromStr};

use stockpile_market::{Exchange, SecurityKind, TradeDate, TsCode};

const EXCHANGES: [Exchange; 3] = [Exchange::Bse, Exchange::Sse, Exchange::Szse];

/// The last code of a page and the state of the day it was read in, written as 32 hexadecimal digits.
///
/// It holds the state of the day rather than the revision of the store, so that the arrival of another day breaks nobody's
/// paging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) kind: SecurityKind,
    pub(super) date: TradeDate,
    pub(super) last: TsCode,
    pub(super) mark: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits: u32 = self.last.symbol().parse().unwrap_or_default();
        let exchange = EXCHANGES.iter().position(|exchange| *exchange == self.last.exchange());
        // From the low end: mark 64 bits, digits 20, exchange 2, date 32, kind 2.
        let packed = u128::from(self.mark)
            | u128::from(digits) << 64
            | (exchange.unwrap_or_default() as u128) << 84
            | u128::from(self.date.number().cast_unsigned()) << 86
            | (self.kind as u128) << 118;
        write!(f, "{packed:032x}")
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text.len() != 32 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(());
        }
        let packed = u128::from_str_radix(text, 16).map_err(drop)?;
        let part = |shift: u32, bits: u32| (packed >> shift & ((1 << bits) - 1)) as u32;
        let exchange = EXCHANGES.get(part(84, 2) as usize).ok_or(())?;
        let cursor = Self {
            kind: *SecurityKind::ALL.get((packed >> 118) as usize).ok_or(())?,
            date: TradeDate::from_number(part(86, 32).cast_signed()).ok_or(())?,
            last: format!("{:06}.{}", part(64, 20), exchange.suffix()).parse().map_err(drop)?,
            mark: packed as u64,
        };
        Ok(cursor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_cursor_is_read_as_it_was_written(
            kind in 0_usize..3,
            day in "20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])",
            last in "[0-9]{6}\\.(BJ|SH|SZ)",
            mark: u64,
        ) {
            let (date, last) = (day.parse().unwrap(), last.parse().unwrap());
            let cursor = Cursor { kind: SecurityKind::ALL[kind], date, last, mark };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "[0-9a-f]{32}|.{0,40}") {
            let _ = text.parse::<Cursor>();
        }
    }
}
