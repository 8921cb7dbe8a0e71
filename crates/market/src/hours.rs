//! Exchange time: the date at the exchange, and which days are over.

use jiff::{SignedDuration, civil::Date};

use crate::TradeDate;

/// Seconds by which exchange time is ahead of UTC: eight hours, all year.
///
/// China has had no daylight saving time since 1991, when the exchanges were a few months old.
pub const EXCHANGE_UTC_OFFSET_S: i64 = 8 * 3600;

/// From when to when a day's prices are made, seconds after midnight at the exchange.
///
/// From the end of the opening auction at 09:25 to that of the closing auction at 15:00, and five minutes more for it to be told.
pub const QUOTE_HOURS_S: (i64, i64) = (9 * 3600 + 25 * 60, 15 * 3600 + 5 * 60);

const DAY_S: i64 = 24 * 3600;

/// The date at the exchange (Asia/Shanghai) at `unix_s` seconds after 1970-01-01T00:00:00Z.
///
/// ```
/// use stockpile_market::exchange_date;
///
/// // 2025-02-04T16:00:00Z is midnight in Shanghai.
/// assert_eq!(exchange_date(1_738_684_800).to_string(), "20250205");
/// assert_eq!(exchange_date(1_738_684_799).to_string(), "20250204");
/// ```
#[must_use]
pub fn exchange_date(unix_s: i64) -> TradeDate {
    let days = unix_s.saturating_add(EXCHANGE_UTC_OFFSET_S).div_euclid(DAY_S);
    let since_epoch = SignedDuration::from_secs(days.saturating_mul(DAY_S));
    Date::constant(1970, 1, 1).saturating_add(since_epoch).into()
}

/// Whether prices are made at `unix_s` seconds UTC, if that is a trading day; the pause at noon counts as well.
#[must_use]
pub fn is_in_quote_hours(unix_s: i64) -> bool {
    let second = unix_s.saturating_add(EXCHANGE_UTC_OFFSET_S).rem_euclid(DAY_S);
    (QUOTE_HOURS_S.0..QUOTE_HOURS_S.1).contains(&second)
}

/// Whether nothing about `date` changes any more in the ordinary course of things, seen at `unix_s` seconds UTC.
///
/// The current day at the exchange is live until its midnight, every earlier day closed. The closing price stands at
/// 15:00, but bars are published until 16:00, valuations until 17:00 and indices until 19:00, so an earlier cut-off would freeze
/// half a day. A correction of an old day is an ingest, which invalidates what it touches.
#[must_use]
pub fn is_closed_day(date: TradeDate, unix_s: i64) -> bool {
    date < exchange_date(unix_s)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2025-02-05T00:00:00+08:00.
    const MIDNIGHT_S: i64 = 1_738_684_800;

    fn date(text: &str) -> TradeDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_begins_at_midnight_in_shanghai() {
        assert_eq!(exchange_date(MIDNIGHT_S), date("20250205"));
        assert_eq!(exchange_date(MIDNIGHT_S - 1), date("20250204"));
        assert_eq!(exchange_date(0), date("19700101"));
        assert_eq!(exchange_date(-EXCHANGE_UTC_OFFSET_S - 1), date("19691231"));
    }

    #[test]
    fn prices_are_made_from_the_opening_auction_to_shortly_after_the_closing_one() {
        for (hour, minute, is_in) in
            [(0, 0, false), (9, 24, false), (9, 25, true), (12, 0, true), (15, 4, true), (15, 5, false)]
        {
            assert_eq!(is_in_quote_hours(MIDNIGHT_S + hour * 3600 + minute * 60), is_in, "{hour}:{minute}");
        }
    }

    #[test]
    fn the_current_day_is_live_until_its_midnight() {
        let today = date("20250205");
        assert!(!is_closed_day(today, MIDNIGHT_S + 15 * 3600));
        assert!(!is_closed_day(today, MIDNIGHT_S + DAY_S - 1));
        assert!(is_closed_day(today, MIDNIGHT_S + DAY_S));
    }

    #[test]
    fn an_earlier_day_is_closed_and_a_later_one_is_not() {
        assert!(is_closed_day(date("20250204"), MIDNIGHT_S));
        assert!(!is_closed_day(date("20250206"), MIDNIGHT_S));
    }

    proptest! {
        #[test]
        fn every_instant_of_a_day_has_its_date(days in -10_000_i64..40_000, second in 0..DAY_S) {
            let midnight = days * DAY_S - EXCHANGE_UTC_OFFSET_S;
            prop_assert_eq!(exchange_date(midnight + second), exchange_date(midnight));
            prop_assert!(exchange_date(midnight - 1) < exchange_date(midnight));
        }

        #[test]
        fn any_instant_has_a_date_without_panic(unix_s in any::<i64>()) {
            let _ = exchange_date(unix_s);
        }
    }
}
