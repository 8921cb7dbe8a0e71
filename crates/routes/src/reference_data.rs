//! What rarely changes, kept in process: securities, days with bars, the calendar.

use std::{collections::HashMap, sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use stockpile_market::{
    DayIndex, Exchange, SearchIndex, Security, SecurityKind, TradeDate, TradingCalendar, TsCode,
};
use stockpile_storage::{Error, Part, Result, Store};
use tokio::{
    sync::{Mutex, OnceCell},
    time::Instant,
};

/// An answer never rests on a revision that was read longer ago.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// A store that takes longer to tell its revision is taken to have none newer.
const CHECK_TIMEOUT: Duration = Duration::from_millis(250);

/// The state of the slow-moving data at one revision of the store.
#[derive(Debug)]
pub(crate) struct ReferenceData {
    /// Revision of the store; part of every cache key, so that a body of older data is never found again.
    pub(crate) revision: u64,
    /// Stands for the market's rows behind it, in whatever store.
    pub(crate) fingerprint: u64,
    /// The same for the rows of coins.
    pub(crate) coins_fingerprint: u64,
    /// The store it was read from, for whatever else an answer needs.
    pub(crate) store: Store,
    /// Whether that is the demo market: invented, and to be labelled so.
    pub(crate) demo: bool,
    pub(crate) calendar: TradingCalendar,
    securities: HashMap<TsCode, Security>,
    /// By kind, in the order of [`SecurityKind::ALL`].
    days: [DayIndex; 3],
    /// Made at the first search.
    search: OnceCell<SearchIndex>,
    /// Asked at the first question about coins.
    crypto: OnceCell<bool>,
}

impl ReferenceData {
    pub(crate) fn security(&self, code: TsCode) -> Option<&Security> {
        self.securities.get(&code)
    }

    /// The name of a security: its facts' or, for the best known indices, the exchanges' own.
    pub(crate) fn name(&self, code: TsCode, kind: SecurityKind) -> Option<&str> {
        let facts = self.security(code).and_then(|security| security.name.as_deref());
        facts.or_else(|| (kind == SecurityKind::Index).then(|| stockpile_market::index_name(code)).flatten())
    }

    /// Whether there are bars of any kind.
    pub(crate) fn has_bars(&self) -> bool {
        self.days.iter().any(|days| !days.days().is_empty())
    }

    /// Whether there are prices of coins or candles.
    pub(crate) async fn has_crypto(&self) -> Result<bool> {
        let ask = || async { Ok(self.store.crypto_markets.any().await? || self.store.candles.any().await?) };
        self.crypto.get_or_try_init(ask).await.copied()
    }

    pub(crate) fn days(&self, kind: SecurityKind) -> &DayIndex {
        &self.days[kind as usize]
    }

    /// What the search looks through: securities with facts, and those without that traded on the latest complete day.
    pub(crate) async fn search_index(&self) -> Result<&SearchIndex> {
        self.search
            .get_or_try_init(|| async {
                let mut securities: Vec<Security> = self.securities.values().cloned().collect();
                for kind in SecurityKind::ALL {
                    let Some(day) = self.days(kind).latest_complete() else { continue };
                    let bars = self.store.bars.closes(kind, day).await?;
                    let codes = bars.into_iter().map(|bar| bar.ts_code);
                    let without_facts = codes.filter(|code| !self.securities.contains_key(code));
                    securities.extend(without_facts.map(|code| Security::unknown(code, kind)));
                }
                for security in &mut securities {
                    security.name = self.name(security.ts_code, security.kind).map(ToOwned::to_owned);
                }
                Ok(SearchIndex::new(securities))
            })
            .await
    }

    /// Why a day has no bars.
    pub(crate) fn why_no_bars(&self, day: Option<TradeDate>) -> &'static str {
        match day.map(|day| self.calendar.is_open(day)) {
            None => "no data yet",
            Some(Some(false)) => "not a trading day",
            Some(_) => "no data for this day",
        }
    }

    async fn read(store: &Store, demo: bool, revision: u64) -> Result<Self> {
        let fingerprint = store.ingest.fingerprint(Part::Market).await?;
        let coins_fingerprint = store.ingest.fingerprint(Part::Coins).await?;
        let securities = store.securities.all().await?;
        let mut calendar_days = store.calendar.days(Exchange::Sse).await?;
        if calendar_days.is_empty() {
            calendar_days = store.calendar.days(Exchange::Szse).await?;
        }
        let mut days = Vec::with_capacity(3);
        for kind in SecurityKind::ALL {
            let counts = store.bars.day_counts(kind).await?;
            days.push(
                DayIndex::new(counts.into_iter().map(|day| (day.trade_date, day.rows)))
                    .map_err(|error| impossible("list of days", &error))?,
            );
        }
        let days: [DayIndex; 3] = days.try_into().map_err(|_| impossible("list of kinds", &"not three"))?;
        let calendar = if calendar_days.is_empty() {
            TradingCalendar::from_open_days(days[0].days().iter().map(|(day, _)| *day))
        } else {
            TradingCalendar::from_rows(calendar_days.iter().map(|day| (day.cal_date, day.is_open)))
                .map_err(|error| impossible("calendar", &error))?
        };
        let securities = securities.into_iter().map(|security| (security.ts_code, security)).collect();
        Ok(Self {
            revision,
            fingerprint,
            coins_fingerprint,
            store: store.clone(),
            demo,
            calendar,
            securities,
            days,
            search: OnceCell::new(),
            crypto: OnceCell::new(),
        })
    }
}

