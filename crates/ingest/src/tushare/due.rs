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

/// What runs have brought, and which days are whole without them.
#[derive(Debug, Default)]
pub(super) struct Known {
    runs: HashMap<Interface, Vec<(TradeDate, TradeDate, Timestamp)>>,
    rows: HashMap<Interface, DayIndex>,
}

impl Known {
    /// Reads what the runs of a store tell; those of other sources tell nothing.
    pub(super) fn from_runs(runs: &[IngestRun]) -> Self {
        let mut known = Self::default();
        for run in runs.iter().filter(|run| run.state == RunState::Done) {
            let request = run.source.strip_prefix(SOURCE).and_then(Request::from_name);
            if let Some(Request { interface, first, last }) = request {
                known.runs.entry(interface).or_default().push((first, last, run.started_at));
            }
        }
        known
    }

    /// Adds the rows of each day, for interfaces whose days can be judged by them.
    pub(super) fn with_rows(mut self, interface: Interface, rows: DayIndex) -> Self {
        self.rows.insert(interface, rows);
        self
    }

    /// When the newest run with a day began.
    fn newest(&self, interface: Interface, day: TradeDate) -> Option<Timestamp> {
        let runs = self.runs.get(&interface)?;
        runs.iter().filter(|(first, last, _)| (first..=last).contains(&&day)).map(|(.., at)| *at).max()
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
                self.came_short(interface, day, run) && now.duration_since(run) >= SECOND_LOOK
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
            rows: RowCounts::default(),
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
