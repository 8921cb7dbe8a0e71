//! The trading calendar of the demo market: weekdays without the fixed holidays.
//!
//! An approximation. The exchanges publish their closures year by year and shift them around weekends; here each holiday
//! closes the days listed below and nothing else.

use jiff::{
    ToSpan as _,
    civil::{Date, Weekday},
};
use stockpile_market::{CalendarDay, Exchange, TradeDate};

/// First day of the demo market: the first on which all boards, Beijing's included, have their present limits.
pub(super) const FIRST_DAY: Date = Date::constant(2021, 11, 15);
/// Last day whose holidays are known here.
pub(super) const LAST_DAY: Date = Date::constant(2040, 12, 31);

/// Holidays of the lunar calendar, from 2021 on: Spring Festival, Dragon Boat, Mid-Autumn, each as month and day.
const LUNAR: [[(i8, i8); 3]; 20] = [
    [(2, 12), (6, 14), (9, 21)],
    [(2, 1), (6, 3), (9, 10)],
    [(1, 22), (6, 22), (9, 29)],
    [(2, 10), (6, 10), (9, 17)],
    [(1, 29), (5, 31), (10, 6)],
    [(2, 17), (6, 19), (9, 25)],
    [(2, 6), (6, 9), (9, 15)],
    [(1, 26), (5, 28), (10, 3)],
    [(2, 13), (6, 16), (9, 22)],
    [(2, 3), (6, 5), (9, 12)],
    [(1, 23), (6, 24), (10, 1)],
    [(2, 11), (6, 12), (9, 19)],
    [(1, 31), (6, 1), (9, 8)],
    [(2, 19), (6, 20), (9, 27)],
    [(2, 8), (6, 10), (9, 16)],
    [(1, 28), (5, 30), (10, 4)],
    [(2, 15), (6, 18), (9, 24)],
    [(2, 4), (6, 7), (9, 13)],
    [(1, 24), (5, 27), (10, 2)],
    [(2, 12), (6, 14), (9, 20)],
];

/// Whether the demo market trades on a day.
pub(super) fn is_open(day: Date) -> bool {
    !is_weekend(day) && !is_holiday(day)
}

/// The first open day at or after `day`.
pub(super) fn open_from(day: Date) -> Date {
    let mut open = day;
    while !is_open(open) {
        open = open.saturating_add(1.day());
    }
    open
}

/// The last open day before `day`.
pub(super) fn open_before(day: Date) -> Date {
    let mut open = day.saturating_sub(1.day());
    while !is_open(open) {
        open = open.saturating_sub(1.day());
    }
    open
}

/// The open days from `first` to `last`, both included.
pub(super) fn open_days(first: Date, last: Date) -> Vec<TradeDate> {
    days(first, last).filter(|day| is_open(*day)).map(TradeDate::from).collect()
}

/// A row for every exchange and day from `first` to `last`, both included.
pub(super) fn rows(first: Date, last: Date) -> Vec<CalendarDay> {
    let mut rows = Vec::new();
    for exchange in [Exchange::Sse, Exchange::Szse, Exchange::Bse] {
        let mut previous = open_before(first);
        for day in days(first, last) {
            let is_open = is_open(day);
            rows.push(CalendarDay {
                exchange,
                cal_date: day.into(),
                is_open,
                pretrade_date: Some(previous.into()),
            });
            if is_open {
                previous = day;
            }
        }
    }
    rows
}

fn days(first: Date, last: Date) -> impl Iterator<Item = Date> {
    first.series(1.day()).take_while(move |day| *day <= last)
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn is_holiday(day: Date) -> bool {
    let year = day.year();
    let is_day = |holiday: Date| {
        // A holiday on a weekend gives the Monday after it.
        let mut observed = holiday;
        while is_weekend(observed) {
            observed = observed.saturating_add(1.day());
        }
        day == observed
    };
    let new_year = Date::constant(year, 1, 1);
    let qingming = Date::constant(year, 4, if year % 4 < 2 { 4 } else { 5 });
    let week = matches!((day.month(), day.day()), (5, 1..=5) | (10, 1..=7));
    let lunar = usize::try_from(i32::from(year) - 2021).ok().and_then(|index| LUNAR.get(index));
    let lunar = lunar.is_some_and(|holidays| {
        let [spring, boat, autumn] = holidays.map(|(month, day)| Date::constant(year, month, day));
        // From New Year's Eve to the sixth day of the year.
        let since = (day - spring).get_days();
        (-1..=6).contains(&since) || is_day(boat) || is_day(autumn)
    });
    week || lunar || is_day(new_year) || is_day(qingming)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_holidays_are_closed_and_the_days_around_them_open() {
        for closed in [
            date(2025, 1, 1),
            date(2025, 1, 28),
            date(2025, 2, 4),
            date(2024, 4, 4),
            date(2025, 5, 5),
            date(2025, 6, 2),
            date(2025, 10, 7),
            date(2026, 9, 25),
            date(2025, 2, 8),
        ] {
            assert!(!is_open(closed), "{closed}");
        }
        for open in
            [date(2025, 1, 2), date(2025, 1, 27), date(2025, 2, 5), date(2025, 5, 6), date(2025, 10, 8)]
        {
            assert!(is_open(open), "{open}");
        }
    }

    #[test]
    fn every_year_has_about_two_hundred_and_forty_open_days() {
        for year in 2022..=2040 {
            let days = open_days(date(year, 1, 1), date(year, 12, 31)).len();
            assert!((236..=248).contains(&days), "{year}: {days}");
        }
    }

    proptest! {
        #[test]
        fn no_closure_is_longer_than_eleven_days(offset in 0_i32..6900) {
            let day = FIRST_DAY.saturating_add(offset.days());
            prop_assert!((open_from(day) - day).get_days() <= 11);
            prop_assert!(open_before(day) < day);
        }

        #[test]
        fn rows_name_the_open_day_before_them(offset in 0_i32..6000) {
            let first = FIRST_DAY.saturating_add(offset.days());
            for row in rows(first, first.saturating_add(20.days())) {
                prop_assert_eq!(row.pretrade_date, Some(open_before(row.cal_date.civil()).into()));
                prop_assert_eq!(row.is_open, is_open(row.cal_date.civil()));
            }
        }
    }
}
