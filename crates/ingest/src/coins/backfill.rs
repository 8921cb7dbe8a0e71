//! Prices and candles that a store lacks.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use stockpile_market::Interval;
use stockpile_storage::{IngestRun, RunState, Store};

use super::{
    CoinOptions,
    binance::{Binance, CANDLES},
    coingecko::CoinGecko,
    span::Span,
};
use crate::{
    Advance, Clock, Error, FileIngest, FileKind, Ingested, LOCK_WAIT, Progress, RUNS_READ, Result, Silent,
};

const PRICES: &str = "coingecko coins_markets";
const SOURCE: &str = "binance ";

/// Which prices and candles a store should have.
#[derive(Clone, Debug, PartialEq)]
pub struct CoinBackfill {
    /// Pairs in upper case, such as `BTCUSDT`, whose candles are wanted.
    pub pairs: Vec<String>,
    /// How much time the candles cover.
    pub intervals: Vec<Interval>,
    /// When the first candle opens.
    pub from: Timestamp,
    /// Whether the prices of now are wanted, too.
    pub prices: bool,
}

/// What became of a step.
#[derive(Debug)]
pub enum CoinFetched {
    /// Its rows are in the store.
    Ingested(Box<Ingested>),
    /// The source has none.
    Empty,
    /// Nothing of it is in the store.
    Failed(Error),
}

/// Something that was fetched as one run, and what became of it.
#[derive(Debug)]
pub struct CoinStep {
    /// Name of its run, such as `coingecko coins_markets`.
    pub name: String,
    /// What became of it.
    pub fetched: CoinFetched,
}

/// Brings prices and candles of coins into a store.
#[derive(Clone)]
pub struct CoinIngest {
    coingecko: CoinGecko,
    binance: Binance,
    clock: Arc<dyn Clock>,
    file: FileIngest,
}

impl std::fmt::Debug for CoinIngest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CoinIngest").finish_non_exhaustive()
    }
}

impl CoinIngest {
    /// Makes the clients; nothing is asked yet. Lists of refused rows go into the folder.
    ///
    /// # Errors
    ///
    /// [`Error::Connection`] when this machine cannot make TLS connections, or an address is none.
    pub fn new(
        options: &CoinOptions,
        clock: Arc<dyn Clock>,
        store: Store,
        report_folder: PathBuf,
    ) -> Result<Self> {
        Ok(Self {
            coingecko: CoinGecko::new(options, clock.clone())?,
            binance: Binance::new(options, clock.clone())?,
            clock,
            file: FileIngest {
                store,
                kind: None,
                adjusted: false,
                strict: false,
                report_folder,
                wait: LOCK_WAIT,
                now: Timestamp::now,
                progress: Arc::new(Silent),
            },
        })
    }

    /// Waits so long for another that writes to the store, instead of [`LOCK_WAIT`].
    #[must_use]
    pub fn waiting(mut self, wait: Duration) -> Self {
        self.file.wait = wait;
        self
    }

    /// Fetches what the store lacks, each step as one run that commits whole, and tells of each.
    ///
    /// It may be stopped at any moment: what was committed is found again. Candles that were unfinished are fetched anew.
    ///
    /// # Errors
    ///
    /// What makes it pointless to go on: the network or the store. A pair that the source does not have is only left out.
    pub async fn run(
        &self,
        backfill: &CoinBackfill,
        progress: &dyn Progress,
        hear: &mut (dyn FnMut(CoinStep) + Send),
    ) -> Result<()> {
        let lacking = self.lacking(backfill).await?;
        let total = lacking.len() as u64 + u64::from(backfill.prices);
        progress.opened(Path::new("coins"), total);
        let done = self.fetch_all(backfill.prices, lacking, progress, hear).await;
        progress.closed();
        done
    }

