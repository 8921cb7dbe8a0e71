//! What is missing in a store, and what has been published: rules without a clock.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use stockpile_market::{DayIndex, EXCHANGE_UTC_OFFSET_S, TradeDate};
use stockpile_storage::{IngestRun, RunState};

use super::{interface::Interface, request::Request};

/// What the names of runs start with.
pub(super) const SOURCE: &str = "tushare ";
/// Rows that a day of a whole market has at least; fewer may be somebody's sample.
const MARKET_ROWS: u32 = 1000;
/// The same for funds.
const FUND_ROWS: u32 = 300;
/// How long after the first an empty answer counts as a second one: what was a slip of the source is over by then.
const SECOND_ANSWER: SignedDuration = SignedDuration::from_hours(20);
/// How long a day that came short is left alone.
const SECOND_LOOK: SignedDuration = SignedDuration::from_hours(1);

/// When an hour and minute of a day come, at the exchange.
pub(crate) fn instant(day: TradeDate, minutes: u16) -> Timestamp {
    let midnight_utc = day.civil().to_datetime(jiff::civil::Time::midnight());
    let utc = jiff::tz::Offset::UTC.to_timestamp(midnight_utc).unwrap_or(Timestamp::MAX);
    utc.saturating_add(SignedDuration::from_secs(i64::from(minutes) * 60 - EXCHANGE_UTC_OFFSET_S))
        .unwrap_or(Timestamp::MAX)
}

/// The newest publication of a day's rows that has been; `None` before the first.
pub(super) fn published(interface: Interface, day: TradeDate, now: Timestamp) -> Option<Timestamp> {
    interface.published().iter().map(|minutes| instant(day, *minutes)).rfind(|at| *at <= now)
}

/// Whether everything of a day has been published.
pub(super) fn is_final(interface: Interface, day: TradeDate, now: Timestamp) -> bool {
    interface.published().last().is_none_or(|minutes| instant(day, *minutes) <= now)
}

/// A run that is done.
#[derive(Clone, Copy, Debug)]
struct Fetched {
    first: TradeDate,
    last: TradeDate,
    began: Timestamp,
    is_empty: bool,
}

/// What runs have brought, and which days are whole without them.
#[derive(Debug, Default)]
pub(super) struct Known {
    runs: HashMap<Interface, Vec<Fetched>>,
    rows: HashMap<Interface, DayIndex>,
}

impl Known {
    /// Reads what the runs of a store tell; those of other sources tell nothing.
    pub(super) fn from_runs(runs: &[IngestRun]) -> Self {
        let mut known = Self::default();
        for run in runs.iter().filter(|run| run.state == RunState::Done) {
            let request = run.source.strip_prefix(SOURCE).and_then(Request::from_name);
            if let Some(Request { interface, first, last }) = request {
                let (began, is_empty) = (run.started_at, run.rows.read == 0);
                known.runs.entry(interface).or_default().push(Fetched { first, last, began, is_empty });
            }
        }
        known
    }

    /// Adds the rows of each day, for interfaces whose days can be judged by them.
    pub(super) fn with_rows(mut self, interface: Interface, rows: DayIndex) -> Self {
        self.rows.insert(interface, rows);
        self
    }

    fn of_day(&self, interface: Interface, day: TradeDate) -> impl Iterator<Item = &Fetched> {
        let runs = self.runs.get(&interface).into_iter().flatten();
        runs.filter(move |run| (run.first..=run.last).contains(&day))
    }

    /// When the newest run with a day began.
    fn newest(&self, interface: Interface, day: TradeDate) -> Option<Timestamp> {
        self.of_day(interface, day).map(|run| run.began).max()
    }

    /// Whether nothing but a single empty answer, or several of one moment, speaks for a day without rows.
    fn is_doubtful(&self, interface: Interface, day: TradeDate, now: Timestamp) -> bool {
        let mut runs = self.of_day(interface, day).peekable();
        let Some(first) = runs.peek().map(|run| run.began) else { return false };
        let (mut oldest, mut newest) = (first, first);
        for run in runs {
            if !run.is_empty {
                return false;
            }
            (oldest, newest) = (oldest.min(run.began), newest.max(run.began));
        }
        newest.duration_since(oldest) < SECOND_ANSWER && now.duration_since(oldest) >= SECOND_ANSWER
    }

