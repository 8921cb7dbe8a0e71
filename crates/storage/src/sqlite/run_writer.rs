//! One ingest run as one SQLite transaction.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use rusqlite::{named_params, params};
use stockpile_market::{
    AdjFactor, CalendarDay, Candle, CryptoMarket, DailyBar, DailyBasic, MinuteBar, PriceLimit, Security,
    SecurityKind, Suspension, TradeDate,
};
use tokio::sync::OwnedMutexGuard;
use tokio_rusqlite::Connection;

use super::{
    connections::set_writer_cache,
    driver_error::{flatten, refused},
    row::kind_number,
    upsert,
};
use crate::{
    Duplicate, Error, Result, RowCounts, RunId, RunWriter, SourceRow,
    part::Written,
    storable::{self, Storable},
};

const COMMITTING: &str = "commit an ingest run";

/// Holds the writer's connection and its open transaction.
#[derive(Debug)]
pub(super) struct SqliteRunWriter {
    id: RunId,
    connection: OwnedMutexGuard<Connection>,
    /// Days whose bars must be counted again.
    touched: BTreeSet<(SecurityKind, TradeDate)>,
    written: Written,
    open: bool,
    /// A write was refused or was not waited for: some of its rows may be missing.
    broken: bool,
    /// The source has adjusted every price.
    adjusted: bool,
}

impl SqliteRunWriter {
    pub(super) fn new(id: RunId, connection: OwnedMutexGuard<Connection>) -> Self {
        Self {
            id,
            connection,
            touched: BTreeSet::new(),
            written: Written::default(),
            open: true,
            broken: false,
            adjusted: false,
        }
    }

    /// Writes a batch; once one was refused, no other is taken and the run cannot commit.
    async fn write<T: Storable + Send + 'static>(
        &mut self,
        operation: &'static str,
        mut rows: Vec<SourceRow<T>>,
        work: impl FnOnce(&rusqlite::Connection, RunId, Vec<SourceRow<T>>) -> rusqlite::Result<Vec<Duplicate>>
        + Send
        + 'static,
    ) -> Result<Vec<Duplicate>> {
        self.check(operation)?;
        self.broken = true;
        storable::admit(&mut rows)?;
        if !rows.is_empty() {
            self.written.add(T::PART);
        }
        let id = self.id;
        let duplicates = self.call(operation, move |connection| work(connection, id, rows)).await?;
        self.broken = false;
        Ok(duplicates)
    }

    fn check(&self, operation: &'static str) -> Result<()> {
        if self.broken {
            return Err(Error::Failed { operation, source: "an earlier write of the run failed".into() });
        }
        Ok(())
    }

    async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.connection
            .call(move |connection| work(connection).map_err(|error| refused(operation, error)))
            .await
            .map_err(flatten(operation))
    }
}

#[async_trait]
impl RunWriter for SqliteRunWriter {
    fn id(&self) -> RunId {
        self.id
    }

    fn mark_adjusted(&mut self) {
        self.adjusted = true;
    }

    async fn write_bars(
        &mut self,
        kind: SecurityKind,
        rows: Vec<SourceRow<DailyBar>>,
    ) -> Result<Vec<Duplicate>> {
        // Rows come in long stretches of one day or in turns over the days of a year: both are cheap here.
        let mut last = None;
        for row in &rows {
            if last.replace(row.row.trade_date) != Some(row.row.trade_date) {
                self.touched.insert((kind, row.row.trade_date));
            }
        }
        let adjusted = self.adjusted;
        self.write("write bars", rows, move |connection, id, rows| {
            upsert::bars(connection, id, kind, adjusted, rows)
        })
        .await
    }

    async fn write_factors(&mut self, rows: Vec<SourceRow<AdjFactor>>) -> Result<Vec<Duplicate>> {
        self.write("write adjustment factors", rows, upsert::factors).await
    }

    async fn write_securities(&mut self, rows: Vec<SourceRow<Security>>) -> Result<Vec<Duplicate>> {
        self.write("write securities", rows, upsert::securities).await
    }

    async fn write_calendar(&mut self, rows: Vec<SourceRow<CalendarDay>>) -> Result<Vec<Duplicate>> {
        self.write("write the calendar", rows, upsert::calendar).await
    }

    async fn write_price_limits(&mut self, rows: Vec<SourceRow<PriceLimit>>) -> Result<Vec<Duplicate>> {
        self.write("write price limits", rows, upsert::price_limits).await
    }

    async fn write_basics(&mut self, rows: Vec<SourceRow<DailyBasic>>) -> Result<Vec<Duplicate>> {
        self.write("write valuations", rows, upsert::basics).await
    }

    async fn write_suspensions(&mut self, rows: Vec<SourceRow<Suspension>>) -> Result<Vec<Duplicate>> {
        self.write("write suspensions", rows, upsert::suspensions).await
    }

