//! The coins of a demo market into a store, as one run.

use jiff::Timestamp;
use stockpile_market::{Candle, CryptoMarket, Interval};
use stockpile_storage::{NewRun, RowCounts, RunWriter, SourceRow, Store};

use super::DemoCoins;
use crate::{Error, Result};

const BATCH_ROWS: usize = 4000;
/// The pair that tells how far the candles in a store go; all are written together.
const PAIR: &str = "BTCUSDT";

impl DemoCoins {
    /// Writes candles up to a time and the prices at it into a store, as one run of kind `demo`: of a store that has them
    /// already, only the hours since. Returns the rows written.
    ///
    /// `now` is recorded as the time of the run.
    ///
    /// # Errors
    ///
    /// [`Error::StoreDemo`] when the store refuses; nothing of these rows is in it then.
    pub async fn write(&self, store: &Store, now: Timestamp) -> Result<u64> {
        let refused = |source| Error::StoreDemo { source };
        let since = newest_hour(store).await.map_err(refused)?;
        let (coins, prices) = (self.clone(), self.at(now));
        let drawing = tokio::task::spawn_blocking(move || coins.candles(since, now));
        let candles = drawing.await.map_err(|source| Error::Demo { source })?;
        let rows = (candles.len() + prices.len()) as u64;
        let run = NewRun { source: "demo coins".into(), kind: "demo".into(), started_at: now };
        let mut run = store.ingest.start(run).await.map_err(refused)?;
        let counts = RowCounts { read: rows, written: rows, rejected: 0 };
        match write(&mut *run, candles, prices).await {
            Ok(()) => run.commit(counts, now).await.map(|_| rows).map_err(refused),
            Err(error) => {
                if let Err(error) = run.abandon(counts, now, &error.to_string()).await {
                    tracing::warn!(%error, "the end of an abandoned run was not recorded");
                }
                Err(refused(error))
            }
        }
    }
}

/// The opening of the newest hour in a store, which may have been unfinished.
async fn newest_hour(store: &Store) -> stockpile_storage::Result<Option<Timestamp>> {
    let Some(hour) = Interval::from_seconds(3600) else { return Ok(None) };
    let newest = store.candles.before(PAIR, hour, Timestamp::MAX, 1).await?;
    Ok(newest.first().map(|candle| candle.time))
}

async fn write(
    run: &mut dyn RunWriter,
    candles: Vec<Candle>,
    prices: Vec<CryptoMarket>,
) -> stockpile_storage::Result<()> {
    let mut rows = (1..).zip(candles).map(|(line, row)| SourceRow { line, row });
    let mut last = 0;
    loop {
        let batch: Vec<_> = rows.by_ref().take(BATCH_ROWS).collect();
        let Some(newest) = batch.last() else { break };
        last = newest.line;
        run.write_candles(batch).await?;
    }
    let prices = (last + 1..).zip(prices).map(|(line, row)| SourceRow { line, row });
    run.write_crypto_markets(prices.collect()).await?;
    Ok(())
}
