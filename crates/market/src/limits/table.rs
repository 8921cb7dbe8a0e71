//! The dated tables: which limit was in force on which board, and how long a new listing is free of it.
//!
//! A rule holds from its first day until the next row of the same board and kind of share.

use crate::{Board, TradeDate};

/// How a limit that falls between two ticks is brought onto one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest tick, a half upwards: what the rules of Shanghai and Shenzhen say.
    HalfUp,
    /// To the tick nearer to `pre_close`, so that the move never exceeds the percentage.
    TowardsPreClose,
}

/// What a row of the tables rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The exchange's rule.
    Rule,
    /// One source other than the exchange; the exchange's own notice was not found.
    SingleSource,
}

/// One row: the limit of a board from a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitRule {
    /// Board the row is for.
    pub board: Board,
    /// Whether the row is for shares under special treatment (ST, *ST); a board without such a row treats all alike.
    pub st: bool,
    /// First day in force.
    pub since: TradeDate,
    /// Distance of a limit from `pre_close`, percent; `None` while prices were free.
    pub percent: Option<u8>,
    /// Rounding of the upper limit.
    pub upper: Rounding,
    /// Rounding of the lower limit.
    pub lower: Rounding,
    /// What the row rests on.
    pub evidence: Evidence,
    /// Name of the rule.
    pub source: &'static str,
}

/// One row: the days without a limit that follow a listing on a board from a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewListingRule {
    /// Board the row is for.
    pub board: Board,
    /// First day of listing it applies to.
    pub listed_since: TradeDate,
    /// Trading days without a limit, the day of listing included.
    pub free_days: u32,
    /// Name of the rule.
    pub source: &'static str,
}

const fn rule(board: Board, since: TradeDate, percent: u8, source: &'static str) -> LimitRule {
    LimitRule {
        board,
        st: false,
        since,
        percent: Some(percent),
        upper: Rounding::HalfUp,
        lower: Rounding::HalfUp,
        evidence: Evidence::Rule,
        source,
    }
}

const fn free(board: Board, since: TradeDate, source: &'static str) -> LimitRule {
    LimitRule { percent: None, ..rule(board, since, 0, source) }
}

const fn st(board: Board, since: TradeDate, percent: u8, source: &'static str) -> LimitRule {
    LimitRule { st: true, ..rule(board, since, percent, source) }
}

const fn listing(
    board: Board,
    listed_since: TradeDate,
    free_days: u32,
    source: &'static str,
) -> NewListingRule {
    NewListingRule { board, listed_since, free_days, source }
}

const FREED: &str = "Shanghai Stock Exchange: prices freed on 1992-05-21";
const LIMIT_1996: &str =
    "Shanghai and Shenzhen Stock Exchanges: notices on daily price limits, December 1996";
const ST_1998: &str = "Listing Rules of Shanghai and Shenzhen (1998): special treatment of shares";
const ST_2026: &str = "Trading Rules of Shanghai and Shenzhen: change proposed on 2025-06-27; its first day rests on one \
                       maintained library of A-share rules";
const CHINEXT_2009: &str = "Shenzhen Stock Exchange Trading Rules, applied to ChiNext from its first day";
const CHINEXT_2020: &str = "Shenzhen Stock Exchange: Special Provisions on Trading on ChiNext (2020)";
const STAR_2019: &str = "Shanghai Stock Exchange: Special Provisions on Trading of STAR Market Stocks (2019)";
const BSE_2021: &str =
    "Beijing Stock Exchange Trading Rules (Trial, 2021); rounding of the upper limit measured";
const OPENING: &str = "Trading Rules of Shanghai and Shenzhen: the day of listing has no limit";
const MAIN_2023: &str =
    "Trading Rules of Shanghai and Shenzhen (2023), in use with the first registered listings";

const fn day(year: i16, month: i8, day: i8) -> TradeDate {
    TradeDate::constant(year, month, day)
}

/// Ascending by date within a board and kind of share.
pub(super) const LIMITS: &[LimitRule] = &[
    // Before this day Shanghai changed its limits several times in months; those are not recorded here.
    free(Board::Main, day(1992, 5, 21), FREED),
    rule(Board::Main, day(1996, 12, 16), 10, LIMIT_1996),
    st(Board::Main, day(1998, 4, 22), 5, ST_1998),
    LimitRule { evidence: Evidence::SingleSource, ..st(Board::Main, day(2026, 7, 6), 10, ST_2026) },
    free(Board::BShare, day(1992, 5, 21), FREED),
    rule(Board::BShare, day(1996, 12, 16), 10, LIMIT_1996),
    st(Board::BShare, day(1998, 4, 22), 5, ST_1998),
    rule(Board::Chinext, day(2009, 10, 30), 10, CHINEXT_2009),
    rule(Board::Chinext, day(2020, 8, 24), 20, CHINEXT_2020),
    rule(Board::Star, day(2019, 7, 22), 20, STAR_2019),
    // Measured on unadjusted daily bars of April to December 2022: on each of the ten days on which a stock's high was the
    // limit and the two roundings differ, the high is the price rounded down, never half up. No low at the lower
    // limit was seen, so that side keeps the rounding of the other exchanges.
    LimitRule { upper: Rounding::TowardsPreClose, ..rule(Board::Bse, day(2021, 11, 15), 30, BSE_2021) },
];

/// Ascending by date within a board.
pub(super) const NEW_LISTINGS: &[NewListingRule] = &[
    listing(Board::Main, day(1990, 12, 19), 1, OPENING),
    listing(Board::Main, day(2023, 4, 10), 5, MAIN_2023),
    listing(Board::BShare, day(1990, 12, 19), 1, OPENING),
    listing(Board::Chinext, day(2009, 10, 30), 1, CHINEXT_2009),
    listing(Board::Chinext, day(2020, 8, 24), 5, CHINEXT_2020),
    listing(Board::Star, day(2019, 7, 22), 5, STAR_2019),
    listing(Board::Bse, day(2021, 11, 15), 1, BSE_2021),
];
