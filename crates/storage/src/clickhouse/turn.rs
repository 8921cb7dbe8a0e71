//! Whose turn it is to write within this process.

use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    task::JoinHandle,
};

/// One writer at a time; a run that was dropped is cleared up before the next takes its turn.
#[derive(Debug, Default)]
pub(super) struct Turn {
    taken: Arc<Mutex<()>>,
    clearing: StdMutex<Option<JoinHandle<()>>>,
}

impl Turn {
    /// The turn, or nothing while another run writes.
    pub(super) async fn take(&self) -> Option<OwnedMutexGuard<()>> {
        self.wait_for_clearing().await;
        self.taken.clone().try_lock_owned().ok()
    }

    pub(super) async fn is_taken(&self) -> bool {
        self.wait_for_clearing().await;
        self.taken.try_lock().is_err()
    }

    /// The work that clears up after a dropped run and ends its turn.
    pub(super) fn clear(&self, work: JoinHandle<()>) {
        *self.clearing.lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
    }

    async fn wait_for_clearing(&self) {
        let work = self.clearing.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(work) = work {
            // One that panicked has given its turn back too.
            let _ = work.await;
        }
    }
}
