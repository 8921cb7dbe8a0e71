//! The rows of a run on their way into its staging tables.

use std::sync::Arc;

use ::clickhouse::{RowOwned, RowWrite};
use tokio::task::JoinHandle;

use super::{
    rows::{
        BarRow, BasicRow, CalendarRow, CandleRow, CryptoMarketRow, FactorRow, LimitRow, MinuteBarRow,
        SecurityRow, SuspensionRow,
    },
    server::Server,
    tables::{Stage, Table},
};
use crate::{Error, Result};

/// Rows of one insert. Each makes a part of the table; two of them are in memory.
const BATCH: usize = 100_000;

/// One table's rows: a batch that fills while the one before it is sent.
#[derive(Debug)]
pub(super) struct Staged<T> {
    stage: Stage,
    operation: &'static str,
    created: bool,
    /// Rows handed to inserts.
    handed: u64,
    rows: Vec<T>,
    sending: Option<JoinHandle<Result<()>>>,
}

impl<T: RowOwned + RowWrite + Send + Sync + 'static> Staged<T> {
    fn new(stage: Stage, operation: &'static str) -> Self {
        Self { stage, operation, created: false, handed: 0, rows: Vec::new(), sending: None }
    }

    /// Takes a row for every value; values that cannot be stored end the run.
    pub(super) async fn push(
        &mut self,
        server: &Arc<Server>,
        rows: impl Iterator<Item = Result<T>> + Send,
    ) -> Result<()> {
        for row in rows {
            self.rows.push(row?);
            if self.rows.len() >= BATCH {
                self.send(server).await?;
            }
        }
        Ok(())
    }

    /// Waits until every row is in the staging table.
    async fn flush(&mut self, server: &Arc<Server>) -> Result<()> {
        if !self.rows.is_empty() {
            self.send(server).await?;
        }
        self.sent().await
    }

    async fn send(&mut self, server: &Arc<Server>) -> Result<()> {
        self.sent().await?;
        if !self.created {
            server.execute("stage the rows of a run", server.query(&self.stage.create())).await?;
            self.created = true;
        }
        let rows = std::mem::take(&mut self.rows);
        self.rows.reserve(rows.len().min(BATCH));
        self.handed += rows.len() as u64;
        let (server, operation, table) = (server.clone(), self.operation, self.stage.name());
        // A batch that is sent twice has the same keys and versions, so nobody sees it twice.
        self.sending = Some(tokio::spawn(async move { server.insert(operation, &table, &rows).await }));
        Ok(())
    }

    fn note(&self, written: &mut Vec<(Stage, u64)>) {
        if self.created {
            written.push((self.stage, self.handed));
        }
    }

    async fn sent(&mut self) -> Result<()> {
        let Some(sending) = self.sending.take() else { return Ok(()) };
        match sending.await {
            Ok(sent) => sent,
            Err(error) => Err(Error::Failed { operation: self.operation, source: error.into() }),
        }
    }

    /// Gives up what is on its way.
    async fn stop(&mut self) {
        self.rows = Vec::new();
        if let Some(sending) = self.sending.take() {
            sending.abort();
            // It ended one way or the other.
            let _ = sending.await;
        }
    }
}

/// The staging tables of a run.
#[derive(Debug)]
pub(super) struct Staging {
    pub(super) bars: Staged<BarRow>,
    pub(super) factors: Staged<FactorRow>,
    pub(super) securities: Staged<SecurityRow>,
    pub(super) calendar: Staged<CalendarRow>,
    pub(super) price_limits: Staged<LimitRow>,
    pub(super) basics: Staged<BasicRow>,
    pub(super) suspensions: Staged<SuspensionRow>,
    pub(super) minute_bars: Staged<MinuteBarRow>,
    pub(super) candles: Staged<CandleRow>,
    pub(super) crypto_markets: Staged<CryptoMarketRow>,
}

/// Calls a method of every table, whose rows have different types.
macro_rules! each {
    ($staging:ident, $call:ident($($argument:expr),*) $($then:tt)*) => {
        $staging.bars.$call($($argument),*) $($then)*;
        $staging.factors.$call($($argument),*) $($then)*;
        $staging.securities.$call($($argument),*) $($then)*;
        $staging.calendar.$call($($argument),*) $($then)*;
        $staging.price_limits.$call($($argument),*) $($then)*;
        $staging.basics.$call($($argument),*) $($then)*;
        $staging.suspensions.$call($($argument),*) $($then)*;
        $staging.minute_bars.$call($($argument),*) $($then)*;
        $staging.candles.$call($($argument),*) $($then)*;
        $staging.crypto_markets.$call($($argument),*) $($then)*;
    };
}

impl Staging {
    pub(super) fn new(run: u64) -> Self {
        Self {
            bars: Staged::new(Table::DailyBar.stage(run), "write bars"),
            factors: Staged::new(Table::AdjFactor.stage(run), "write adjustment factors"),
            securities: Staged::new(Table::Security.stage(run), "write securities"),
            calendar: Staged::new(Table::TradeCalendar.stage(run), "write the calendar"),
            price_limits: Staged::new(Table::PriceLimit.stage(run), "write price limits"),
            basics: Staged::new(Table::DailyBasic.stage(run), "write valuations"),
            suspensions: Staged::new(Table::Suspension.stage(run), "write suspensions"),
            minute_bars: Staged::new(Table::MinuteBar.stage(run), "write bars within days"),
            candles: Staged::new(Table::Candle.stage(run), "write candles"),
            crypto_markets: Staged::new(Table::CryptoMarket.stage(run), "write the prices of coins"),
        }
    }

    /// Waits until every row of the run is in its staging tables.
    pub(super) async fn flush(&mut self, server: &Arc<Server>) -> Result<()> {
        each!(self, flush(server).await?);
        Ok(())
    }

    /// The staging tables that were made, and the rows each must hold.
    pub(super) fn written(&self) -> Vec<(Stage, u64)> {
        let mut written = Vec::new();
        each!(self, note(&mut written));
        written
    }

    /// Gives up what is on its way.
    pub(super) async fn stop(&mut self) {
        each!(self, stop().await);
    }
}
