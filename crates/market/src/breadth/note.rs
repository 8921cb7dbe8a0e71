//! What the limit counts rest on, and what to know about them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where the limits of a day come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitBasis {
    /// The exchange published a limit for every stock.
    Exchange,
    /// The rule of the board on that day, for some stocks at least.
    BoardRule,
}

impl LimitBasis {
    /// `exchange` or `board_rule`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::BoardRule => "board_rule",
        }
    }
}

impl fmt::Display for LimitBasis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why the limit counts are absent, or how they may be off. Displayed as text for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitNote {
    /// Too many bars are adjusted to compare closes with limits; the counts are absent.
    AdjustedDay {
        /// Stocks whose bar is off the tick.
        adjusted: u32,
        /// Stocks with a bar.
        rows: u32,
    },
    /// No stock had a limit: none was in force, no rule is known for the day, or no row states a `pre_close`; the counts are
    /// absent.
    NoLimit,
    /// Stocks were judged by their board's rule although a fact it depends on is unknown; the counts may be off.
    BoardRule {
        /// Stocks on boards where special treatment decides, whose status on the day is unknown.
        st_unknown: u32,
        /// Stocks whose date of listing is unknown.
        listing_unknown: u32,
    },
}

impl fmt::Display for LimitNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::AdjustedDay { adjusted, rows } => write!(
                f,
                "prices of this day are adjusted ({adjusted} of {rows} bars are off the tick), so limits cannot be told"
            ),
            Self::NoLimit => f.write_str("no limit is known for any stock of this day"),
            Self::BoardRule { st_unknown, listing_unknown } => {
                if st_unknown > 0 {
                    write!(
                        f,
                        "ST shares are counted by their board's ordinary limit: the dated status of {st_unknown} stocks is \
                         unknown"
                    )?;
                }
                if st_unknown > 0 && listing_unknown > 0 {
                    f.write_str("; ")?;
                }
                if listing_unknown > 0 {
                    write!(
                        f,
                        "new listings are counted as old ones where the listing date is unknown ({listing_unknown} \
                         stocks)"
                    )?;
                }
                Ok(())
            }
        }
    }
}
