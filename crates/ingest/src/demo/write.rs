//! A demo market into a store, as one run.

use jiff::Timestamp;
use stockpile_market::{AdjFactor, DailyBar, SecurityKind};
use stockpile_storage::{NewRun, RowCounts, RunId, RunWriter, SourceRow, Store};
use tokio::sync::mpsc;

use super::{DemoDay, DemoMarket};
use crate::{BarCounts, Error, Result};

/// Rows of a batch; whole days, so it may be a few hundred more.
const BATCH_ROWS: usize = 4000;
/// Batches drawn ahead of the store.
const AHEAD: usize = 2;

/// What a demo market brought into a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoWritten {
    /// Number of the run that recorded it.
    pub run: RunId,
    /// Bars of each kind.
    pub bars: BarCounts,
    /// Rows of all tables.
    pub rows: u64,
    /// Revision of the store with this market.
    pub revision: u64,
}

/// Rows on their way to the store.
#[derive(Debug, Default)]
struct Batch {
    bars: [Vec<DailyBar>; 3],
    factors: Vec<AdjFactor>,
}

impl Batch {
    fn len(&self) -> usize {
        self.bars.iter().map(Vec::len).sum::<usize>() + self.factors.len()
    }

    /// Takes a day; one before those shown leaves its factors only, which later prices rest on.
    fn add(&mut self, day: DemoDay, is_shown: bool) {
        self.factors.extend(day.factors);
        if is_shown {
            for (kept, bars) in self.bars.iter_mut().zip([day.stocks, day.etfs, day.indices]) {
                kept.extend(bars);
            }
        }
    }
}

impl DemoMarket {
    /// Writes securities, calendar, three years of bars and all factors into a store, as one run of kind `demo`.
    ///
    /// Give the demo market a store of its own: nothing marks its rows beside real ones. Writing again on a later day adds
    /// the new days and changes no old one. About 265,000 rows; memory stays flat. `now` is recorded as the time of
    /// the run.
    ///
    /// # Errors
    ///
    /// [`Error::StoreDemo`] when the store refuses; nothing of the market is in it then.
    pub async fn write(&self, store: &Store, now: Timestamp) -> Result<DemoWritten> {
        let source = format!("demo market, seed {}", self.seed);
        let run = NewRun { source, kind: "demo".into(), started_at: now };
        let run = store.ingest.start(run).await.map_err(|source| Error::StoreDemo { source })?;
        let mut writing = Writing { id: run.id(), run, bars: [0; 3], rows: 0 };
        match writing.take(*self).await {
            Ok(()) => writing.commit(now).await,
            Err(error) => {
                writing.abandon(now, &error).await;
                Err(error)
            }
        }
    }

    /// Draws the market batch by batch until it ends or nobody listens.
    fn draw(&self, batches: &mpsc::Sender<Batch>) {
        let first = self.first_day();
        let mut batch = Batch::default();
        for day in self.days() {
            let is_shown = day.date >= first;
            batch.add(day, is_shown);
            if batch.len() >= BATCH_ROWS && batches.blocking_send(std::mem::take(&mut batch)).is_err() {
                return;
            }
        }
        // The listener has gone only when the store refused.
        let _ = batches.blocking_send(batch);
    }
}

/// One run being written.
struct Writing {
    id: RunId,
    run: Box<dyn RunWriter>,
    bars: [u64; 3],
    rows: u64,
}

impl Writing {
    async fn take(&mut self, market: DemoMarket) -> Result<()> {
        let (sender, mut batches) = mpsc::channel(AHEAD);
        let drawing = tokio::task::spawn_blocking(move || {
            let (securities, calendar) = (market.securities(), market.calendar());
            market.draw(&sender);
            (securities, calendar)
        });
        while let Some(batch) = batches.recv().await {
            self.store(batch).await.map_err(|source| Error::StoreDemo { source })?;
        }
        let (securities, calendar) = drawing.await.map_err(|source| Error::Demo { source })?;
        let (securities, calendar) = (self.numbered(securities), self.numbered(calendar));
        self.run.write_securities(securities).await.map_err(|source| Error::StoreDemo { source })?;
        self.run.write_calendar(calendar).await.map_err(|source| Error::StoreDemo { source })?;
        Ok(())
    }

    async fn store(&mut self, batch: Batch) -> stockpile_storage::Result<()> {
        for ((kind, bars), count) in SecurityKind::ALL.into_iter().zip(batch.bars).zip(0..) {
            self.bars[count] += bars.len() as u64;
            let rows = self.numbered(bars);
            self.run.write_bars(kind, rows).await?;
        }
        let factors = self.numbered(batch.factors);
        self.run.write_factors(factors).await?;
        Ok(())
    }

    /// Gives rows the lines they would have in a file.
    fn numbered<T>(&mut self, rows: Vec<T>) -> Vec<SourceRow<T>> {
        let first = self.rows + 1;
        self.rows += rows.len() as u64;
        (first..).zip(rows).map(|(line, row)| SourceRow { line, row }).collect()
    }

    fn counts(&self) -> RowCounts {
        RowCounts { read: self.rows, written: self.rows, rejected: 0 }
    }

    async fn commit(self, now: Timestamp) -> Result<DemoWritten> {
        let (rows, [stock, etf, index]) = (self.counts(), self.bars);
        let revision = self.run.commit(rows, now).await.map_err(|source| Error::StoreDemo { source })?;
        let bars = BarCounts { stock, etf, index };
        Ok(DemoWritten { run: self.id, bars, rows: rows.written, revision })
    }

    /// Takes the rows back. The caller reports why; a store that cannot even record it is only logged.
    async fn abandon(self, now: Timestamp, why: &Error) {
        let rows = self.counts();
        if let Err(error) = self.run.abandon(rows, now, &why.to_string()).await {
            tracing::warn!(%error, run = self.id.0, "the end of an abandoned run was not recorded");
        }
    }
}
