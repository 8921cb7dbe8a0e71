//! The backend behind a guard: every call ends within the budget, and no fault gets past.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;

use crate::{Backend, Error, Health, Result};

/// Failures in a row after which a backend that calls itself up is taken as degraded.
const DEGRADED_AFTER: u32 = 3;

#[derive(Debug)]
pub(crate) struct Remote {
    backend: Arc<dyn Backend>,
    pub(crate) budget: Duration,
    pub(crate) sweep_budget: Duration,
    failures: AtomicU32,
}

impl Remote {
    pub(crate) fn new(backend: Arc<dyn Backend>, budget: Duration, sweep_budget: Duration) -> Self {
        Self { backend, budget, sweep_budget, failures: AtomicU32::new(0) }
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    /// Runs one backend call within the budget.
    pub(crate) async fn call<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.call_within(self.budget, work).await
    }

    pub(crate) async fn call_within<T>(
        &self,
        budget: Duration,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let backend = self.backend.name();
        let answer = match tokio::time::timeout(budget, AssertUnwindSafe(work).catch_unwind()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(panic)) => Err(Error::Refused { backend, source: panic_message(&*panic).into() }),
            Err(_) => Err(Error::TimedOut { backend, after: budget }),
        };
        match &answer {
            Ok(_) => self.failures.store(0, Ordering::Relaxed),
            // The backend is as well as before; it was asked for what it never had.
            Err(Error::Unsupported { .. }) => {}
            Err(_) => {
                // Wraps after four billion failures in a row, which nobody will mind.
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
        answer
    }

    pub(crate) fn health(&self) -> Health {
        let failing = self.failures.load(Ordering::Relaxed) >= DEGRADED_AFTER;
        self.backend.health().max(if failing { Health::Degraded } else { Health::Up })
    }
}

pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
