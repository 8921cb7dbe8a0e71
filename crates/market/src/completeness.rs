//! Which days have all their bars.

use std::sync::Arc;

use crate::{Error, Result, TradeDate};

/// Neighbouring days looked at on each side.
const NEIGHBOURS: usize = 5;

/// How far a neighbour may be, in calendar days: beyond every holiday closure, and too short for the market to grow.
const REACH_DAYS: i32 = 31;

/// A complete day has at least this share of its neighbours' rows, percent.
const ENOUGH_PERCENT: u64 = 80;

/// The days of one kind of security that have bars, with the number of rows of each.
///
/// A day is complete when it has at least 80 % of the median of its neighbours: the five days with bars before it and the
/// five after, as far as they lie within 31 calendar days. So
///
/// - growth of the market is no matter, since it takes years to move a fifth;
/// - across a long gap in the data only half of the rows before it are asked for, so that a stray row is no market;
/// - the first and the last day have neighbours on one side alone, which suffices;
/// - a first day without any neighbour is complete, since nothing says otherwise.
///
/// It is a hint, not a proof. When more than half of the neighbours are short in the same way, a short day looks complete;
/// and a true fall, as in July 2015 when half of the market suspended its shares, looks incomplete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayIndex {
    /// Ascending; no day without rows.
    days: Arc<[(TradeDate, u32)]>,
}

impl DayIndex {
    /// Builds the index from the number of rows of each day, in any order; a day with zero rows is none.
    ///
    /// # Errors
    ///
    /// [`Error::DuplicateDay`] when a day is given twice.
    pub fn new(days: impl IntoIterator<Item = (TradeDate, u32)>) -> Result<Self> {
        let mut days: Vec<_> = days.into_iter().filter(|(_, rows)| *rows > 0).collect();
        days.sort_unstable();
        match days.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(Error::DuplicateDay(pair[0].0)),
            None => Ok(Self { days: days.into() }),
        }
    }

    /// Every day with its rows, ascending.
    #[must_use]
    pub fn days(&self) -> &[(TradeDate, u32)] {
        &self.days
    }

    /// Rows of a day; 0 when it has no bars.
    #[must_use]
    pub fn rows(&self, day: TradeDate) -> u32 {
        self.position(day).and_then(|index| self.days.get(index)).map_or(0, |(_, rows)| *rows)
    }

    /// The latest day with bars, complete or not.
    #[must_use]
    pub fn latest(&self) -> Option<TradeDate> {
        self.days.last().map(|(day, _)| *day)
    }

    /// Whether a day has about as many rows as its neighbours; false for a day without bars.
    #[must_use]
    pub fn is_complete(&self, day: TradeDate) -> bool {
        self.position(day).is_some_and(|index| self.is_complete_at(index))
    }

    /// The latest complete day, or `None` when there are no bars.
    #[must_use]
    pub fn latest_complete(&self) -> Option<TradeDate> {
        let index = (0..self.days.len()).rev().find(|index| self.is_complete_at(*index))?;
        self.days.get(index).map(|(day, _)| *day)
    }

    /// Whether a day without neighbours has at least half the rows of the day with bars before it. Older days are not asked
    /// for: the market was smaller then.
    fn is_not_a_remnant(&self, index: usize, rows: u32) -> bool {
        let before = index.checked_sub(1).and_then(|before| self.days.get(before));
        before.is_none_or(|(_, before)| u64::from(rows) * 2 >= u64::from(*before))
    }

    fn position(&self, day: TradeDate) -> Option<usize> {
        self.days.binary_search_by_key(&day, |(day, _)| *day).ok()
    }

    fn is_complete_at(&self, index: usize) -> bool {
        let Some(&(day, rows)) = self.days.get(index) else { return false };
        let near =
            self.days.iter().enumerate().skip(index.saturating_sub(NEIGHBOURS)).take(2 * NEIGHBOURS + 1);
        let mut counts: Vec<u64> = near
            .filter(|(at, (other, _))| {
                at.abs_diff(index) <= NEIGHBOURS && *at != index && within_reach(day, *other)
            })
            .map(|(_, (_, rows))| u64::from(*rows))
            .collect();
        counts.sort_unstable();
        let (Some(low), Some(high)) =
            (counts.get(counts.len().saturating_sub(1) / 2), counts.get(counts.len() / 2))
        else {
            return self.is_not_a_remnant(index, rows);
        };
        // Twice the median, so that the mean of the two middle values stays an integer.
        u64::from(rows) * 2 * 100 >= (low + high) * ENOUGH_PERCENT
    }
}

