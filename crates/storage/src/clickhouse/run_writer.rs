//! One ingest run: rows into staging tables, then into the tables.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use stockpile_market::{
    AdjFactor, CalendarDay, Candle, CryptoMarket, DailyBar, DailyBasic, MinuteBar, PriceLimit, Security,
    SecurityKind, Suspension,
};
use tokio::{runtime::Handle, sync::OwnedMutexGuard};

use super::{
    commit,
    rows::{
        BarRow, BasicRow, CalendarRow, CandleRow, CryptoMarketRow, FactorRow, LimitRow, MinuteBarRow,
        SecurityRow, SuspensionRow,
    },
    run_lock::RunLock,
    run_record::RunRecord,
    server::Server,
    staging::Staging,
    tables::Stage,
    turn::Turn,
};
use crate::{
    Duplicate, Error, Result, RowCounts, RunId, RunWriter, SourceRow,
    seen_keys::SeenKeys,
    storable::{self, Storable},
};

/// What a run holds until it ends.
#[derive(Debug)]
struct Held {
    lock: RunLock,
    staging: Staging,
    /// Its turn within this process.
    turn: OwnedMutexGuard<()>,
}

/// A run that writes.
#[derive(Debug)]
pub(super) struct ClickHouseRunWriter {
    id: RunId,
    server: Arc<Server>,
    turns: Arc<Turn>,
    record: RunRecord,
    seen: SeenKeys,
    /// A write was refused or was not waited for: some of its rows may be missing.
    broken: bool,
    /// The source has adjusted every price.
    adjusted: bool,
    /// It may be recorded as committing, and then the next run needs its staged rows to finish it.
    committing: bool,
    /// Nothing once the run has ended.
    held: Option<Held>,
}

impl ClickHouseRunWriter {
    pub(super) fn new(
        id: RunId,
        server: Arc<Server>,
        turns: Arc<Turn>,
        record: RunRecord,
        lock: RunLock,
        turn: OwnedMutexGuard<()>,
    ) -> Self {
        let staging = Staging::new(lock.number());
        let held = Some(Held { lock, staging, turn });
        Self {
            id,
            server,
            turns,
            record,
            seen: SeenKeys::default(),
            broken: false,
            adjusted: false,
            committing: false,
            held,
        }
    }

    /// Refuses what no store keeps; once a write was refused, no other is taken and the run cannot commit.
    fn begin<T: Storable>(&mut self, operation: &'static str, rows: &mut [SourceRow<T>]) -> Result<()> {
        self.check(operation)?;
        self.broken = true;
        storable::admit(rows)
    }

    fn written(&mut self, duplicates: Vec<Duplicate>) -> Vec<Duplicate> {
        self.broken = false;
        duplicates
    }

    fn check(&self, operation: &'static str) -> Result<()> {
        if self.broken {
            return Err(Error::Failed { operation, source: "an earlier write of the run failed".into() });
        }
        Ok(())
    }

    fn staging(&mut self) -> Result<&mut Staging> {
        match &mut self.held {
            Some(held) => Ok(&mut held.staging),
            None => Err(Error::LockLost),
        }
    }

    /// Brings the rows in.
    async fn bring_in(&mut self, rows: RowCounts, ended_at: Timestamp) -> Result<()> {
        self.check("commit an ingest run")?;
        let Some(held) = &mut self.held else { return Err(Error::LockLost) };
        held.staging.flush(&self.server).await?;
        held.lock.confirm().await?;
        let written = held.staging.written();
        commit::check_staged(&self.server, self.record.id, &written).await?;
        let record = self.record.clone().committing(rows, ended_at);
        // Even a record that seems not to be written may be there, and is then acted on.
        self.committing = true;
        record.write_and_see(&self.server).await?;
        // Again: whoever takes the lock from here on finds the record and finishes the run, whoever took it before may not have.
        held.lock.confirm().await?;
        let stages: Vec<Stage> = written.into_iter().map(|(stage, _)| stage).collect();
        commit::finish(&self.server, record, &stages).await
    }

