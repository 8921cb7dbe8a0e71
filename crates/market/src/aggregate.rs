//! Coarse candles from fine ones.

use jiff::Timestamp;

use crate::{Candle, Interval};

/// 5 January 1970, the first Monday of Unix time: weeks begin on Mondays, as at the exchanges.
const FIRST_MONDAY_S: i64 = 4 * 86_400;
const WEEK_S: i64 = 7 * 86_400;

/// A candle, and whether it can still change.
#[derive(Clone, Debug, PartialEq)]
pub struct SettledCandle {
    /// The candle.
    pub candle: Candle,
    /// Every finer candle of its time is there and a later one has begun.
    pub complete: bool,
}

/// When the candle of an interval that covers a time opens, UTC.
#[must_use]
pub fn candle_open(time: Timestamp, interval: Interval) -> Timestamp {
    let length = i64::from(interval.seconds());
    let start = if length == WEEK_S { FIRST_MONDAY_S } else { 0 };
    let second = time.as_second() - start;
    Timestamp::from_second(second - second.rem_euclid(length) + start).unwrap_or(time)
}

/// Merges candles of one interval, oldest first, into candles of a multiple of it; of the same one, only tells which are settled.
///
/// First open, last close, highest high, lowest low, sums of volumes; a sum over an unknown volume is unknown. The newest
/// source candle may be unfinished, so whatever holds it is not complete. A coarse candle that lacks a finer one is not
/// complete either.
///
/// Empty when `to` is no multiple of `from`.
#[must_use]
pub fn aggregate(candles: &[Candle], from: Interval, to: Interval) -> Vec<SettledCandle> {
    if !can_aggregate(from, to) {
        return Vec::new();
    }
    let parts = to.seconds() / from.seconds();
    let mut merged: Vec<(SettledCandle, u32)> = Vec::new();
    for (index, candle) in candles.iter().enumerate() {
        let open = candle_open(candle.time, to);
        let settled = index + 1 < candles.len();
        match merged.last_mut() {
            Some((last, count)) if last.candle.time == open => {
                let sum = &mut last.candle;
                sum.high = sum.high.max(candle.high);
                sum.low = sum.low.min(candle.low);
                sum.close = candle.close;
                sum.volume = sum.volume.zip(candle.volume).map(|(sum, more)| sum + more);
                sum.quote_volume = sum.quote_volume.zip(candle.quote_volume).map(|(sum, more)| sum + more);
                *count += 1;
                last.complete = settled && *count == parts;
            }
            _ => {
                let candle = Candle { time: open, interval: to, ..candle.clone() };
                merged.push((SettledCandle { candle, complete: settled && parts == 1 }, 1));
            }
        }
    }
    merged.into_iter().map(|(candle, _)| candle).collect()
}

/// Whether candles of one interval add up to those of another.
#[must_use]
pub const fn can_aggregate(from: Interval, to: Interval) -> bool {
    to.seconds() >= from.seconds() && to.seconds().is_multiple_of(from.seconds())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn interval(name: &str) -> Interval {
        name.parse().unwrap()
    }

    fn candle(time: &str, close: f64, volume: Option<f64>) -> Candle {
        Candle {
            symbol: "BTCUSDT".into(),
            interval: interval("1h"),
            time: time.parse().unwrap(),
            open: close - 1.0,
            high: close + 2.0,
            low: close - 3.0,
            close,
            volume,
            quote_volume: None,
        }
    }

    #[test]
    fn four_hours_make_one_of_four() {
        let hours: Vec<Candle> = (0..6)
            .map(|hour| candle(&format!("2025-10-01T{hour:02}:00:00Z"), 100.0 + f64::from(hour), Some(1.5)))
            .collect();
        let merged = aggregate(&hours, interval("1h"), interval("4h"));
        assert_eq!(merged.len(), 2);
        let first = &merged[0].candle;
        assert_eq!((first.open, first.high, first.low, first.close), (99.0, 105.0, 97.0, 103.0));
        assert_eq!((first.volume, merged[0].complete), (Some(6.0), true));
        assert_eq!(
            (merged[1].candle.time, merged[1].complete),
            ("2025-10-01T04:00:00Z".parse().unwrap(), false)
        );
    }

    #[test]
    fn a_gap_makes_a_candle_incomplete() {
        let hours =
            [0, 1, 3, 4].map(|hour| candle(&format!("2025-10-01T{hour:02}:00:00Z"), 100.0, Some(1.0)));
        assert!(!aggregate(&hours, interval("1h"), interval("4h"))[0].complete);
    }

    #[test]
    fn the_newest_candle_is_never_settled() {
        let hours = [0, 1].map(|hour| candle(&format!("2025-10-01T{hour:02}:00:00Z"), 100.0, None));
        let same = aggregate(&hours, interval("1h"), interval("1h"));
        assert_eq!([same[0].complete, same[1].complete], [true, false]);
    }

    #[test]
    fn an_unknown_volume_makes_an_unknown_sum() {
        let hours =
            [candle("2025-10-01T00:00:00Z", 1.0, Some(1.0)), candle("2025-10-01T01:00:00Z", 1.0, None)];
        assert_eq!(aggregate(&hours, interval("1h"), interval("4h"))[0].candle.volume, None);
    }

    #[test]
    fn weeks_begin_on_mondays() {
        let open = candle_open("2025-10-01T12:00:00Z".parse().unwrap(), interval("1w"));
        assert_eq!(open, "2025-09-29T00:00:00Z".parse().unwrap());
    }

    #[test]
    fn coarse_candles_cannot_be_split() {
        let days = [candle("2025-10-01T00:00:00Z", 1.0, None)];
        assert!(aggregate(&days, interval("1d"), interval("1h")).is_empty());
        assert!(!can_aggregate(interval("3d"), interval("1w")));
    }

    proptest! {
        #[test]
        fn a_time_lies_within_the_candle_that_covers_it(second in 0_i64..4_000_000_000, nth in 0_usize..14) {
            let time = Timestamp::from_second(second).unwrap();
            let interval = Interval::all().nth(nth).unwrap();
            let open = candle_open(time, interval);
            prop_assert!(open <= time && time.as_second() < open.as_second() + i64::from(interval.seconds()));
            prop_assert_eq!(candle_open(open, interval), open);
        }

        #[test]
        fn volume_is_neither_lost_nor_made(volumes in prop::collection::vec(0_u32..1000, 1..60)) {
            let start: Timestamp = "2025-10-01T00:00:00Z".parse().unwrap();
            let hours: Vec<Candle> = volumes
                .iter()
                .zip(0..)
                .map(|(volume, hour)| Candle {
                    time: start + jiff::SignedDuration::from_hours(hour),
                    ..candle("2025-10-01T00:00:00Z", 10.0, Some(f64::from(*volume)))
                })
                .collect();
            let merged = aggregate(&hours, interval("1h"), interval("1d"));
            let total: f64 = merged.iter().filter_map(|merged| merged.candle.volume).sum();
            prop_assert!((total - volumes.iter().map(|volume| f64::from(*volume)).sum::<f64>()).abs() < 1e-6);
        }
    }
}