fn impossible(what: &'static str, value: &dyn std::fmt::Display) -> Error {
    Error::Impossible { what, value: value.to_string() }
}

/// Hands out the reference data and reads it again when the store has a new revision.
#[derive(Debug)]
pub(crate) struct References {
    store: Store,
    demo: bool,
    current: ArcSwapOption<(Instant, Arc<ReferenceData>)>,
    checking: Mutex<()>,
}

impl References {
    pub(crate) fn new(store: Store, demo: bool) -> Self {
        Self { store, demo, current: ArcSwapOption::empty(), checking: Mutex::new(()) }
    }

    /// The reference data, at most a second behind the store; older while the store cannot be asked.
    ///
    /// # Errors
    ///
    /// The store's, when it has never answered.
    pub(crate) async fn current(&self) -> Result<Arc<ReferenceData>> {
        if let Some(recent) = self.recent() {
            return Ok(recent);
        }
        // One request asks; the others wait for its answer.
        let _checking = self.checking.lock().await;
        if let Some(recent) = self.recent() {
            return Ok(recent);
        }
        let asked = Instant::now();
        let known = self.current.load_full().map(|known| known.1.clone());
        let newest = match &known {
            Some(known) => self.newer(known).await,
            None => self.read().await,
        };
        let data = match (newest, known) {
            (Ok(newest), _) => newest,
            (Err(error), Some(known)) => {
                tracing::warn!(%error, revision = known.revision, "the store does not answer; going on with what is known");
                known
            }
            (Err(error), None) => return Err(error),
        };
        self.current.store(Some(Arc::new((asked, data.clone()))));
        Ok(data)
    }

    /// The reference data, when it was checked just now.
    pub(crate) fn recent(&self) -> Option<Arc<ReferenceData>> {
        let current = self.current.load();
        let (checked, data) = &**current.as_ref()?;
        (checked.elapsed() < CHECK_EVERY).then(|| data.clone())
    }

    async fn newer(&self, known: &Arc<ReferenceData>) -> Result<Arc<ReferenceData>> {
        let revision = tokio::time::timeout(CHECK_TIMEOUT, self.store.ingest.revision()).await.map_err(
            |elapsed| Error::Failed { operation: "read its revision in time", source: elapsed.into() },
        )??;
        if revision == known.revision { Ok(known.clone()) } else { self.read().await }
    }

    async fn read(&self) -> Result<Arc<ReferenceData>> {
        // The revision comes first: a commit in between is then noticed at the next check.
        let revision = self.store.ingest.revision().await?;
        let data = ReferenceData::read(&self.store, self.demo, revision).await?;
        tracing::debug!(revision, securities = data.securities.len(), "read the reference data");
        Ok(Arc::new(data))
    }
}
