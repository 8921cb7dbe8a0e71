//! Days and interfaces that a store lacks, fetched one after the other.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde::Serialize;
use stockpile_market::{DayIndex, SecurityKind, TradeDate, TradingCalendar, exchange_date};
use stockpile_storage::Store;

use super::{
    Tushare,
    due::{Known, SOURCE, is_final},
    interface::Interface,
    request::Request,
    rows::{last_common_day, leave_out_foreign},
};
use crate::{Advance, Error, FileIngest, Ingested, LOCK_WAIT, Progress, RUNS_READ, Result, Silent};

/// After this many days, a day without rows has none.
const EMPTY_IS_FINAL_DAYS: i32 = 3;

/// Which days of which interfaces a store should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backfill {
    /// First day.
    pub from: TradeDate,
    /// Last day; what has not been published by now is left for later.
    pub to: TradeDate,
    /// The interfaces; the calendar is fetched when it is needed, named or not.
    pub interfaces: Vec<Interface>,
    /// Fetch what is there already, too.
    pub again: bool,
}

/// Something that is fetched as one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// Interface.
    pub interface: Interface,
    /// First day asked for; of facts, the trading day they are asked on.
    pub first: TradeDate,
    /// Last day asked for.
    pub last: TradeDate,
}

impl Unit {
    fn request(self) -> Request {
        Request { interface: self.interface, first: self.first, last: self.last }
    }
}

/// What became of a unit.
#[derive(Debug)]
pub enum Fetched {
    /// Its rows are in the store.
    Ingested(Box<Ingested>),
    /// There is no row. When that is final it is recorded, else it will be asked again.
    Empty {
        /// Whether it was recorded.
        is_final: bool,
    },
    /// Nothing of it is in the store, and its interface is not asked any more this time.
    Failed(Error),
}

/// A unit and what became of it.
#[derive(Debug)]
pub struct Step {
    /// The unit.
    pub unit: Unit,
    /// Name of its run, such as `tushare daily 20250205`.
    pub name: String,
    /// Rows that are no security's of the three exchanges, which the store keeps none of.
    pub foreign: u64,
    /// What became of it.
    pub fetched: Fetched,
}

/// Brings what Tushare has into a store.
#[derive(Clone)]
pub struct TushareIngest {
    pub(super) source: Tushare,
    pub(super) store: Store,
    report_folder: PathBuf,
    wait: Duration,
}

impl std::fmt::Debug for TushareIngest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TushareIngest").field("source", &self.source).finish_non_exhaustive()
    }
}

impl TushareIngest {
    /// Lists of refused rows go into the folder.
    #[must_use]
    pub fn new(source: Tushare, store: Store, report_folder: PathBuf) -> Self {
        Self { source, store, report_folder, wait: LOCK_WAIT }
    }

