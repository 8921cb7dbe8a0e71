//! Days and interfaces that a store lacks, fetched one after the other.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::{Timestamp, ToSpan as _, civil};
use serde::Serialize;
use serde_json::Value;
use stockpile_market::{DayIndex, Exchange, SecurityKind, TradeDate, TradingCalendar, TsCode, exchange_date};
use stockpile_storage::Store;

use super::{
    SERVICE, Tushare,
    due::{Known, SOURCE, is_final},
    interface::Interface,
    request::Request,
};
use crate::{Advance, Error, FileIngest, Ingested, Progress, RUNS_READ, Result, Silent, table::Table};

/// The first day of trading in Shanghai, and so of any calendar.
const FIRST_DAY: civil::Date = civil::Date::constant(1990, 12, 19);
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
    source: Tushare,
    store: Store,
    report_folder: PathBuf,
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
        Self { source, store, report_folder }
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
        for (unit, done) in units.into_iter().zip(1..) {
            if !left_out.contains(&unit.interface) {
                let step = self.step(unit).await?;
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

    /// The calendar of the days asked for, fetched when the store does not know them.
    async fn calendar(
        &self,
        backfill: &Backfill,
        hear: &mut (dyn FnMut(Step) + Send),
    ) -> Result<TradingCalendar> {
        let today = exchange_date(self.source.clock.now().as_second());
        let (first, last) = (backfill.from.max(FIRST_DAY.into()), backfill.to.min(today));
        let named = backfill.again && backfill.interfaces.contains(&Interface::TradeCal);
        let calendar = self.stored_calendar().await?;
        if first > last || knows(&calendar, first, last) && !named {
            return Ok(calendar);
        }
        // A single year may come back empty.
        let from = first.civil().first_of_year().saturating_sub(1.year()).max(FIRST_DAY);
        let to = today.civil().last_of_year();
        let unit = Unit { interface: Interface::TradeCal, first: from.into(), last: to.into() };
        let step = self.step(unit).await?;
        if let Fetched::Failed(error) = step.fetched {
            return Err(error);
        }
        hear(step);
        let calendar = self.stored_calendar().await?;
        if knows(&calendar, first, last) {
            Ok(calendar)
        } else {
            Err(Error::NoCalendar { service: SERVICE, first, last })
        }
    }

    async fn stored_calendar(&self) -> Result<TradingCalendar> {
        let ask = |source| Error::AskStore { source };
        let rows = self.store.calendar.days(Exchange::Sse).await.map_err(ask)?;
        // A key is an exchange and a day, so a day comes once.
        Ok(TradingCalendar::from_rows(rows.iter().map(|day| (day.cal_date, day.is_open)))
            .unwrap_or_else(|_| TradingCalendar::from_open_days([])))
    }

    /// Fetches and stores one unit; an error says that the others would fare no better.
    async fn step(&self, unit: Unit) -> Result<Step> {
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
            && let Some(last) = last_day(&table)
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
            now: Timestamp::now,
            progress: Arc::new(Silent),
        }
    }
}

/// Whether every day of a span is known to be open or closed.
fn knows(calendar: &TradingCalendar, first: TradeDate, last: TradeDate) -> bool {
    let mut days = first.civil().series(1.day()).take_while(|day| *day <= last.civil());
    days.all(|day| calendar.is_open(day.into()).is_some())
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
fn ends_everything(error: &Error) -> bool {
    error.is_transient()
        || matches!(
            error,
            Error::Token { .. }
                | Error::Connection { .. }
                | Error::Store { .. }
                | Error::AskStore { .. }
                | Error::Report { .. }
        )
}

/// Takes out the rows of codes that are well formed but of no exchange in the store, and counts them.
fn leave_out_foreign(table: &mut Table) -> u64 {
    let Some(at) = table.position("ts_code") else { return 0 };
    let before = table.rows.len();
    table.rows.retain(|row| !row.get(at).and_then(Value::as_str).is_some_and(is_foreign));
    (before - table.rows.len()) as u64
}

/// Such as `000300.CSI`, `161725.OF` or `T00018.SH`.
fn is_foreign(code: &str) -> bool {
    let Some((symbol, suffix)) = code.split_once('.') else { return false };
    let well_formed = |text: &str, length: std::ops::RangeInclusive<usize>| {
        length.contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    TsCode::from_bytes(code.as_bytes()).is_err()
        && well_formed(symbol, 1..=12)
        && well_formed(suffix, 2..=4)
        && (suffix.len() > 2 || !symbol.bytes().all(|byte| byte.is_ascii_digit()) || symbol.len() == 6)
}

fn last_day(table: &Table) -> Option<TradeDate> {
    let at = table.position("trade_date")?;
    table.rows.iter().filter_map(|row| row[at].as_str()?.parse().ok()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_other_markets_are_foreign_and_broken_ones_are_not() {
        for code in ["000300.CSI", "161725.OF", "T00018.SH", "H11001.CSI", "801010.SI"] {
            assert!(is_foreign(code), "{code}");
        }
        for code in ["600519.SH", "60051.SH", "600519", "600519.sh", "", "六.SH", "600 19.SH"] {
            assert!(!is_foreign(code), "{code}");
        }
    }
}
