//! Fields to times.

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{Offset, TimeZone},
};
use stockpile_market::{EXCHANGE_UTC_OFFSET_S, TradeDate};

use super::field::{Field, refuse};

/// The exchanges' offset; mainland China has had no summer time since 1991.
fn exchange_offset() -> Offset {
    Offset::from_seconds(i32::try_from(EXCHANGE_UTC_OFFSET_S).unwrap_or(0)).unwrap_or(Offset::UTC)
}

/// A time at the exchange, unless it states its own offset.
pub(super) fn exchange(column: &'static str, value: &[u8]) -> Field<Timestamp> {
    local(value, exchange_offset())
        .map_or_else(|| refuse(column, value, "not a time such as 2025-10-09 10:30:00"), Ok)
}

/// A time in UTC, unless it states its own offset; or seconds, milli- or microseconds since 1970.
pub(super) fn utc(column: &'static str, value: &[u8]) -> Field<Timestamp> {
    since_1970(value).or_else(|| local(value, Offset::UTC)).map_or_else(
        || refuse(column, value, "not a time such as 2025-10-09T10:00:00Z or milliseconds since 1970"),
        Ok,
    )
}

fn local(value: &[u8], offset: Offset) -> Option<Timestamp> {
    let text = std::str::from_utf8(value.trim_ascii()).ok()?;
    if has_offset(text) {
        return text.parse().ok();
    }
    offset.to_timestamp(text.parse::<DateTime>().ok()?).ok()
}

/// Whether something stands behind the time of day.
fn has_offset(text: &str) -> bool {
    let Some((_, time)) = text.split_once(['T', 't', ' ']) else { return false };
    time.bytes().any(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-'))
}

/// The count of digits tells the unit from 2001 to 2286.
fn since_1970(value: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(value.trim_ascii()).ok()?;
    let number = || text.parse::<i64>().ok();
    match text.len() {
        10 if text.bytes().all(|byte| byte.is_ascii_digit()) => Timestamp::from_second(number()?).ok(),
        13 => Timestamp::from_millisecond(number()?).ok(),
        16 => Timestamp::from_microsecond(number()?).ok(),
        _ => None,
    }
}

/// Whole minutes since midnight at the exchange; `None` when seconds remain.
pub(super) fn minute_of_day(time: Timestamp) -> Option<u32> {
    let civil = exchange_offset().to_datetime(time).time();
    let minute = u32::try_from(i32::from(civil.hour()) * 60 + i32::from(civil.minute())).ok()?;
    (civil.second() == 0 && civil.subsec_nanosecond() == 0).then_some(minute)
}

/// The day in UTC.
pub(super) fn utc_day(time: Timestamp) -> TradeDate {
    time.to_zoned(TimeZone::UTC).date().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_forms_that_files_have() {
        let expected: Timestamp = "2025-10-09T02:30:00Z".parse().unwrap();
        for text in [
            "2025-10-09T02:30:00Z",
            "2025-10-09 02:30:00",
            "2025-10-09T02:30",
            "2025-10-09 02:30:00+00:00",
            "2025-10-09T10:30:00+08:00",
            "2025-10-09T02:30:00.000Z",
            "1759977000",
            "1759977000000",
            "1759977000000000",
        ] {
            assert_eq!(utc("ts", text.as_bytes()), Ok(expected), "{text}");
        }
        for text in ["2025-10-09 10:30:00", "2025-10-09T10:30:00+08:00", "2025-10-09T02:30:00Z"] {
            assert_eq!(exchange("trade_time", text.as_bytes()), Ok(expected), "{text}");
        }
        assert_eq!(minute_of_day(expected), Some(630));
        assert_eq!(utc("ts", b"2025-10-09").map(utc_day).unwrap().to_string(), "20251009");
        for text in ["", "10:30", "2025-13-09 10:30:00", "17599770", "x"] {
            assert!(utc("ts", text.as_bytes()).is_err(), "{text}");
        }
    }
}
