//! Looking the tables up.

use super::{
    Evidence, LimitRule, ListingAge, NewListingRule, PriceLimits,
    price::limits,
    table::{LIMITS, NEW_LISTINGS},
};
use crate::{Board, Tick, TradeDate, TsCode};

/// The exchanges' limits for stocks as dated tables.
///
/// Not in the tables, so that a published limit is needed to see them: the first day of a delisting period, the day a stock is
/// listed again or resumes after a reform, the order bands of a day without a limit (such as 44 % on the first day of a main
/// board listing before 2023), and funds.
///
/// ```
/// use stockpile_market::{LimitRules, ListingAge};
///
/// let rules = LimitRules::exchange();
/// let limits = rules
///     .prices("300750.SZ".parse()?, "20250205".parse()?, 255.55, ListingAge::Unknown, None)
///     .expect("ChiNext has a limit");
/// assert_eq!((limits.up, limits.down), (306.66, 204.44));
/// # Ok::<(), stockpile_market::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LimitRules {
    limits: &'static [LimitRule],
    new_listings: &'static [NewListingRule],
}

impl LimitRules {
    /// The tables of the three exchanges, as of November 2026.
    #[must_use]
    pub const fn exchange() -> Self {
        Self { limits: LIMITS, new_listings: NEW_LISTINGS }
    }

    /// Every row of the table of limits, with its source.
    #[must_use]
    pub const fn limits(&self) -> &'static [LimitRule] {
        self.limits
    }

    /// Every row of the table of new listings, with its source.
    #[must_use]
    pub const fn new_listings(&self) -> &'static [NewListingRule] {
        self.new_listings
    }

    /// The limits of one stock on one day.
    ///
    /// - `pre_close`: the day's own, lowered on an ex-rights day, unadjusted; CNY (B shares USD or HKD).
    /// - `st`: whether the share was under special treatment *on that day*, from a dated row; `None` when that is
    ///   unknown, which counts as no. A name of today decides nothing.
    ///
    /// `None` when there is no limit on that day, when the tables do not cover it, when the code is not a stock's, and
    /// when `pre_close` is off the tick, hence adjusted.
    #[must_use]
    pub fn prices(
        &self,
        code: TsCode,
        date: TradeDate,
        pre_close: f64,
        age: ListingAge,
        st: Option<bool>,
    ) -> Option<PriceLimits> {
        self.on(date).prices(code, pre_close, age, st)
    }

    /// The rules of one day, looked up once for any number of stocks.
    #[must_use]
    pub fn on(&self, date: TradeDate) -> DayLimits {
        let latest = |board, st| {
            self.limits
                .iter()
                .filter(|rule| rule.board == board && rule.st == st && rule.since <= date)
                .max_by_key(|rule| rule.since)
                .copied()
        };
        let day = BOARDS.map(|board| {
            let ordinary = latest(board, false);
            BoardDay { ordinary, st: latest(board, true).or(ordinary) }
        });
        DayLimits { boards: day, new_listings: self.new_listings }
    }
}

/// In the order of the enum, so that a board is its own index.
const BOARDS: [Board; 5] = [Board::Main, Board::Chinext, Board::Star, Board::Bse, Board::BShare];

#[derive(Clone, Copy, Debug)]
struct BoardDay {
    ordinary: Option<LimitRule>,
    st: Option<LimitRule>,
}

/// The limits in force on one day.
#[derive(Clone, Copy, Debug)]
pub struct DayLimits {
    boards: [BoardDay; 5],
    new_listings: &'static [NewListingRule],
}

impl DayLimits {
    /// The limits of one stock; arguments and `None` as for [`LimitRules::prices`].
    #[must_use]
    pub fn prices(
        &self,
        code: TsCode,
        pre_close: f64,
        age: ListingAge,
        st: Option<bool>,
    ) -> Option<PriceLimits> {
        let board = Board::of(code)?;
        self.prices_on(board, Tick::on(board, code.exchange()), pre_close, age, st)
    }

    /// As [`prices`](Self::prices), with the board looked up: that is the dearest step of a fold over a market.
    pub(crate) fn prices_on(
        &self,
        board: Board,
        tick: Tick,
        pre_close: f64,
        age: ListingAge,
        st: Option<bool>,
    ) -> Option<PriceLimits> {
        if self.is_free(board, age) {
            return None;
        }
        let rule = self.rule(board, st)?;
        limits(pre_close, tick, rule.percent?, rule.upper, rule.lower)
    }

    /// The row in force on a board, or `None` when the tables do not cover the day; an unknown `st` counts as no.
    #[must_use]
    pub fn rule(&self, board: Board, st: Option<bool>) -> Option<LimitRule> {
        let day = &self.boards[board as usize];
        if st == Some(true) { day.st } else { day.ordinary }
    }

    /// Whether the limit of a share on this board depends on its special treatment, as far as is certain.
    #[must_use]
    pub fn st_matters(&self, board: Board) -> bool {
        let day = &self.boards[board as usize];
        let percent = |rule: Option<LimitRule>| rule.and_then(|rule| rule.percent);
        let unsure = day.st.is_some_and(|rule| rule.evidence == Evidence::SingleSource);
        unsure || percent(day.st) != percent(day.ordinary)
    }

    /// Whether a listing is new enough to have no limit.
    #[must_use]
    pub fn is_free(&self, board: Board, age: ListingAge) -> bool {
        let ListingAge::Known { list_date, trading_day } = age else { return false };
        self.new_listings
            .iter()
            .filter(|rule| rule.board == board && rule.listed_since <= list_date)
            .max_by_key(|rule| rule.listed_since)
            .is_some_and(|rule| (1..=rule.free_days).contains(&trading_day))
    }
}
