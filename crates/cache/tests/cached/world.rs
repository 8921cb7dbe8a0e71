//! A source that counts how often it is asked, and waits where a test says so.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use stockpile_cache::{Cache, Kind, testkit::ManualClock};
use tokio::sync::Semaphore;

/// Fresh for 10 seconds, usable for 60 more.
pub(crate) const TEXT: Kind<String> =
    Kind::new("text").ttl(Duration::from_secs(10)).stale(Duration::from_secs(60));

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the source is down")]
pub(crate) struct Down;

/// A handle: clones ask the same source.
#[derive(Clone, Default)]
pub(crate) struct Source(Arc<Inner>);

#[derive(Default)]
struct Inner {
    calls: AtomicU64,
    down: Mutex<bool>,
    gate: Mutex<Option<Arc<Semaphore>>>,
    values: Mutex<HashMap<String, String>>,
}

impl Source {
    /// Gives the answer to a question: what was set, else how the question was asked.
    pub(crate) async fn ask(&self, question: &str) -> Result<String, Down> {
        self.0.calls.fetch_add(1, SeqCst);
        let gate = self.0.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        if *self.0.down.lock().unwrap() {
            return Err(Down);
        }
        let set = self.0.values.lock().unwrap().get(question).cloned();
        Ok(set.unwrap_or_else(|| format!("<{question}>")))
    }

    pub(crate) fn set(&self, question: &str, answer: &str) {
        self.0.values.lock().unwrap().insert(question.into(), answer.into());
    }

    pub(crate) fn down(&self, down: bool) {
        *self.0.down.lock().unwrap() = down;
    }

    pub(crate) fn calls(&self) -> u64 {
        self.0.calls.load(SeqCst)
    }

    /// Makes questions wait until permits are added.
    pub(crate) fn shut(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *self.0.gate.lock().unwrap() = Some(Arc::clone(&gate));
        gate
    }
}

pub(crate) fn world() -> (Cache, Source) {
    (Cache::in_memory(), Source::default())
}

pub(crate) fn clocked() -> (Cache, Source, ManualClock) {
    let clock = ManualClock::new();
    (Cache::builder().clock(clock.shared()).build().unwrap(), Source::default(), clock)
}

/// Lets every other task run as far as it can.
pub(crate) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
