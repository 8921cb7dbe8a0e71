use proptest::prelude::*;

use super::*;

fn date(text: &str) -> TradeDate {
    text.parse().unwrap()
}

/// Around the Spring Festival of 2025: open until 27 January, then from 5 February.
fn festival() -> TradingCalendar {
    let open = ["20250124", "20250127", "20250205", "20250206", "20250207", "20250210"];
    TradingCalendar::from_open_days(open.map(date))
}

#[test]
fn a_day_outside_the_known_range_is_neither_open_nor_closed() {
    let calendar = festival();
    assert_eq!(calendar.known_range(), Some((date("20250124"), date("20250210"))));
    assert_eq!(calendar.is_open(date("20250123")), None);
    assert_eq!(calendar.is_open(date("20250124")), Some(true));
    assert_eq!(calendar.is_open(date("20250125")), Some(false));
    assert_eq!(calendar.is_open(date("20250211")), None);
}

#[test]
fn neighbours_of_a_holiday_are_the_days_around_it() {
    let calendar = festival();
    assert_eq!(calendar.next_open(date("20250127")), Some(date("20250205")));
    assert_eq!(calendar.next_open(date("20250201")), Some(date("20250205")));
    assert_eq!(calendar.previous_open(date("20250205")), Some(date("20250127")));
    assert_eq!(calendar.next_open(date("20250210")), None);
    assert_eq!(calendar.previous_open(date("20250124")), None);
}

#[test]
fn listing_is_the_first_trading_day_and_holidays_do_not_count() {
    let calendar = festival();
    let number = |list, day| calendar.trading_day_number(date(list), date(day));
    assert_eq!(number("20250127", "20250127"), Some(1));
    assert_eq!(number("20250127", "20250205"), Some(2));
    assert_eq!(number("20250124", "20250207"), Some(5));
    assert_eq!(number("20250124", "20250210"), Some(6));
}

#[test]
fn the_number_is_unknown_before_listing_and_outside_the_calendar() {
    let calendar = festival();
    assert_eq!(calendar.trading_day_number(date("20250206"), date("20250205")), None);
    assert_eq!(calendar.trading_day_number(date("20250123"), date("20250205")), None);
    assert_eq!(calendar.trading_day_number(date("20250205"), date("20250211")), None);
}

#[test]
fn a_gap_in_the_rows_stays_unknown() {
    let rows = [("20250206", true), ("20250207", true), ("20250209", false), ("20250210", true)];
    let calendar = TradingCalendar::from_rows(rows.map(|(day, open)| (date(day), open))).unwrap();
    assert_eq!(calendar.is_open(date("20250208")), None);
    assert_eq!(calendar.is_open(date("20250209")), Some(false));
    assert_eq!(calendar.next_open(date("20250207")), None);
    assert_eq!(calendar.next_open(date("20250209")), Some(date("20250210")));
    assert_eq!(calendar.trading_day_number(date("20250206"), date("20250210")), None);
}

#[test]
fn a_repeated_row_is_one_and_a_contradiction_is_refused() {
    let day = date("20250206");
    let calendar = TradingCalendar::from_rows([(day, true), (day, true)]).unwrap();
    assert_eq!(calendar.open_days(day, day), [day]);
    assert_eq!(TradingCalendar::from_rows([(day, true), (day, false)]), Err(Error::DuplicateDay(day)));
}

#[test]
fn an_empty_calendar_knows_nothing() {
    let calendar = TradingCalendar::from_open_days([]);
    assert_eq!(calendar.known_range(), None);
    assert_eq!(calendar.is_open(date("20250205")), None);
    assert_eq!(calendar.next_open(date("20250205")), None);
}

prop_compose! {
    fn rows()(start in 0_i64..20_000, open in prop::collection::vec(any::<bool>(), 1..60))
        -> Vec<(TradeDate, bool)>
    {
        open.into_iter().zip(start..).map(|(open, day)| (crate::exchange_date(day * 86_400), open)).collect()
    }
}

proptest! {
    #[test]
    fn next_and_previous_undo_each_other(rows in rows()) {
        let calendar = TradingCalendar::from_rows(rows.clone()).unwrap();
        for (day, _) in rows.into_iter().filter(|(_, open)| *open) {
            if let Some(next) = calendar.next_open(day) {
                prop_assert_eq!(calendar.previous_open(next), Some(day));
                prop_assert_eq!(calendar.trading_day_number(day, next), Some(2));
            }
        }
    }

    #[test]
    fn every_row_is_answered_as_given_in_any_order(mut rows in rows()) {
        rows.reverse();
        let calendar = TradingCalendar::from_rows(rows.clone()).unwrap();
        for (day, open) in rows {
            prop_assert_eq!(calendar.is_open(day), Some(open));
        }
    }

    #[test]
    fn days_with_bars_give_the_calendar_between_them(rows in rows()) {
        let full = TradingCalendar::from_rows(rows.clone()).unwrap();
        let open = rows.iter().filter(|row| row.1).map(|row| row.0);
        let from_bars = TradingCalendar::from_open_days(open);
        if let Some((first, last)) = from_bars.known_range() {
            for (day, _) in rows.into_iter().filter(|(day, _)| (first..=last).contains(day)) {
                prop_assert_eq!(from_bars.is_open(day), full.is_open(day));
            }
        }
    }
}
