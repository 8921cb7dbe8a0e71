//! The writing half: batches of rows to one run of the store.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use jiff::Timestamp;
use stockpile_market::{SecurityKind, TradeDate, exchange_date};
use stockpile_storage::{Duplicate, RowCounts, RunId, RunWriter, Store};
use tokio::sync::mpsc;

use super::{
    BarCounts, FileIngest, Ingested,
    batches::Batch,
    kind::FileKind,
    read::Reading,
    report::{Rejection, Report},
    rows::Rows,
    time,
};
use crate::{Advance, Error, Result};

/// Batches read ahead of the store.
const AHEAD: usize = 2;

/// One run being written.
pub(super) struct Writing<'a> {
    ingest: &'a FileIngest,
    path: PathBuf,
    id: RunId,
    run: Box<dyn RunWriter>,
    report: Report,
    read: u64,
    bars: [u64; 3],
    factors: u64,
    days: Option<(TradeDate, TradeDate)>,
    /// Days of stock bars, to look up afterwards which are adjusted.
    stock_days: BTreeSet<TradeDate>,
}

impl<'a> Writing<'a> {
    pub(super) fn new(run: Box<dyn RunWriter>, ingest: &'a FileIngest, path: &Path, source: &str) -> Self {
        let id = run.id();
        Self {
            ingest,
            path: path.to_owned(),
            id,
            run,
            report: Report::new(&ingest.report_folder, source, id.0.get()),
            read: 0,
            bars: [0; 3],
            factors: 0,
            days: None,
            stock_days: BTreeSet::new(),
        }
    }

    /// Takes every batch the reader gives, while it reads on.
    pub(super) async fn take(&mut self, reading: Reading, position: &AtomicU64) -> Result<()> {
        let (sender, mut batches) = mpsc::channel(AHEAD);
        let path = self.path.clone();
        let reader = tokio::task::spawn_blocking(move || reading.run(&sender));
        while let Some(batch) = batches.recv().await {
            self.store(batch).await?;
            let advance = Advance { bytes: position.load(Ordering::Relaxed), rows: self.read };
            self.ingest.progress.advanced(advance);
        }
        reader
            .await
            .unwrap_or_else(|stopped| Err(Error::Read { path, source: std::io::Error::other(stopped) }))?;
        self.some_row_is_usable()
    }

    /// Refuses what has rows, but not one that is good.
    pub(super) fn some_row_is_usable(&self) -> Result<()> {
        match self.report.first() {
            Some((line, reason)) if self.report.count() == self.read => Err(Error::NoUsableRow {
                path: self.path.clone(),
                line: *line,
                reason: reason.clone(),
                report: self.report.path().to_owned(),
            }),
            _ => Ok(()),
        }
    }

    pub(super) async fn store(&mut self, batch: Batch) -> Result<()> {
        self.read += batch.read;
        for rejection in &batch.rejections {
            self.refuse(rejection)?;
        }
        self.see_days(&batch.rows);
        let duplicates = self
            .store_rows(batch.rows)
            .await
            .map_err(|source| Error::Store { path: self.path.clone(), source })?;
        self.refuse_duplicates(duplicates)
    }

    /// Writes rows of every kind and gives those left out.
    async fn store_rows(&mut self, rows: Rows) -> stockpile_storage::Result<Vec<Duplicate>> {
        let run = &mut self.run;
        let mut duplicates = Vec::new();
        for (kind, rows) in SecurityKind::ALL.into_iter().zip(rows.bars) {
            if rows.is_empty() {
                continue;
            }
            let count = rows.len() as u64;
            let left_out = run.write_bars(kind, rows).await?;
            self.bars[kind as usize] += count - left_out.len() as u64;
            duplicates.extend(left_out);
        }
        if !rows.factors.is_empty() {
            let count = rows.factors.len() as u64;
            let left_out = run.write_factors(rows.factors).await?;
            self.factors += count - left_out.len() as u64;
            duplicates.extend(left_out);
        }
        // A file holds rows of one of these alone; writing none costs nothing worth a branch.
        duplicates.extend(run.write_securities(rows.securities).await?);
        duplicates.extend(run.write_calendar(rows.calendar).await?);
        duplicates.extend(run.write_basics(rows.basics).await?);
        duplicates.extend(run.write_price_limits(rows.price_limits).await?);
        duplicates.extend(run.write_suspensions(rows.suspensions).await?);
        duplicates.extend(run.write_minute_bars(rows.minute_bars).await?);
        duplicates.extend(run.write_candles(rows.candles).await?);
        duplicates.extend(run.write_crypto_markets(rows.crypto_markets).await?);
        Ok(duplicates)
    }

