//! The events of a cache, kept for a test to look at.

use std::time::Duration;

use crate::{CacheBuilder, Event, Events};

/// Events that wait to be looked at. A test that makes more should look now and then.
const ROOM: usize = 1 << 16;
/// As long as a busy machine may take for what a test waits for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Keeps the events of a cache in the order they came, and waits for those to come.
#[derive(Debug)]
pub struct Recorder {
    source: Events,
    kept: Vec<Event>,
}

impl Recorder {
    /// Records what the cache will tell that the builder makes.
    pub fn of(builder: CacheBuilder) -> (CacheBuilder, Self) {
        let (builder, source) = builder.events(ROOM);
        (builder, Self { source, kept: Vec::new() })
    }

    /// Returns the first event that is `wanted`, of those since the last [`take`](Self::take) and, until one comes, of
    /// those to come. The events stay where they are.
    ///
    /// # Panics
    ///
    /// When none came for 30 s of tokio's time, and when the cache is gone without one; the message lists what came.
    pub async fn wait_for(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        self.collect();
        if let Some(event) = self.kept.iter().find(|event| wanted(event)) {
            return event.clone();
        }
        let next = async {
            while let Some(event) = self.source.recv().await {
                self.kept.push(event.clone());
                if wanted(&event) {
                    return Some(event);
                }
            }
            None
        };
        match tokio::time::timeout(PATIENCE, next).await {
            Ok(Some(event)) => event,
            Ok(None) => panic!("the cache is gone and told only {:?}", self.kept),
            Err(_) => panic!("for {PATIENCE:?} the cache told only {:?}", self.kept),
        }
    }

    /// Returns the events since the last `take`, without waiting.
    pub fn events(&mut self) -> &[Event] {
        self.collect();
        &self.kept
    }

    /// Takes them out.
    pub fn take(&mut self) -> Vec<Event> {
        self.collect();
        std::mem::take(&mut self.kept)
    }

    fn collect(&mut self) {
        self.kept.extend(std::iter::from_fn(|| self.source.try_recv()));
    }
}
