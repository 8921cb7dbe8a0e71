//! Numbers with a unit: counts, durations, sizes in bytes.

use std::{ops::RangeInclusive, time::Duration};

use crate::reader::Reader;

const UNITS: [(&str, u64); 7] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

impl Reader<'_> {
    /// Reads a whole number within `bounds`.
    pub(crate) fn number(
        &mut self,
        variable: &'static str,
        default: u64,
        bounds: RangeInclusive<u64>,
    ) -> u64 {
        self.value(variable, default, u64::to_string, |text| within(text.parse().ok(), &bounds, ""))
    }

    /// Reads whole milliseconds within `bounds`.
    pub(crate) fn millis(
        &mut self,
        variable: &'static str,
        default: u64,
        bounds: RangeInclusive<u64>,
    ) -> Duration {
        let parse = |text: &str| within(text.parse().ok(), &bounds, " milliseconds");
        Duration::from_millis(self.value(variable, default, u64::to_string, parse))
    }

    /// Reads whole seconds within `bounds`.
    pub(crate) fn seconds(
        &mut self,
        variable: &'static str,
        default: u64,
        bounds: RangeInclusive<u64>,
    ) -> Duration {
        let parse = |text: &str| within(text.parse().ok(), &bounds, " seconds");
        Duration::from_secs(self.value(variable, default, u64::to_string, parse))
    }

    /// Reads a size such as `67108864` or `64MiB` within `bounds`.
    pub(crate) fn bytes(&mut self, variable: &'static str, default: u64, bounds: RangeInclusive<u64>) -> u64 {
        self.value(
            variable,
            default,
            |size| show_bytes(*size),
            |text| within(parse_bytes(text), &bounds, " bytes, or with a unit such as 64MiB"),
        )
    }
}

fn within(number: Option<u64>, bounds: &RangeInclusive<u64>, unit: &str) -> Result<u64, String> {
    number
        .filter(|number| bounds.contains(number))
        .ok_or_else(|| format!("write a whole number from {} to {}{unit}", bounds.start(), bounds.end()))
}

fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let unit = unit.trim_start();
    if unit.is_empty() {
        return Some(number);
    }
    let (_, factor) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    number.checked_mul(*factor)
}

/// The size in the largest binary unit that shows it exactly.
fn show_bytes(size: u64) -> String {
    let exact = UNITS[..3].iter().rev().find(|(_, factor)| size > 0 && size.is_multiple_of(*factor));
    exact.map_or_else(|| size.to_string(), |(unit, factor)| format!("{}{unit}", size / factor))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_take_bytes_and_units_in_any_case() {
        for text in ["67108864", "64MiB", "64 MiB", "64mib", "65536KiB", "67108864B"] {
            assert_eq!(parse_bytes(text), Some(64 << 20), "{text}");
        }
        assert_eq!(parse_bytes("1MB"), Some(1_000_000));
    }

    #[test]
    fn sizes_without_number_with_fraction_or_too_large_are_refused() {
        for text in
            ["", "MiB", "1.5MiB", "-1", "64 M", "99999999999999999999", "18446744073709551615KiB", "１MiB"]
        {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_shown_size_reads_back(size: u64) {
            prop_assert_eq!(parse_bytes(&show_bytes(size)), Some(size));
        }
    }
}