    async fn write_minute_bars(&mut self, rows: Vec<SourceRow<MinuteBar>>) -> Result<Vec<Duplicate>> {
        self.write("write bars within days", rows, upsert::minute_bars).await
    }

    async fn write_candles(&mut self, rows: Vec<SourceRow<Candle>>) -> Result<Vec<Duplicate>> {
        self.write("write candles", rows, upsert::candles).await
    }

    async fn write_crypto_markets(&mut self, rows: Vec<SourceRow<CryptoMarket>>) -> Result<Vec<Duplicate>> {
        self.write("write the prices of coins", rows, upsert::crypto_markets).await
    }

    async fn commit(mut self: Box<Self>, rows: RowCounts, ended_at: Timestamp) -> Result<u64> {
        let (id, written, touched) = (self.id, self.written, std::mem::take(&mut self.touched));
        if let Err(error) = self.check(COMMITTING) {
            self.abandon(rows, ended_at, &error.to_string()).await?;
            return Err(error);
        }
        let revision = self
            .call(COMMITTING, move |connection| {
                for (kind, day) in touched {
                    connection
                        .prepare_cached(include_str!("sql/count_day.sql"))?
                        .execute(params![kind_number(kind), day.number()])?;
                }
                finish(connection, id, "done", rows, ended_at, None)?;
                let revision = connection.query_row(
                    include_str!("sql/raise_revision.sql"),
                    params![!written.market, !written.coins],
                    |row| row.get(0),
                )?;
                connection.execute_batch("COMMIT")?;
                Ok(revision)
            })
            .await;
        self.open = false;
        let revision = match revision {
            Ok(revision) => revision,
            Err(error) => {
                let why = error.to_string();
                let recorded = self.call("record a failed commit", move |connection| {
                    fail(connection, id, rows, ended_at, &why)
                });
                if let Err(error) = recorded.await {
                    tracing::warn!(%error, run = id.0, "the end of a failed run was not recorded");
                }
                return Err(error);
            }
        };
        self.call("give back the space of a run", shrink).await?;
        Ok(revision)
    }

    async fn abandon(mut self: Box<Self>, rows: RowCounts, ended_at: Timestamp, why: &str) -> Result<()> {
        let (id, why) = (self.id, why.to_owned());
        self.open = false;
        self.call("abandon an ingest run", move |connection| fail(connection, id, rows, ended_at, &why)).await
    }
}

impl Drop for SqliteRunWriter {
    fn drop(&mut self) {
        if self.open {
            let_go(&self.connection);
        }
    }
}

/// Takes back what a connection has begun, after all that it was asked before.
pub(super) fn let_go(connection: &Connection) {
    // The first poll hands the work to the connection's thread; the answer interests nobody.
    let _ = connection.call(|connection| roll_back(connection)).now_or_never();
}

/// Takes every row back and records why.
fn fail(
    connection: &mut rusqlite::Connection,
    id: RunId,
    rows: RowCounts,
    ended_at: Timestamp,
    why: &str,
) -> rusqlite::Result<()> {
    roll_back(connection)?;
    let rows = RowCounts { written: 0, ..rows };
    if finish(connection, id, "failed", rows, ended_at, Some(why)).is_err() {
        // On a full disk the log's own space is what the reason needs.
        shrink(connection)?;
        finish(connection, id, "failed", rows, ended_at, Some(why))?;
    }
    shrink(connection)
}

fn finish(
    connection: &rusqlite::Connection,
    id: RunId,
    state: &str,
    rows: RowCounts,
    ended_at: Timestamp,
    error: Option<&str>,
) -> rusqlite::Result<()> {
    connection.execute(
        include_str!("sql/finish_run.sql"),
        named_params! {
            ":id": id.0,
            ":state": state,
            ":ended_at": ended_at.as_millisecond(),
            ":rows_read": rows.read,
            ":rows_written": rows.written,
            ":rows_rejected": rows.rejected,
            ":error": error,
        },
    )?;
    Ok(())
}

/// A full disk makes SQLite roll back by itself; a second time would be an error.
fn roll_back(connection: &rusqlite::Connection) -> rusqlite::Result<()> {
    if connection.is_autocommit() { Ok(()) } else { connection.execute_batch("ROLLBACK") }
}

/// Moves the log into the file and gives its space back, unless a reader is still in it: the next run does it then.
fn shrink(connection: &mut rusqlite::Connection) -> rusqlite::Result<()> {
    set_writer_cache(connection, false)?;
    connection.release_memory()?;
    let timeout: i64 = connection.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?;
    connection.pragma_update(None, "busy_timeout", 0)?;
    let checkpoint = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    connection.pragma_update(None, "busy_timeout", timeout)?;
    checkpoint
}