    /// The newest day of an interface that has been fetched.
    pub(super) fn newest_day(&self, interface: Interface) -> Option<TradeDate> {
        self.runs.get(&interface)?.iter().map(|run| run.last).max()
    }

    /// Whether the rows alone show that a day is whole, wherever they came from.
    fn is_whole(&self, interface: Interface, day: TradeDate) -> bool {
        let least = if interface == Interface::FundDaily { FUND_ROWS } else { MARKET_ROWS };
        self.rows.get(&interface).is_some_and(|rows| rows.rows(day) >= least && rows.is_complete(day))
    }

    /// Whether a day was fetched on the day itself and came short: the source may have been half way.
    fn came_short(&self, interface: Interface, day: TradeDate, run: Timestamp) -> bool {
        let same_day = run < instant(day, 24 * 60);
        same_day && self.rows.get(&interface).is_some_and(|rows| rows.rows(day) > 0 && !rows.is_complete(day))
    }

    /// Whether a day's rows are to be fetched now.
    pub(super) fn is_due(&self, interface: Interface, day: TradeDate, now: Timestamp) -> bool {
        if interface.is_facts() && !self.runs.contains_key(&interface) {
            // Old facts are better than none.
            return true;
        }
        let Some(published) = published(interface, day, now) else { return false };
        match self.newest(interface, day) {
            Some(run) if run >= published => {
                let came_short =
                    self.came_short(interface, day, run) && now.duration_since(run) >= SECOND_LOOK;
                came_short || !interface.may_be_empty() && self.is_doubtful(interface, day, now)
            }
            Some(_) => true,
            None => !(is_final(interface, day, now) && self.is_whole(interface, day)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroI64;

    use stockpile_storage::{RowCounts, RunId};

    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}+08:00").parse().unwrap()
    }

    fn day(text: &str) -> TradeDate {
        text.parse().unwrap()
    }

    fn run(source: &str, started_at: &str) -> IngestRun {
        IngestRun {
            id: RunId(NonZeroI64::MIN),
            source: source.into(),
            kind: String::new(),
            state: RunState::Done,
            started_at: at(started_at),
            ended_at: None,
            rows: RowCounts { read: 5, ..RowCounts::default() },
            error: None,
        }
    }

    #[test]
    fn nothing_is_due_before_it_is_published() {
        let (known, today) = (Known::default(), day("20250205"));
        for (interface, early, late) in [
            (Interface::StkLimit, "2025-02-05T08:40", "2025-02-05T08:45"),
            (Interface::Daily, "2025-02-05T16:00", "2025-02-05T16:05"),
            (Interface::IndexDaily, "2025-02-05T18:00", "2025-02-05T19:05"),
        ] {
            assert!(!known.is_due(interface, today, at(early)), "{interface}");
            assert!(known.is_due(interface, today, at(late)), "{interface}");
        }
        assert!(known.is_due(Interface::Daily, day("20250127"), at("2025-02-05T03:00")), "a missed day");
    }

    #[test]
    fn facts_are_fetched_every_morning_and_at_once_when_there_are_none() {
        let (today, night) = (day("20250205"), at("2025-02-05T03:00"));
        assert!(Known::default().is_due(Interface::StockBasic, today, night));
        let known = Known::from_runs(&[run("tushare stock_basic 20250127", "2025-01-27T09:01")]);
        assert!(!known.is_due(Interface::StockBasic, today, night));
        assert!(known.is_due(Interface::StockBasic, today, at("2025-02-05T09:00")));
    }

    #[test]
    fn factors_are_fetched_again_after_the_close() {
        let today = day("20250205");
        let morning = Known::from_runs(&[run("tushare adj_factor 20250205", "2025-02-05T09:26")]);
        assert!(!morning.is_due(Interface::AdjFactor, today, at("2025-02-05T15:00")));
        assert!(morning.is_due(Interface::AdjFactor, today, at("2025-02-05T17:05")));
        let evening = Known::from_runs(&[run("tushare adj_factor 20250205", "2025-02-05T17:06")]);
        assert!(!evening.is_due(Interface::AdjFactor, today, at("2025-02-06T17:06")));
        assert!(!evening.is_due(Interface::FundAdj, today, at("2025-02-05T09:00")));
        assert!(evening.is_due(Interface::FundAdj, today, at("2025-02-06T17:06")), "another interface");
    }

    #[test]
    fn a_span_covers_its_days_and_a_run_that_failed_covers_none() {
        let mut run = run("tushare index_daily 20250102-20250205", "2025-02-05T20:00");
        let now = at("2025-02-06T12:00");
        let known = Known::from_runs(std::slice::from_ref(&run));
        assert!(!known.is_due(Interface::IndexDaily, day("20250205"), now));
        assert!(known.is_due(Interface::IndexDaily, day("20241231"), now));
        run.state = RunState::Failed;
        assert!(Known::from_runs(&[run]).is_due(Interface::IndexDaily, day("20250205"), now));
    }

    #[test]
    fn an_empty_answer_is_final_once_it_was_given_on_another_day_too() {
        let empty = |started: &str| IngestRun {
            rows: RowCounts::default(),
            ..run("tushare daily 20250127", started)
        };
        let is_due = |runs: &[IngestRun], now: &str| {
            Known::from_runs(runs).is_due(Interface::Daily, day("20250127"), at(now))
        };
        let once = [empty("2025-02-05T10:00")];
        assert!(!is_due(&once, "2025-02-05T18:00"), "it was asked just now");
        assert!(is_due(&once, "2025-02-06T10:00"), "it may have been a slip");
        let twice = [empty("2025-02-05T10:00"), empty("2025-02-06T10:00")];
        assert!(!is_due(&twice, "2025-03-06T10:00"));
        let filled = [empty("2025-02-05T10:00"), run("tushare daily 20250127", "2025-02-05T10:05")];
        assert!(!is_due(&filled, "2025-02-06T10:00"));
        let quiet = [IngestRun {
            rows: RowCounts::default(),
            ..run("tushare suspend_d 20250127", "2025-02-05T10:00")
        }];
        let known = Known::from_runs(&quiet);
        assert!(
            !known.is_due(Interface::SuspendD, day("20250127"), at("2025-02-07T10:00")),
            "an answer, too"
        );
    }

    #[test]
    fn each_interface_has_a_newest_day_of_its_own() {
        let runs = [
            run("tushare daily 20250207", "2025-02-07T16:06"),
            run("tushare daily 20250206", "2025-02-06T16:06"),
            run("tushare fund_daily 20250106", "2025-01-06T17:06"),
        ];
        let known = Known::from_runs(&runs);
        assert_eq!(known.newest_day(Interface::Daily), Some(day("20250207")));
        assert_eq!(known.newest_day(Interface::FundDaily), Some(day("20250106")));
        assert_eq!(known.newest_day(Interface::FundAdj), None);
    }

    #[test]
    fn whole_days_of_files_are_not_fetched_but_samples_are() {
        let rows = |count| DayIndex::new(["20250124", "20250127"].map(|text| (day(text), count))).unwrap();
        let now = at("2025-02-05T12:00");
        let market = Known::default().with_rows(Interface::Daily, rows(5000));
        assert!(!market.is_due(Interface::Daily, day("20250127"), now));
        let sample = Known::default().with_rows(Interface::Daily, rows(3));
        assert!(sample.is_due(Interface::Daily, day("20250127"), now));
    }

    #[test]
    fn a_day_that_came_short_is_looked_at_again_once_it_may_be_whole() {
        let days = [("20250124", 5000), ("20250127", 5000), ("20250205", 900)];
        let rows = DayIndex::new(days.map(|(text, rows)| (day(text), rows))).unwrap();
        let known = |started: &str| {
            Known::from_runs(&[run("tushare daily 20250205", started)])
                .with_rows(Interface::Daily, rows.clone())
        };
        let evening = known("2025-02-05T16:06");
        assert!(!evening.is_due(Interface::Daily, day("20250205"), at("2025-02-05T16:30")));
        assert!(evening.is_due(Interface::Daily, day("20250205"), at("2025-02-05T17:06")));
        let later = known("2025-02-07T10:00");
        assert!(!later.is_due(Interface::Daily, day("20250205"), at("2025-02-09T10:00")), "it is what it is");
    }
}
