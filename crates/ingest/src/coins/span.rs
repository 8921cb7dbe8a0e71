//! Spans of time that one run covers.

use jiff::{SignedDuration, Timestamp};
use stockpile_market::Interval;

/// From one time up to, and not including, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

impl Span {
    /// The spans of so many candles that a time up to another lies in; the first begins with it.
    ///
    /// They end on fixed times, whatever the first: what one back-fill has fetched, another finds.
    pub(super) fn cover(from: Timestamp, to: Timestamp, interval: Interval, candles: i64) -> Vec<Self> {
        let length = i64::from(interval.seconds()) * candles;
        let time = |seconds: i64| Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        let mut spans = Vec::new();
        let mut start = from;
        while start < to {
            let end = time((start.as_second().div_euclid(length) + 1) * length);
            spans.push(Self { start, end });
            start = end;
        }
        spans
    }

    /// Whether a run that began at a time has every candle of this span for good, given the span it asked for.
    pub(super) fn is_done_by(self, run: Self, began: Timestamp, interval: Interval) -> bool {
        // The last candle is finished an interval after it opens.
        let settled = self.end.saturating_add(SignedDuration::from_secs(i64::from(interval.seconds())));
        run.start <= self.start && self.end <= run.end && settled.is_ok_and(|settled| settled <= began)
    }

    /// `2025-01-01T00:00:00Z/2025-02-11T16:00:00Z`.
    pub(super) fn name(self) -> String {
        format!("{}/{}", self.start, self.end)
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        let (start, end) = name.split_once('/')?;
        Some(Self { start: start.parse().ok()?, end: end.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn a_span_with_an_unfinished_candle_is_not_done() {
        let hour: Interval = "1h".parse().unwrap();
        let span = Span { start: time(0), end: time(3_600_000) };
        assert!(span.is_done_by(span, time(3_603_600), hour));
        assert!(!span.is_done_by(span, time(3_603_599), hour));
        let later = Span { start: time(3600), ..span };
        assert!(!span.is_done_by(later, time(9_000_000), hour));
        assert!(later.is_done_by(span, time(9_000_000), hour));
        assert_eq!(Span::from_name(&span.name()), Some(span));
    }

    proptest! {
        #[test]
        fn spans_follow_each_other_and_cover_everything(from in 0_i64..2_000_000_000, length in 1_i64..50_000_000) {
            let day: Interval = "1d".parse().unwrap();
            let spans = Span::cover(time(from), time(from + length), day, 100);
            prop_assert_eq!(spans[0].start, time(from));
            prop_assert!(spans.windows(2).all(|pair| pair[0].end == pair[1].start));
            let last = spans.last().unwrap();
            prop_assert!(last.end >= time(from + length) && last.start < time(from + length));
            prop_assert!(spans.iter().all(|span| span.end.as_second() % 8_640_000 == 0));
        }
    }
}
