//! One ingest run as one transaction.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashSet},
    pin::pin,
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use deadpool_postgres::ClientWrapper;
use futures_util::SinkExt as _;
use jiff::{Timestamp, civil::Date};
use stockpile_market::{
    AdjFactor, CalendarDay, Candle, CryptoMarket, DailyBar, DailyBasic, MinuteBar, PriceLimit, Security,
    SecurityKind, Suspension, TradeDate,
};
use tokio_postgres::types::ToSql;

use super::{
    copy_rows::CopyRows,
    row::{kind_number, large_count, whole_milliseconds},
    server::Server,
    staging::{self, Staging},
    turn::Turn,
};
use crate::{
    Duplicate, Error, Result, RowCounts, RunId, RunWriter, SourceRow,
    part::Written,
    seen_keys::SeenKeys,
    storable::{self, Storable},
};

/// How much goes to the server at a time.
const PIECE: usize = 256 << 10;
const COMMITTING: &str = "commit an ingest run";

/// Holds the connection of the run, with its lock and its open transaction.
#[derive(Debug)]
pub(super) struct PostgresRunWriter {
    id: RunId,
    server: Arc<Server>,
    turn: Turn,
    seen: SeenKeys,
    /// Tables whose temporary ones were made.
    staged: HashSet<&'static str>,
    /// Days whose bars must be counted again.
    touched: BTreeSet<(SecurityKind, TradeDate)>,
    written: Written,
    /// A write was refused or was not waited for: some of its rows may be missing.
    broken: bool,
    /// The source has adjusted every price.
    adjusted: bool,
}

impl PostgresRunWriter {
    pub(super) fn new(id: RunId, server: Arc<Server>, turn: Turn) -> Self {
        Self {
            id,
            server,
            turn,
            seen: SeenKeys::default(),
            staged: HashSet::new(),
            touched: BTreeSet::new(),
            written: Written::default(),
            broken: false,
            adjusted: false,
        }
    }

    /// Writes rows and gives back those whose key the run has met before.
    ///
    /// They go in the order of their key, so that neighbours share pages.
    async fn write<T: Storable + Sync>(
        &mut self,
        operation: &'static str,
        staging: &'static Staging,
        mut rows: Vec<SourceRow<T>>,
        take_met: impl FnOnce(&mut SeenKeys, &mut Vec<SourceRow<T>>) -> Vec<Duplicate> + Send,
        order: impl Fn(&T, &T) -> Ordering + Send,
        encode: impl Fn(&mut CopyRows, &T) + Send,
    ) -> Result<Vec<Duplicate>> {
        if self.broken {
            return Err(lost(operation));
        }
        // Left standing when something fails below, or when this future is dropped on the way.
        self.broken = true;
        storable::admit(&mut rows)?;
        if !rows.is_empty() {
            self.written.add(T::PART);
        }
        let duplicates = take_met(&mut self.seen, &mut rows);
        rows.sort_by(|a, b| order(&a.row, &b.row));
        let (server, run) = (self.server.clone(), self.id.0.get());
        let is_new = self.staged.insert(staging.table);
        let client: &ClientWrapper = self.turn.client()?;
        let merged = server.in_time(operation, merge(client, staging, is_new, run, &rows, encode)).await;
        self.turn.hang_up_after(&merged);
        merged?;
        self.broken = false;
        Ok(duplicates)
    }

    /// Ends the transaction with everything that shows together.
    async fn finish_commit(&mut self, rows: RowCounts, ended_at: Timestamp) -> Result<u64> {
        if self.broken {
            return Err(lost(COMMITTING));
        }
        let (kinds, days): (Vec<i16>, Vec<Date>) =
            self.touched.iter().map(|(kind, day)| (kind_number(*kind), day.civil())).unzip();
        let (server, id, Written { market, coins }) = (self.server.clone(), self.id, self.written);
        let client: &ClientWrapper = self.turn.client()?;
        let work = async {
            if !days.is_empty() {
                client.execute(include_str!("sql/count_days.sql"), &[&kinds, &days]).await?;
            }
            finish(client, id, "done", rows, ended_at, None).await?;
            let row = client.query_one(include_str!("sql/raise_revision.sql"), &[&market, &coins]).await?;
            client.batch_execute("COMMIT").await?;
            Ok(row)
        };
        let row = server.in_time(COMMITTING, work).await;
        self.turn.hang_up_after(&row);
        large_count(&row?, 0)
    }

