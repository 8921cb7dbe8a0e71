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
use crate::{Duplicate, Result, RowCounts, RunId, RunWriter, SourceRow};

/// Holds the writer's connection and its open transaction.
#[derive(Debug)]
pub(super) struct SqliteRunWriter {
    id: RunId,
    connection: OwnedMutexGuard<Connection>,
    /// Days whose bars must be counted again.
    touched: BTreeSet<(SecurityKind, TradeDate)>,
    open: bool,
    /// The source has adjusted every price.
    adjusted: bool,
}

impl SqliteRunWriter {
    pub(super) fn new(id: RunId, connection: OwnedMutexGuard<Connection>) -> Self {
        Self { id, connection, touched: BTreeSet::new(), open: true, adjusted: false }
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
        let (id, adjusted) = (self.id, self.adjusted);
        self.call("write bars", move |connection| upsert::bars(connection, id, kind, adjusted, rows)).await
    }

    async fn write_factors(&mut self, rows: Vec<SourceRow<AdjFactor>>) -> Result<Vec<Duplicate>> {
        let id = self.id;
        self.call("write adjustment factors", move |connection| upsert::factors(connection, id, rows)).await
    }

    async fn write_securities(&mut self, rows: Vec<SourceRow<Security>>) -> Result<Vec<Duplicate>> {
        let id = self.id;
        self.call("write securities", move |connection| upsert::securities(connection, id, rows)).await
    }

    async fn write_calendar(&mut self, rows: Vec<SourceRow<CalendarDay>>) -> Result<Vec<Duplicate>> {
        let id = self.id;
        self.call("write the calendar", move |connection| upsert::calendar(connection, id, rows)).await
    }

    async fn write_price_limits(&mut self, rows: Vec<SourceRow<PriceLimit>>) -> Result<Vec<Duplicate>> {
        let id = self.id;
        self.call("write price limits", move |connection| upsert::price_limits(connection, id, rows)).await
    }

    async fn write_basics(&mut self, rows: Vec<SourceRow<DailyBasic>>) -> Result<Vec<Duplicate>> {
        let id = self.id;
        self.call("write valuations", move |connection| upsert::basics(connection, id, rows)).await
    }

    async fn write_suspensions(&mut self, rows: Vec<SourceRow<Suspension>>) -> Result<Vec<Duplicate>> {
        let id = self.id;
        self.call("write suspensions", move |connection| upsert::suspensions(connection, id, rows)).await
    }

    async fn write_minute_bars(&mut self, rows: Vec<SourceRow<MinuteBar>>) -> Result<Vec<Duplicate>> {
        let id = self.id;
        self.call("write bars within days", move |connection| upsert::minute_bars(connection, id, rows)).await
    }

    async fn write_candles(&mut self, rows: Vec<SourceRow<Candle>>) -> Result<Vec<Duplicate>> {
        let id = self.id;
        self.call("write candles", move |connection| upsert::candles(connection, id, rows)).await
    }

    async fn write_crypto_markets(&mut self, rows: Vec<SourceRow<CryptoMarket>>) -> Result<Vec<Duplicate>> {
        let id = self.id;
        self.call("write the prices of coins", move |connection| upsert::crypto_markets(connection, id, rows))
            .await
    }

    async fn commit(mut self: Box<Self>, rows: RowCounts, ended_at: Timestamp) -> Result<u64> {
        let (id, touched) = (self.id, std::mem::take(&mut self.touched));
        let revision = self
            .call("commit an ingest run", move |connection| {
                for (kind, day) in touched {
                    connection
                        .prepare_cached(include_str!("sql/count_day.sql"))?
                        .execute(params![kind_number(kind), day.number()])?;
                }
                finish(connection, id, "done", rows, ended_at, None)?;
                let revision = connection.query_row(
                    "UPDATE revision SET revision = revision + 1 RETURNING revision",
                    [],
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
            // The first poll hands the work to the connection's thread; the answer interests nobody.
            let _ = self.connection.call(|connection| roll_back(connection)).now_or_never();
        }
    }
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
