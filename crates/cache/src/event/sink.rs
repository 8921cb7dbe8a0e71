use std::{
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use tokio::sync::mpsc::{self, error::TrySendError};

use super::Event;

/// Events that wait for a handler. More are dropped.
const WAITING: usize = 1024;

/// The events of a cache, for one reader. Made by [`CacheBuilder::events`](crate::CacheBuilder::events).
#[derive(Debug)]
pub struct Events(mpsc::Receiver<Event>);

impl Events {
    /// Waits for the next event; `None` once the cache is gone and all are read.
    pub async fn recv(&mut self) -> Option<Event> {
        self.0.recv().await
    }

    /// Takes the next event if there is one.
    pub fn try_recv(&mut self) -> Option<Event> {
        self.0.try_recv().ok()
    }
}

/// What became of the events of a cache since it was built. Each reader and each handler counts by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventStats {
    /// Events put where a reader or handler finds them.
    pub given: u64,
    /// Events nobody was told of, because too many waited already.
    pub dropped: u64,
    /// How often a handler panicked.
    pub handler_panics: u64,
}

#[derive(Debug, Default)]
struct Counts {
    given: AtomicU64,
    dropped: AtomicU64,
    handler_panics: AtomicU64,
}

/// Where events go; a call of the cache never waits for it.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    readers: Vec<mpsc::Sender<Event>>,
    counts: Arc<Counts>,
}

impl Sink {
    /// Adds a reader. Without room there is nothing to read.
    pub(crate) fn reader(&mut self, capacity: usize) -> Events {
        let (sender, events) = mpsc::channel(capacity.clamp(1, tokio::sync::Semaphore::MAX_PERMITS));
        self.readers.push(sender);
        Events(events)
    }

    /// Runs `handler` in a thread of its own, which ends with the cache.
    pub(crate) fn start(&mut self, handler: Handler) -> io::Result<()> {
        let (Events(mut events), counts) = (self.reader(WAITING), Arc::clone(&self.counts));
        let Handler(mut handler) = handler;
        let run = move || {
            while let Some(event) = events.blocking_recv() {
                if catch_unwind(AssertUnwindSafe(|| handler(event))).is_err() {
                    counts.handler_panics.fetch_add(1, Relaxed);
                }
            }
        };
        std::thread::Builder::new().name("cache-events".to_owned()).spawn(run).map(drop)
    }

    /// Tells an event, which is made only when there is somebody to tell.
    #[inline]
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if !self.readers.is_empty() {
            self.give(&event());
        }
    }

    fn give(&self, event: &Event) {
        for reader in &self.readers {
            match reader.try_send(event.clone()) {
                Ok(()) => self.counts.given.fetch_add(1, Relaxed),
                Err(TrySendError::Full(_)) => self.counts.dropped.fetch_add(1, Relaxed),
                // Whoever went away misses nothing.
                Err(TrySendError::Closed(_)) => 0,
            };
        }
    }

    pub(crate) fn stats(&self) -> EventStats {
        EventStats {
            given: self.counts.given.load(Relaxed),
            dropped: self.counts.dropped.load(Relaxed),
            handler_panics: self.counts.handler_panics.load(Relaxed),
        }
    }
}

/// What is called for each event.
pub(crate) struct Handler(pub(crate) Box<dyn FnMut(Event) + Send>);

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handler")
    }
}