    /// A row that gave a bar and a factor is left out twice but refused once.
    fn refuse_duplicates(&mut self, mut duplicates: Vec<Duplicate>) -> Result<()> {
        duplicates.sort_by_key(|duplicate| duplicate.line);
        duplicates.dedup_by_key(|duplicate| duplicate.line);
        for Duplicate { line, key } in duplicates {
            self.refuse(&Rejection {
                line,
                column: "",
                value: key.clone(),
                reason: format!("an earlier line of the file has the same key {key}"),
                row: String::new(),
            })?;
        }
        Ok(())
    }

    fn refuse(&mut self, rejection: &Rejection) -> Result<()> {
        self.report.add(rejection)?;
        match self.report.first() {
            Some((line, reason)) if self.ingest.strict => {
                Err(Error::Strict { path: self.path.clone(), line: *line, reason: reason.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Widens the span of days and remembers those of stock bars.
    fn see_days(&mut self, rows: &Rows) {
        for row in rows.bars.iter().flatten() {
            self.see(row.row.trade_date);
        }
        for row in &rows.bars[SecurityKind::Stock as usize] {
            if self.stock_days.last() != Some(&row.row.trade_date) {
                self.stock_days.insert(row.row.trade_date);
            }
        }
        rows.factors.iter().for_each(|row| self.see(row.row.trade_date));
        rows.basics.iter().for_each(|row| self.see(row.row.trade_date));
        rows.price_limits.iter().for_each(|row| self.see(row.row.trade_date));
        rows.suspensions.iter().for_each(|row| self.see(row.row.trade_date));
        rows.minute_bars.iter().for_each(|row| self.see(exchange_date(row.row.time.as_second())));
        rows.candles.iter().for_each(|row| self.see(time::utc_day(row.row.time)));
        rows.crypto_markets.iter().for_each(|row| self.see(time::utc_day(row.row.last_updated)));
    }

    fn see(&mut self, day: TradeDate) {
        let (first, last) = self.days.get_or_insert((day, day));
        (*first, *last) = ((*first).min(day), (*last).max(day));
    }

    fn counts(&self) -> RowCounts {
        let rejected = self.report.count();
        RowCounts { read: self.read, written: self.read - rejected, rejected }
    }

    /// Makes the rows visible and sums up. Kind, ignored columns and time are the caller's to fill in.
    pub(super) async fn commit(self, ended_at: Timestamp) -> Result<Ingested> {
        let rows = self.counts();
        let store_error = |source| Error::Store { path: self.path.clone(), source };
        // The report is whole before the rows are in: a run never refuses rows it cannot name.
        let report = self.report.close()?;
        let revision = self.run.commit(rows, ended_at).await.map_err(store_error)?;
        let adjusted_days = adjusted_days(&self.ingest.store, &self.stock_days).await.map_err(store_error)?;
        let [stock, etf, index] = self.bars;
        Ok(Ingested {
            run: self.id,
            kind: FileKind::Bars,
            rows,
            bars: BarCounts { stock, etf, index },
            factors: self.factors,
            days: self.days,
            ignored_columns: Vec::new(),
            adjusted_days,
            report,
            revision,
            seconds: 0.0,
        })
    }

    /// Takes the rows back. The caller reports why; a store that cannot even record it is only logged.
    pub(super) async fn abandon(self, ended_at: Timestamp, why: &Error) {
        let rows = self.counts();
        let report = self.report.close();
        if let Err(error) = &report {
            tracing::warn!(%error, "the report of an abandoned run is incomplete");
        }
        if let Err(error) = self.run.abandon(rows, ended_at, &why.to_string()).await {
            tracing::warn!(%error, run = self.id.0, "the end of an abandoned run was not recorded");
        }
    }
}

/// Which of the days have more adjusted bars than a market of its own prices would have.
async fn adjusted_days(
    store: &Store,
    days: &BTreeSet<TradeDate>,
) -> stockpile_storage::Result<Vec<TradeDate>> {
    if days.is_empty() {
        return Ok(Vec::new());
    }
    let counts = store.bars.day_counts(SecurityKind::Stock).await?;
    Ok(counts
        .into_iter()
        .filter(|day| days.contains(&day.trade_date))
        .filter(|day| stockpile_market::is_adjusted_day(day.adjusted, day.rows))
        .map(|day| day.trade_date)
        .collect())
}
