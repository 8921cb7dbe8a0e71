//! Ingest runs in ClickHouse.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    ClickHouse, commit, repair,
    run_lock::{self, RunLock},
    run_record::{Revision, RunRecord, run_id},
    run_writer::ClickHouseRunWriter,
};
use crate::{Error, IngestRun, IngestRuns, NewRun, Part, Repaired, Result, RowCounts, RunWriter};

const INTERRUPTED: &str = "interrupted";

#[async_trait]
impl IngestRuns for ClickHouse {
    async fn start(&self, run: NewRun) -> Result<Box<dyn RunWriter>> {
        let turn = self.turn.take().await.ok_or_else(busy)?;
        let lock = RunLock::take(&self.server).await?;
        match self.begin(run, lock.number()).await {
            Ok(record) => Ok(Box::new(ClickHouseRunWriter::new(
                run_id(lock.number())?,
                self.server.clone(),
                self.turn.clone(),
                record,
                lock,
                turn,
            ))),
            Err(error) => {
                lock.release().await;
                Err(error)
            }
        }
    }

    async fn latest(&self, limit: u32) -> Result<Vec<IngestRun>> {
        RunRecord::latest(&self.server, limit).await
    }

    async fn is_writing(&self) -> Result<bool> {
        Ok(self.turn.is_taken().await || run_lock::is_locked(&self.server).await?)
    }

    async fn repair(&self, now: Timestamp) -> Result<Repaired> {
        let _turn = self.turn.take().await.ok_or_else(busy)?;
        let lock = RunLock::take(&self.server).await?;
        let repaired = repair::repair(&self.server, lock.number(), now).await;
        lock.release().await;
        repaired
    }

    async fn revision(&self) -> Result<u64> {
        Ok(Revision::current(&self.server).await?.revision)
    }

    async fn fingerprint(&self, part: Part) -> Result<u64> {
        Ok(Revision::current(&self.server).await?.fingerprint_of(part))
    }
}

impl ClickHouse {
    /// Ends what the runs before left open, then records a new run.
    async fn begin(&self, run: NewRun, number: u64) -> Result<RunRecord> {
        let interrupted = |open: RunRecord| open.failed(RowCounts::default(), None, INTERRUPTED);
        commit::end_open_runs(&self.server, number, interrupted).await?;
        let record = RunRecord::running(number, run);
        record.write(&self.server).await?;
        Ok(record)
    }
}

fn busy() -> Error {
    Error::Locked { source: "a run of this process".into() }
}