    /// Whether the next run has finished this one, which was stopped for longer than its lock lived.
    async fn was_finished(&self) -> bool {
        self.committing && RunRecord::is_done(&self.server, self.record.id).await.unwrap_or(false)
    }

    /// Takes every row back and records why.
    async fn fail(&mut self, rows: RowCounts, ended_at: Timestamp, why: &str) -> Result<()> {
        let Some(mut held) = self.held.take() else { return Ok(()) };
        held.staging.stop().await;
        let dropped = commit::drop_stages(&self.server, |run| run == self.record.id).await;
        let recorded = self.record.clone().failed(rows, Some(ended_at), why).write(&self.server).await;
        held.lock.release().await;
        drop(held.turn);
        recorded.and(dropped)
    }
}

#[async_trait]
impl RunWriter for ClickHouseRunWriter {
    fn id(&self) -> RunId {
        self.id
    }

    fn mark_adjusted(&mut self) {
        self.adjusted = true;
    }

    async fn write_bars(
        &mut self,
        kind: SecurityKind,
        mut rows: Vec<SourceRow<DailyBar>>,
    ) -> Result<Vec<Duplicate>> {
        self.begin("write bars", &mut rows)?;
        let duplicates = self.seen.bars(kind, &mut rows);
        let (server, version, adjusted) = (self.server.clone(), self.record.id, self.adjusted);
        let rows = rows.iter().map(|row| BarRow::new(kind, &row.row, adjusted, version));
        self.staging()?.bars.push(&server, rows).await?;
        Ok(self.written(duplicates))
    }

    async fn write_factors(&mut self, mut rows: Vec<SourceRow<AdjFactor>>) -> Result<Vec<Duplicate>> {
        self.begin("write adjustment factors", &mut rows)?;
        let duplicates = self.seen.factors(&mut rows);
        let (server, version) = (self.server.clone(), self.record.id);
        let rows = rows.iter().map(|row| FactorRow::new(&row.row, version));
        self.staging()?.factors.push(&server, rows).await?;
        Ok(self.written(duplicates))
    }

    async fn write_securities(&mut self, mut rows: Vec<SourceRow<Security>>) -> Result<Vec<Duplicate>> {
        self.begin("write securities", &mut rows)?;
        let duplicates = self.seen.securities(&mut rows);
        let (server, version) = (self.server.clone(), self.record.id);
        let rows = rows.into_iter().map(|row| Ok(SecurityRow::new(row.row, version)));
        self.staging()?.securities.push(&server, rows).await?;
        Ok(self.written(duplicates))
    }

    async fn write_calendar(&mut self, mut rows: Vec<SourceRow<CalendarDay>>) -> Result<Vec<Duplicate>> {
        self.begin("write the calendar", &mut rows)?;
        let duplicates = self.seen.calendar(&mut rows);
        let (server, version) = (self.server.clone(), self.record.id);
        let rows = rows.iter().map(|row| CalendarRow::new(&row.row, version));
        self.staging()?.calendar.push(&server, rows).await?;
        Ok(self.written(duplicates))
    }

    async fn write_price_limits(&mut self, mut rows: Vec<SourceRow<PriceLimit>>) -> Result<Vec<Duplicate>> {
        self.begin("write price limits", &mut rows)?;
        let duplicates = self.seen.price_limits(&mut rows);
        let (server, version) = (self.server.clone(), self.record.id);
        let rows = rows.iter().map(|row| LimitRow::new(&row.row, version));
        self.staging()?.price_limits.push(&server, rows).await?;
        Ok(self.written(duplicates))
    }

    async fn write_basics(&mut self, mut rows: Vec<SourceRow<DailyBasic>>) -> Result<Vec<Duplicate>> {
        self.begin("write valuations", &mut rows)?;
        let duplicates = self.seen.basics(&mut rows);
        let (server, version) = (self.server.clone(), self.record.id);
        let rows = rows.iter().map(|row| BasicRow::new(&row.row, version));
        self.staging()?.basics.push(&server, rows).await?;
        Ok(self.written(duplicates))
    }