    /// Finds out on a new connection what became of a commit whose answer was lost; the run's own row came with it.
    async fn is_committed(&self) -> Result<Option<u64>> {
        let sql = "SELECT (SELECT revision FROM revision) FROM ingest_run WHERE id = $1 AND state = 'done'";
        let found = self.server.read(COMMITTING, sql, &[&self.id.0.get()], |row| large_count(row, 0)).await?;
        Ok(found.first().copied())
    }

    /// Takes every row back and records why.
    async fn fail(&mut self, rows: RowCounts, ended_at: Timestamp, why: &str) -> Result<()> {
        // The text may quote a file, and a NUL is no text here.
        let why = why.replace('\0', "\u{fffd}");
        let rows = RowCounts { written: 0, ..rows };
        let (server, id) = (self.server.clone(), self.id);
        let client: &ClientWrapper = self.turn.client()?;
        let work = async {
            client.batch_execute("ROLLBACK").await?;
            finish(client, id, "failed", rows, ended_at, Some(&why)).await
        };
        let recorded = server.in_time("abandon an ingest run", work).await;
        self.turn.hang_up_after(&recorded);
        recorded
    }
}

/// Sends rows to the run's temporary table and moves them on, in the open transaction.
async fn merge<T>(
    client: &ClientWrapper,
    staging: &Staging,
    is_new: bool,
    run: i64,
    rows: &[SourceRow<T>],
    encode: impl Fn(&mut CopyRows, &T),
) -> Result<(), tokio_postgres::Error> {
    let table = staging.table;
    if is_new {
        client.batch_execute(staging.stage).await?;
    } else {
        client.batch_execute(&format!("TRUNCATE staged_{table}")).await?;
    }
    let copy = format!("COPY staged_{table} FROM STDIN (FORMAT binary)");
    let mut sink = pin!(client.copy_in::<_, Bytes>(copy.as_str()).await?);
    let mut encoded = CopyRows::new(staging.columns);
    for SourceRow { row, .. } in rows {
        encoded.start_row();
        encode(&mut encoded, row);
        if encoded.len() >= PIECE {
            sink.send(encoded.take()).await?;
        }
    }
    encoded.end();
    sink.send(encoded.take()).await?;
    sink.finish().await?;
    let statement = client.prepare_cached(staging.merge).await?;
    client.execute(&statement, &[&run]).await?;
    Ok(())
}

async fn finish(
    client: &ClientWrapper,
    id: RunId,
    state: &str,
    rows: RowCounts,
    ended_at: Timestamp,
    error: Option<&str>,
) -> Result<(), tokio_postgres::Error> {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let params: [&(dyn ToSql + Sync); 7] = [
        &id.0.get(),
        &state,
        &whole_milliseconds(ended_at),
        &count(rows.read),
        &count(rows.written),
        &count(rows.rejected),
        &error,
    ];
    client.execute(include_str!("sql/finish_run.sql"), &params).await?;
    Ok(())
}

fn by_key<T, K: Ord>(key: impl Fn(&T) -> K) -> impl Fn(&T, &T) -> Ordering {
    move |a, b| key(a).cmp(&key(b))
}

fn lost(operation: &'static str) -> Error {
    Error::Failed { operation, source: "an earlier write of the run failed".into() }
}

