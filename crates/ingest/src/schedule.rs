//! When there is something to fetch: the exchange's hours, without a clock.

use jiff::{SignedDuration, Timestamp, ToSpan as _};
use stockpile_market::{QUOTE_HOURS_S, TradeDate, exchange_date};

use crate::{Interface, tushare::instant};

/// How many days back a collector looks for what it missed, at least.
const CATCH_UP_DAYS: i64 = 14;
/// How long after a failure, or a day that is not there yet, it looks again.
const RETRY: SignedDuration = SignedDuration::from_mins(10);

/// The next moment after `now` at which an interface publishes, on any day; the calendar decides later what is due.
///
/// ```
/// use stockpile_ingest::{Interface, next_publication};
///
/// let next = next_publication(&[Interface::IndexDaily], "2025-02-07T18:00:00+08:00".parse()?);
/// assert_eq!(next, "2025-02-07T19:05:00+08:00".parse()?);
/// # Ok::<(), jiff::Error>(())
/// ```
#[must_use]
pub fn next_publication(interfaces: &[Interface], now: Timestamp) -> Timestamp {
    let today = exchange_date(now.as_second());
    let of_day = |day: TradeDate| {
        interfaces
            .iter()
            .flat_map(|interface| interface.published())
            .map(move |minutes| instant(day, *minutes))
            .filter(|at| *at > now)
            .min()
    };
    of_day(today).or_else(|| of_day(tomorrow(now))).unwrap_or_else(|| after(now, RETRY))
}

/// From when to when quotes of a day are asked for.
pub(crate) fn quote_hours(day: TradeDate) -> (Timestamp, Timestamp) {
    let at = |second: i64| {
        instant(day, 0).saturating_add(SignedDuration::from_secs(second)).unwrap_or(Timestamp::MAX)
    };
    (at(QUOTE_HOURS_S.0), at(QUOTE_HOURS_S.1))
}

/// The day after that at the exchange.
pub(crate) fn tomorrow(now: Timestamp) -> TradeDate {
    exchange_date(now.as_second()).civil().saturating_add(1.day()).into()
}

/// When to look again: sooner than the next publication when something is still to come.
pub(crate) fn next_look(interfaces: &[Interface], now: Timestamp, is_unfinished: bool) -> Timestamp {
    let next = next_publication(interfaces, now);
    if is_unfinished { next.min(after(now, RETRY)) } else { next }
}

/// The first day to look at: what was missed since the newest day in the store, however long ago that is.
pub(crate) fn catch_up_from(newest: Option<TradeDate>, today: TradeDate) -> TradeDate {
    let back = TradeDate::from(today.civil().saturating_sub(CATCH_UP_DAYS.days()));
    newest.map_or(back, |newest| newest.min(back))
}

fn after(now: Timestamp, time: SignedDuration) -> Timestamp {
    now.saturating_add(time).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}+08:00").parse().unwrap()
    }

    #[test]
    fn a_day_has_a_look_for_each_time_of_publication() {
        let mut now = at("2025-02-07T00:00:00");
        let mut looks = Vec::new();
        for _ in 0..8 {
            now = next_look(&Interface::ALL, now, false);
            looks.push(now);
        }
        let expected =
            ["07T08:45", "07T09:00", "07T09:25", "07T16:05", "07T17:05", "07T19:05", "08T00:00", "08T08:45"];
        assert_eq!(looks, expected.map(|text| at(&format!("2025-02-{text}:00"))));
    }

    #[test]
    fn what_is_still_to_come_is_looked_for_again_soon_but_no_later_than_the_next_publication() {
        assert_eq!(next_look(&Interface::ALL, at("2025-02-07T16:06:00"), true), at("2025-02-07T16:16:00"));
        assert_eq!(next_look(&Interface::ALL, at("2025-02-07T17:00:00"), true), at("2025-02-07T17:05:00"));
        assert_eq!(next_look(&[], at("2025-02-07T17:00:00"), false), at("2025-02-07T17:10:00"));
    }

    #[test]
    fn an_old_store_is_caught_up_with_from_its_newest_day() {
        let day = |text: &str| text.parse::<TradeDate>().unwrap();
        let today = day("20250207");
        assert_eq!(catch_up_from(None, today), day("20250124"));
        assert_eq!(catch_up_from(Some(day("20250206")), today), day("20250124"));
        assert_eq!(catch_up_from(Some(day("20241105")), today), day("20241105"));
    }
}
