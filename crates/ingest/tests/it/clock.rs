//! A clock that stands until somebody waits.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use stockpile_ingest::Clock;
use tokio::sync::Notify;

/// Waiting moves it on, and takes no time.
#[derive(Debug)]
pub(crate) struct ManualClock {
    start: Timestamp,
    elapsed: Mutex<Duration>,
    /// Nobody wakes behind it.
    end: Mutex<Option<Duration>>,
    ended: Mutex<Arc<Notify>>,
}

impl ManualClock {
    pub(crate) fn at(start: &str) -> Arc<Self> {
        Arc::new(Self {
            start: start.parse().unwrap(),
            elapsed: Mutex::default(),
            end: Mutex::default(),
            ended: Mutex::default(),
        })
    }

    /// Waits until somebody sleeps beyond a time. The end is set at once: whoever is polled before the answer sleeps by it.
    pub(crate) fn run_until(&self, end: &str) -> impl Future<Output = ()> + use<> {
        let end: Timestamp = end.parse().unwrap();
        *self.end.lock().unwrap() = Some(end.duration_since(self.start).unsigned_abs());
        let ended = Arc::new(Notify::new());
        *self.ended.lock().unwrap() = ended.clone();
        async move { ended.notified().await }
    }

    pub(crate) fn advance(&self, time: Duration) {
        *self.elapsed.lock().unwrap() += time;
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.start + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.elapsed.lock().unwrap()
    }

    async fn sleep(&self, time: Duration) {
        let end = *self.end.lock().unwrap();
        if end.is_some_and(|end| self.elapsed() + time > end) {
            self.ended.lock().unwrap().notify_one();
            std::future::pending::<()>().await;
        }
        self.advance(time);
        // Whoever else waits gets a turn.
        tokio::task::yield_now().await;
    }
}