    async fn fetch_all(
        &self,
        prices: bool,
        lacking: Vec<(String, Interval, Span)>,
        progress: &dyn Progress,
        hear: &mut (dyn FnMut(CoinStep) + Send),
    ) -> Result<()> {
        let mut advance = Advance::default();
        let mut tell = |step: CoinStep| {
            if let CoinFetched::Ingested(ingested) = &step.fetched {
                advance.rows += ingested.rows.read;
            }
            advance.bytes += 1;
            hear(step);
            progress.advanced(advance);
        };
        if prices {
            // Candles are somebody else's: they are asked for whatever became of the prices.
            let fetched = match self.prices().await {
                Err(error) if !is_of_the_store(&error) => CoinFetched::Failed(error),
                fetched => fetched?,
            };
            tell(CoinStep { name: PRICES.to_owned(), fetched });
        }
        let mut left_out = BTreeSet::new();
        for (pair, interval, span) in lacking {
            if left_out.contains(&pair) {
                continue;
            }
            let name = format!("{SOURCE}{pair} {interval} {}", span.name());
            let fetched = settled(self.candles(&name, &pair, interval, span).await)?;
            if matches!(fetched, CoinFetched::Failed(_)) {
                left_out.insert(pair);
            }
            tell(CoinStep { name, fetched });
        }
        Ok(())
    }

    /// Spans of candles that are missing or were unfinished, oldest first.
    async fn lacking(&self, backfill: &CoinBackfill) -> Result<Vec<(String, Interval, Span)>> {
        if backfill.pairs.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let ask = |source| Error::AskStore { source };
        let runs = self.file.store.ingest.latest(RUNS_READ).await.map_err(ask)?;
        let done: Vec<_> = runs.iter().filter_map(of_run).collect();
        let mut lacking = Vec::new();
        for pair in &backfill.pairs {
            for interval in &backfill.intervals {
                let is_done = |span: &Span| {
                    done.iter().any(|(of, its, run, began)| {
                        of == pair && its == interval && span.is_done_by(*run, *began, *interval)
                    })
                };
                let spans = Span::cover(backfill.from, now, *interval, CANDLES).into_iter();
                lacking
                    .extend(spans.filter(|span| !is_done(span)).map(|span| (pair.clone(), *interval, span)));
            }
        }
        Ok(lacking)
    }

    async fn prices(&self) -> Result<CoinFetched> {
        let now = self.clock.now();
        let table = self.coingecko.markets().await?;
        if table.rows.is_empty() {
            return Ok(CoinFetched::Empty);
        }
        let ingested = self.file.table(PRICES, FileKind::CoinsMarkets, &table, now).await?;
        Ok(CoinFetched::Ingested(Box::new(ingested)))
    }

    async fn candles(&self, name: &str, pair: &str, interval: Interval, span: Span) -> Result<CoinFetched> {
        let now = self.clock.now();
        let table = self.binance.candles(pair, interval, span).await?;
        let ingested = self.file.table(name, FileKind::Candles, &table, now).await?;
        if table.rows.is_empty() {
            return Ok(CoinFetched::Empty);
        }
        Ok(CoinFetched::Ingested(Box::new(ingested)))
    }
}

/// Pair, interval and span of a run that is done, and when it began.
fn of_run(run: &IngestRun) -> Option<(String, Interval, Span, Timestamp)> {
    let mut words = run.source.strip_prefix(SOURCE)?.split(' ');
    let (pair, interval, span) =
        (words.next()?, words.next()?.parse().ok()?, Span::from_name(words.next()?)?);
    (run.state == RunState::Done).then(|| (pair.to_owned(), interval, span, run.started_at))
}

/// What ends all candles stays an error; what concerns one pair is told as its fate.
fn settled(fetched: Result<CoinFetched>) -> Result<CoinFetched> {
    match fetched {
        Err(error) if !(error.is_transient() || is_of_the_store(&error)) => Ok(CoinFetched::Failed(error)),
        fetched => fetched,
    }
}

/// Whether whatever came next would meet the same, wherever it comes from.
const fn is_of_the_store(error: &Error) -> bool {
    matches!(
        error,
        Error::Connection { .. } | Error::Store { .. } | Error::AskStore { .. } | Error::Report { .. }
    )
}
