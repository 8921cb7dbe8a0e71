//! How old a listing is, for the days on which a new one has no limit.

use crate::{TradeDate, TradingCalendar};

/// The age of a listing on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListingAge {
    /// The date of listing is not known: the share is taken for an old one.
    #[default]
    Unknown,
    /// The date of listing is known.
    Known {
        /// Day of listing.
        list_date: TradeDate,
        /// Trading days since then, 1 on the day itself; 0 before it.
        trading_day: u32,
    },
}

impl ListingAge {
    /// The age on `date` of a share listed on `list_date`.
    ///
    /// Where the calendar does not know every day between the two, weekdays are counted instead. There is no trading on
    /// weekends, so that number is never too small: at worst a holiday in the first week of a listing ends its
    /// exception early.
    #[must_use]
    pub fn on(date: TradeDate, list_date: Option<TradeDate>, calendar: &TradingCalendar) -> Self {
        let Some(list_date) = list_date else { return Self::Unknown };
        let number = calendar.trading_day_number(list_date, date);
        Self::Known { list_date, trading_day: number.unwrap_or_else(|| weekdays(list_date, date)) }
    }
}

/// Mondays to Fridays from `first` to `last`, both included, in constant time.
fn weekdays(first: TradeDate, last: TradeDate) -> u32 {
    let days = (last.civil() - first.civil()).get_days() + 1;
    let Ok(days) = u32::try_from(days) else { return 0 };
    let (weeks, rest) = (days / 7, days % 7);
    let start = u32::from(first.civil().weekday().to_monday_zero_offset().unsigned_abs());
    let workdays = (start..start + rest).filter(|day| day % 7 < 5).count();
    weeks * 5 + u32::try_from(workdays).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> TradeDate {
        text.parse().unwrap()
    }

    #[test]
    fn an_unknown_calendar_counts_weekdays() {
        let unknown = TradingCalendar::from_open_days([]);
        let number = |day| match ListingAge::on(date(day), Some(date("20250206")), &unknown) {
            ListingAge::Known { trading_day, .. } => trading_day,
            ListingAge::Unknown => unreachable!(),
        };
        assert_eq!(number("20250205"), 0);
        assert_eq!(number("20250206"), 1);
        assert_eq!(number("20250207"), 2);
        assert_eq!(number("20250209"), 2);
        assert_eq!(number("20250212"), 5);
        assert_eq!(number("20250213"), 6);
    }

    #[test]
    fn a_known_calendar_counts_trading_days() {
        let calendar = TradingCalendar::from_open_days(["20250127", "20250205", "20250206"].map(date));
        let age = ListingAge::on(date("20250206"), Some(date("20250127")), &calendar);
        assert_eq!(age, ListingAge::Known { list_date: date("20250127"), trading_day: 3 });
    }

    #[test]
    fn no_date_of_listing_is_an_unknown_age() {
        let calendar = TradingCalendar::from_open_days([]);
        assert_eq!(ListingAge::on(date("20250206"), None, &calendar), ListingAge::Unknown);
    }
}