    async fn write_suspensions(&mut self, mut rows: Vec<SourceRow<Suspension>>) -> Result<Vec<Duplicate>> {
        self.begin("write suspensions", &mut rows)?;
        let duplicates = self.seen.suspensions(&mut rows);
        let (server, version) = (self.server.clone(), self.record.id);
        let rows = rows.into_iter().map(|row| SuspensionRow::new(row.row, version));
        self.staging()?.suspensions.push(&server, rows).await?;
        Ok(self.written(duplicates))
    }

    async fn write_minute_bars(&mut self, mut rows: Vec<SourceRow<MinuteBar>>) -> Result<Vec<Duplicate>> {
        self.begin("write bars within days", &mut rows)?;
        let duplicates = self.seen.minute_bars(&mut rows);
        let (server, version) = (self.server.clone(), self.record.id);
        let rows = rows.iter().map(|row| Ok(MinuteBarRow::new(&row.row, version)));
        self.staging()?.minute_bars.push(&server, rows).await?;
        Ok(self.written(duplicates))
    }

    async fn write_candles(&mut self, mut rows: Vec<SourceRow<Candle>>) -> Result<Vec<Duplicate>> {
        self.begin("write candles", &mut rows)?;
        let duplicates = self.seen.candles(&mut rows);
        let (server, version) = (self.server.clone(), self.record.id);
        let rows = rows.into_iter().map(|row| Ok(CandleRow::new(row.row, version)));
        self.staging()?.candles.push(&server, rows).await?;
        Ok(self.written(duplicates))
    }

    async fn write_crypto_markets(
        &mut self,
        mut rows: Vec<SourceRow<CryptoMarket>>,
    ) -> Result<Vec<Duplicate>> {
        self.begin("write the prices of coins", &mut rows)?;
        let duplicates = self.seen.crypto_markets(&mut rows);
        let (server, version) = (self.server.clone(), self.record.id);
        let rows = rows.into_iter().map(|row| Ok(CryptoMarketRow::new(row.row, version)));
        self.staging()?.crypto_markets.push(&server, rows).await?;
        Ok(self.written(duplicates))
    }

    async fn commit(mut self: Box<Self>, rows: RowCounts, ended_at: Timestamp) -> Result<u64> {
        if let Err(mut error) = self.bring_in(rows, ended_at).await
            && !self.was_finished().await
        {
            if self.committing {
                // Whoever starts the next run finishes this one.
                if let Some(held) = self.held.take() {
                    // Whoever took it may have dropped what a step looked for.
                    if matches!(error, Error::Failed { .. })
                        && matches!(held.lock.confirm().await, Err(Error::LockLost))
                    {
                        error = Error::LockLost;
                    }
                    held.lock.release().await;
                }
            } else if let Err(error) = self.fail(rows, ended_at, &error.to_string()).await {
                tracing::warn!(%error, run = self.record.id, "the end of a failed run was not recorded");
            }
            return Err(error);
        }
        if let Some(held) = self.held.take() {
            if let Err(error) = commit::drop_stages(&self.server, |run| run == self.record.id).await {
                tracing::warn!(%error, run = self.record.id, "staged rows of a run stay until the next one");
            }
            held.lock.release().await;
        }
        Ok(self.record.id)
    }

    async fn abandon(mut self: Box<Self>, rows: RowCounts, ended_at: Timestamp, why: &str) -> Result<()> {
        self.fail(rows, ended_at, why).await
    }
}

impl Drop for ClickHouseRunWriter {
    fn drop(&mut self) {
        let Some(mut held) = self.held.take() else { return };
        // Without a runtime the lock ends with its lease, and the next run clears up.
        let Ok(runtime) = Handle::try_current() else { return };
        let (server, run, keep) = (self.server.clone(), self.record.id, self.committing);
        self.turns.clear(runtime.spawn(async move {
            held.staging.stop().await;
            if !keep && let Err(error) = commit::drop_stages(&server, |of| of == run).await {
                tracing::debug!(%error, run, "staged rows of a dropped run stay until the next one");
            }
            held.lock.release().await;
            drop(held.turn);
        }));
    }
}