#[async_trait]
impl RunWriter for PostgresRunWriter {
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
        for SourceRow { row, .. } in &rows {
            if last.replace(row.trade_date) != Some(row.trade_date) {
                self.touched.insert((kind, row.trade_date));
            }
        }
        let adjusted = self.adjusted;
        self.write(
            "write bars",
            &staging::BARS,
            rows,
            move |seen, rows| seen.bars(kind, rows),
            by_key(|bar: &DailyBar| (bar.trade_date, bar.ts_code)),
            move |encoded, bar| staging::bar(encoded, kind, adjusted, bar),
        )
        .await
    }

    async fn write_factors(&mut self, rows: Vec<SourceRow<AdjFactor>>) -> Result<Vec<Duplicate>> {
        let order = by_key(|factor: &AdjFactor| (factor.ts_code, factor.trade_date));
        self.write(
            "write adjustment factors",
            &staging::FACTORS,
            rows,
            SeenKeys::factors,
            order,
            staging::factor,
        )
        .await
    }

    async fn write_securities(&mut self, rows: Vec<SourceRow<Security>>) -> Result<Vec<Duplicate>> {
        let order = by_key(|security: &Security| security.ts_code);
        self.write(
            "write securities",
            &staging::SECURITIES,
            rows,
            SeenKeys::securities,
            order,
            staging::security,
        )
        .await
    }

    async fn write_calendar(&mut self, rows: Vec<SourceRow<CalendarDay>>) -> Result<Vec<Duplicate>> {
        let order = by_key(|day: &CalendarDay| (day.exchange, day.cal_date));
        self.write(
            "write the calendar",
            &staging::CALENDAR,
            rows,
            SeenKeys::calendar,
            order,
            staging::calendar_day,
        )
        .await
    }

    async fn write_price_limits(&mut self, rows: Vec<SourceRow<PriceLimit>>) -> Result<Vec<Duplicate>> {
        let order = by_key(|limit: &PriceLimit| (limit.trade_date, limit.ts_code));
        self.write(
            "write price limits",
            &staging::PRICE_LIMITS,
            rows,
            SeenKeys::price_limits,
            order,
            staging::price_limit,
        )
        .await
    }

    async fn write_basics(&mut self, rows: Vec<SourceRow<DailyBasic>>) -> Result<Vec<Duplicate>> {
        let order = by_key(|basic: &DailyBasic| (basic.trade_date, basic.ts_code));
        self.write("write valuations", &staging::BASICS, rows, SeenKeys::basics, order, staging::basic).await
    }

    async fn write_suspensions(&mut self, rows: Vec<SourceRow<Suspension>>) -> Result<Vec<Duplicate>> {
        let order = by_key(|row: &Suspension| (row.trade_date, row.ts_code));
        self.write(
            "write suspensions",
            &staging::SUSPENSIONS,
            rows,
            SeenKeys::suspensions,
            order,
            staging::suspension,
        )
        .await
    }

    async fn write_minute_bars(&mut self, rows: Vec<SourceRow<MinuteBar>>) -> Result<Vec<Duplicate>> {
        let order = by_key(|bar: &MinuteBar| (bar.ts_code, bar.freq, bar.time));
        self.write(
            "write bars within days",
            &staging::MINUTE_BARS,
            rows,
            SeenKeys::minute_bars,
            order,
            staging::minute_bar,
        )
        .await
    }

    async fn write_candles(&mut self, rows: Vec<SourceRow<Candle>>) -> Result<Vec<Duplicate>> {
        let order =
            |a: &Candle, b: &Candle| (&a.symbol, a.interval, a.time).cmp(&(&b.symbol, b.interval, b.time));
        self.write("write candles", &staging::CANDLES, rows, SeenKeys::candles, order, staging::candle).await
    }

    async fn write_crypto_markets(&mut self, rows: Vec<SourceRow<CryptoMarket>>) -> Result<Vec<Duplicate>> {
        let order =
            |a: &CryptoMarket, b: &CryptoMarket| (&a.id, a.last_updated).cmp(&(&b.id, b.last_updated));
        self.write(
            "write the prices of coins",
            &staging::CRYPTO_MARKETS,
            rows,
            SeenKeys::crypto_markets,
            order,
            staging::crypto_market,
        )
        .await
    }

    async fn commit(mut self: Box<Self>, rows: RowCounts, ended_at: Timestamp) -> Result<u64> {
        let committed = match self.finish_commit(rows, ended_at).await {
            // The server may have committed all the same; where it cannot be asked, a second ingest of the rows is safe.
            Err(error @ Error::Unreachable { .. }) => self.is_committed().await.ok().flatten().ok_or(error),
            other => other,
        };
        if let Err(error) = &committed
            && let Err(error) = self.fail(rows, ended_at, &error.to_string()).await
        {
            tracing::warn!(%error, run = self.id.0, "the end of a failed run was not recorded");
        }
        self.turn.end().await;
        committed
    }

    async fn abandon(mut self: Box<Self>, rows: RowCounts, ended_at: Timestamp, why: &str) -> Result<()> {
        let recorded = self.fail(rows, ended_at, why).await;
        self.turn.end().await;
        recorded
    }
}