fn within_reach(one: TradeDate, other: TradeDate) -> bool {
    (one.civil() - other.civil()).get_days().abs() <= REACH_DAYS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> TradeDate {
        text.parse().unwrap()
    }

    /// Consecutive days from 1 March 2025 with these rows; and the nth of those days.
    fn index(rows: &[u32]) -> DayIndex {
        DayIndex::new(rows.iter().enumerate().map(|(at, rows)| (day(at), *rows))).unwrap()
    }

    fn day(at: usize) -> TradeDate {
        let first_s = 1_740_758_400;
        crate::exchange_date(first_s + 86_400 * i64::try_from(at).unwrap())
    }

    #[test]
    fn a_day_below_four_fifths_of_its_neighbours_is_incomplete() {
        assert!(!index(&[5000, 5000, 3999, 5000, 5000]).is_complete(day(2)));
        assert!(index(&[5000, 5000, 4000, 5000, 5000]).is_complete(day(2)));
    }

    #[test]
    fn a_lone_day_is_complete_and_an_absent_one_is_not() {
        let lone = index(&[3]);
        assert!(lone.is_complete(day(0)));
        assert!(!lone.is_complete(day(1)));
        assert_eq!(lone.latest_complete(), Some(day(0)));
    }

    #[test]
    fn a_stray_row_long_after_the_market_is_no_complete_day() {
        let days = DayIndex::new([(day(0), 5000), (day(90), 1)]).unwrap();
        assert!(!days.is_complete(day(90)));
        assert_eq!(days.latest_complete(), Some(day(0)));
        let grown = DayIndex::new([(day(0), 984), (day(90), 5000)]).unwrap();
        assert!(grown.is_complete(day(0)) && grown.is_complete(day(90)));
    }

    #[test]
    fn no_bars_give_no_latest_day() {
        let empty = index(&[0]);
        assert_eq!((empty.latest(), empty.latest_complete()), (None, None));
    }

    #[test]
    fn the_last_day_is_judged_by_those_before_it() {
        let days = index(&[5000, 5010, 5020, 5030, 900]);
        assert_eq!(days.latest(), Some(day(4)));
        assert_eq!(days.latest_complete(), Some(day(3)));
    }

    #[test]
    fn the_first_day_is_judged_by_those_after_it() {
        assert!(!index(&[900, 5000, 5000]).is_complete(day(0)));
    }

    #[test]
    fn two_short_days_in_a_row_are_both_found() {
        let days = index(&[5000, 5000, 5000, 5000, 700, 800]);
        assert_eq!(days.latest_complete(), Some(day(3)));
        assert!(!days.is_complete(day(4)));
    }

    #[test]
    fn a_growing_market_is_complete_all_along() {
        let rows: Vec<u32> = (0..500).map(|at| 1000 + 10 * at).collect();
        let days = index(&rows);
        assert!((0..500).all(|at| days.is_complete(day(at))));
    }

    #[test]
    fn days_beyond_a_long_gap_are_not_neighbours() {
        let rows = [("20100104", 1700), ("20100105", 1710), ("20250205", 5383), ("20250206", 5384)];
        let days = DayIndex::new(rows.map(|(day, rows)| (date(day), rows))).unwrap();
        assert!(rows.iter().all(|(day, _)| days.is_complete(date(day))));
    }

    #[test]
    fn a_holiday_closure_does_not_part_neighbours() {
        let rows = [("20250124", 5380), ("20250127", 5380), ("20250205", 800)];
        let days = DayIndex::new(rows.map(|(day, rows)| (date(day), rows))).unwrap();
        assert!(!days.is_complete(date("20250205")));
    }

    #[test]
    fn a_day_given_twice_is_refused() {
        let twice = DayIndex::new([(day(0), 1), (day(0), 2)]);
        assert_eq!(twice, Err(Error::DuplicateDay(day(0))));
    }

    proptest! {
        #[test]
        fn equal_days_are_all_complete(rows in 1_u32..10_000, days in 1_usize..40) {
            let index = index(&vec![rows; days]);
            prop_assert!((0..days).all(|at| index.is_complete(day(at))));
        }

        #[test]
        fn some_day_is_always_complete(rows in prop::collection::vec(1_u32..10_000, 1..40)) {
            let index = index(&rows);
            let latest = index.latest_complete().unwrap();
            prop_assert!(index.is_complete(latest));
        }
    }
}
