//! Sources take turns at the store.

use std::time::{Duration, Instant};

use stockpile_storage::{Error as StoreError, NewRun, RunWriter};

use super::FileIngest;

/// How long a source waits for another that writes, when nothing is said: longer than the lock of a process that was
/// killed holds.
pub const LOCK_WAIT: Duration = Duration::from_secs(90);
/// A wait as long as a table takes is no news.
const TELL: Duration = Duration::from_secs(3);
/// How often it is looked whether the other is done.
const LOOK: Duration = Duration::from_millis(200);

impl FileIngest {
    /// Starts a run. Sources take turns at the store within a process and between them, each for as long as a table takes.
    pub(super) async fn start(&self, run: NewRun) -> Result<Box<dyn RunWriter>, StoreError> {
        let began = Instant::now();
        let mut told = false;
        loop {
            match self.store.ingest.start(run.clone()).await {
                Err(StoreError::Locked { .. }) if began.elapsed() < self.wait => {
                    if !told && began.elapsed() > TELL {
                        told = true;
                        tracing::warn!(
                            "another ingest is writing; waiting for it up to {} s",
                            self.wait.as_secs()
                        );
                    }
                    tokio::time::sleep(LOOK).await;
                }
                started => return started,
            }
        }
    }
}