    /// Waits so long for another that writes to the store, instead of [`LOCK_WAIT`].
    #[must_use]
    pub fn waiting(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Fetches what the store lacks, each unit as one run that commits whole, and tells of each.
    ///
    /// It may be stopped at any moment, by dropping the future or by a kill: what was committed is found again and the next
    /// one goes on from there, to the same rows.
    ///
    /// # Errors
    ///
    /// What makes it pointless to go on: the account, the network or the store. An interface that cannot be had is only left
    /// out.
    pub async fn run(
        &self,
        backfill: &Backfill,
        progress: &dyn Progress,
        hear: &mut (dyn FnMut(Step) + Send),
    ) -> Result<()> {
        let calendar = self.calendar(backfill, hear).await?;
        let units = self.lacking(backfill, &calendar).await?;
        progress.opened(Path::new("tushare"), units.len() as u64);
        let done = self.fetch_all(units, progress, hear).await;
        progress.closed();
        done
    }

    async fn fetch_all(
        &self,
        units: Vec<Unit>,
        progress: &dyn Progress,
        hear: &mut (dyn FnMut(Step) + Send),
    ) -> Result<()> {
        let mut left_out = HashSet::new();
        let mut rows = 0;
        let mut last_was_down = false;
        for (unit, done) in units.into_iter().zip(1..) {
            if !left_out.contains(&unit.interface) {
                let step = match self.step(unit).await? {
                    // One interface may be down alone; after the second in a row it is the source.
                    Step { fetched: Fetched::Failed(error), .. } if error.is_transient() && last_was_down => {
                        return Err(error);
                    }
                    step => step,
                };
                last_was_down = matches!(&step.fetched, Fetched::Failed(error) if error.is_transient());
                match &step.fetched {
                    Fetched::Ingested(ingested) => rows += ingested.rows.read,
                    Fetched::Empty { .. } => {}
                    Fetched::Failed(_) => {
                        left_out.insert(unit.interface);
                    }
                }
                hear(step);
            }
            progress.advanced(Advance { bytes: done, rows });
        }
        Ok(())
    }

    /// What the store lacks now, in the order in which it is fetched; the calendar says which days are open.
    async fn lacking(&self, backfill: &Backfill, calendar: &TradingCalendar) -> Result<Vec<Unit>> {
        let now = self.source.clock.now();
        let today = exchange_date(now.as_second());
        let known = self.known(backfill.again).await?;
        let wanted: BTreeSet<Interface> = backfill.interfaces.iter().copied().collect();
        let due = |interface, day| known.is_due(interface, day, now);
        let mut units = Vec::new();
        let mut spans: BTreeMap<i16, Unit> = BTreeMap::new();
        let mut days = Vec::new();
        // Facts change on trading days; where the calendar does not tell, this may be one.
        let facts_day = match calendar.is_open(today) {
            Some(false) => calendar.previous_open(today).unwrap_or(today),
            _ => today,
        };
        for interface in wanted.iter().copied().filter(|one| one.is_facts() && due(*one, facts_day)) {
            units.push(Unit { interface, first: facts_day, last: facts_day });
        }
        for day in calendar.open_days(backfill.from, backfill.to.min(today)).iter().copied() {
            for interface in wanted.iter().copied().filter(|one| due(*one, day)) {
                let unit = Unit { interface, first: day, last: day };
                match interface {
                    _ if interface.is_facts() => {}
                    Interface::TradeCal => {}
                    // Its rows come by code, so that a year costs what a day does.
                    Interface::IndexDaily => {
                        spans.entry(day.civil().year()).or_insert(unit).last = day;
                    }
                    _ => days.push(unit),
                }
            }
        }
        units.extend(spans.into_values());
        units.extend(days);
        Ok(units)
    }

    /// The newest day of each interface that has been fetched; `None` for one that never was.
    pub(crate) async fn newest_days(&self) -> Result<[(Interface, Option<TradeDate>); 12]> {
        let runs = self.store.ingest.latest(RUNS_READ).await.map_err(|source| Error::AskStore { source })?;
        let known = Known::from_runs(&runs);
        Ok(Interface::ALL.map(|interface| (interface, known.newest_day(interface))))
    }

    async fn known(&self, again: bool) -> Result<Known> {
        if again {
            return Ok(Known::default());
        }
        let ask = |source| Error::AskStore { source };
        let runs = self.store.ingest.latest(RUNS_READ).await.map_err(ask)?;
        let mut known = Known::from_runs(&runs);
        for (interface, kind) in
            [(Interface::Daily, SecurityKind::Stock), (Interface::FundDaily, SecurityKind::Etf)]
        {
            let counts = self.store.bars.day_counts(kind).await.map_err(ask)?;
            if let Ok(rows) = DayIndex::new(counts.iter().map(|day| (day.trade_date, day.rows))) {
                known = known.with_rows(interface, rows);
            }
        }
        if let Ok(rows) = DayIndex::new(self.store.basics.day_counts().await.map_err(ask)?) {
            known = known.with_rows(Interface::DailyBasic, rows);
        }
        Ok(known)
    }

    /// Fetches and stores one unit; an error says that the others would fare no better.
    pub(super) async fn step(&self, unit: Unit) -> Result<Step> {
        let mut foreign = 0;
        let fetched = match self.fetch(unit, &mut foreign).await {
            Ok(fetched) => fetched,
            Err(error) if ends_everything(&error) => return Err(error),
            Err(error) => Fetched::Failed(error),
        };
        Ok(Step { unit, name: format!("{SOURCE}{}", unit.request().name()), foreign, fetched })
    }

    async fn fetch(&self, unit: Unit, foreign: &mut u64) -> Result<Fetched> {
        // Rows that are published while they are asked for may be missing, so the time before counts.
        let now = self.source.clock.now();
        let mut request = unit.request();
        let mut table = self.source.ask(&request).await?;
        *foreign = leave_out_foreign(&mut table);
        if table.rows.is_empty() && !is_empty_for_good(unit, now) {
            return Ok(Fetched::Empty { is_final: false });
        }
        if unit.interface == Interface::IndexDaily
            && let Some(last) = last_common_day(&table)
            && last < unit.last
            && !is_empty_for_good(unit, now)
        {
            // The days behind it are asked for again.
            request.last = last;
        }
        let name = format!("{SOURCE}{}", request.name());
        let ingested = self.file().table(&name, unit.interface.kind(), &table, now).await?;
        if table.rows.is_empty() {
            return Ok(Fetched::Empty { is_final: true });
        }
        Ok(Fetched::Ingested(Box::new(ingested)))
    }

    /// Rows go the way of a file's.
    fn file(&self) -> FileIngest {
        FileIngest {
            store: self.store.clone(),
            kind: None,
            adjusted: false,
            strict: false,
            report_folder: self.report_folder.clone(),
            wait: self.wait,
            now: Timestamp::now,
            progress: Arc::new(Silent),
        }
    }
}

/// Whether a day that has no row now will have none later.
fn is_empty_for_good(unit: Unit, now: Timestamp) -> bool {
    let today = exchange_date(now.as_second());
    let age = (today.civil() - unit.last.civil()).get_days();
    let may_be = unit.interface.may_be_empty() && is_final(unit.interface, unit.last, now);
    may_be
        || !unit.interface.is_facts() && unit.interface != Interface::TradeCal && age >= EMPTY_IS_FINAL_DAYS
}

/// Whether what came next would meet the same.
const fn ends_everything(error: &Error) -> bool {
    matches!(
        error,
        Error::Unreachable { .. }
            | Error::Token { .. }
            | Error::Connection { .. }
            | Error::Store { .. }
            | Error::AskStore { .. }
            | Error::Report { .. }
    )
}
