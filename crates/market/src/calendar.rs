//! The exchanges' calendar: which days are open, as far as that is known.

use std::sync::Arc;

use crate::{Error, Result, TradeDate};

/// The trading days of the mainland exchanges, which share one calendar.
///
/// It answers only for the days it was told about; beyond them, and in gaps between them, the answer is `None`, never a
/// guess. Clones share their memory. Every question costs `O(log n)`.
///
/// ```
/// use stockpile_market::{TradeDate, TradingCalendar};
///
/// let day = |text: &str| text.parse::<TradeDate>();
/// let calendar = TradingCalendar::from_open_days([day("20250127")?, day("20250205")?]);
/// assert_eq!(calendar.next_open(day("20250127")?), Some(day("20250205")?));
/// assert_eq!(calendar.is_open(day("20250128")?), Some(false));
/// assert_eq!(calendar.is_open(day("20250206")?), None);
/// # Ok::<(), stockpile_market::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradingCalendar {
    /// Ascending, without repetition.
    open: Arc<[TradeDate]>,
    /// Unbroken runs of known days, both ends included, ascending and apart.
    known: Arc<[Span]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: TradeDate,
    last: TradeDate,
}

impl TradingCalendar {
    /// Builds the calendar from `(date, is_open)` rows in any order, such as those of Tushare's `trade_cal`.
    ///
    /// Only the dates with a row are known, so the closed days must be among the rows.
    ///
    /// # Errors
    ///
    /// [`Error::DuplicateDay`] when a date is said to be both open and closed.
    pub fn from_rows(rows: impl IntoIterator<Item = (TradeDate, bool)>) -> Result<Self> {
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_unstable();
        rows.dedup();
        if let Some(pair) = rows.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Error::DuplicateDay(pair[0].0));
        }
        let mut known: Vec<Span> = Vec::new();
        for &(date, _) in &rows {
            match known.last_mut() {
                Some(span) if span.last.civil().tomorrow().ok() == Some(date.civil()) => span.last = date,
                _ => known.push(Span { first: date, last: date }),
            }
        }
        let open = rows.into_iter().filter_map(|(date, is_open)| is_open.then_some(date)).collect();
        Ok(Self { open, known: known.into() })
    }

    /// Builds the calendar from open days in any order, such as the days that have bars.
    ///
    /// Every day between the first and the last is known: a day that is not among them was closed.
    #[must_use]
    pub fn from_open_days(days: impl IntoIterator<Item = TradeDate>) -> Self {
        let mut open: Vec<_> = days.into_iter().collect();
        open.sort_unstable();
        open.dedup();
        let known = match (open.first(), open.last()) {
            (Some(&first), Some(&last)) => vec![Span { first, last }],
            _ => Vec::new(),
        };
        Self { open: open.into(), known: known.into() }
    }

    /// First and last known day, or `None` for an empty calendar; rows with gaps leave unknown days between them.
    #[must_use]
    pub fn known_range(&self) -> Option<(TradeDate, TradeDate)> {
        Some((self.known.first()?.first, self.known.last()?.last))
    }

    /// Whether the exchanges trade on `date`, or `None` when the calendar does not know the day.
    #[must_use]
    pub fn is_open(&self, date: TradeDate) -> Option<bool> {
        self.span(date)?;
        Some(self.open.binary_search(&date).is_ok())
    }

    /// The first open day after `date`, or `None` when a day up to it is unknown.
    #[must_use]
    pub fn next_open(&self, date: TradeDate) -> Option<TradeDate> {
        let next = *self.open.get(self.open.partition_point(|open| *open <= date))?;
        (self.span(date)? == self.span(next)?).then_some(next)
    }

    /// The last open day before `date`, or `None` when a day down to it is unknown.
    #[must_use]
    pub fn previous_open(&self, date: TradeDate) -> Option<TradeDate> {
        let before = self.open.partition_point(|open| *open < date);
        let previous = *self.open.get(before.checked_sub(1)?)?;
        (self.span(date)? == self.span(previous)?).then_some(previous)
    }

    /// The open days from `first` to `last`, both included, as far as they are known.
    #[must_use]
    pub fn open_days(&self, first: TradeDate, last: TradeDate) -> &[TradeDate] {
        let start = self.open.partition_point(|open| *open < first);
        let end = self.open.partition_point(|open| *open <= last);
        self.open.get(start..end).unwrap_or_default()
    }

    /// The number of open days from listing to `date`, both included: 1 on the day of listing.
    ///
    /// `None` before the listing, and when a day between the two is unknown.
    #[must_use]
    pub fn trading_day_number(&self, list_date: TradeDate, date: TradeDate) -> Option<u32> {
        if self.span(list_date)? != self.span(date)? {
            return None;
        }
        u32::try_from(self.open_days(list_date, date).len()).ok().filter(|number| *number > 0)
    }

    /// Index of the run of known days that holds `date`.
    fn span(&self, date: TradeDate) -> Option<usize> {
        let index = self.known.partition_point(|span| span.last < date);
        (self.known.get(index)?.first <= date).then_some(index)
    }
}

#[cfg(test)]
mod tests;
