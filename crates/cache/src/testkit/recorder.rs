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

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{Cache, Kind};

    const PAGE: Kind<Bytes> = Kind::new("page");

    fn is_invalidation(event: &Event) -> bool {
        matches!(event, Event::Invalidated { .. })
    }

    fn recorded() -> (Cache, Recorder) {
        let (builder, recorder) = Recorder::of(Cache::builder());
        (builder.build().expect("settings that work"), recorder)
    }

    #[tokio::test]
    async fn event_is_found_whether_it_came_before_the_wait_or_comes_during_it() {
        let (cache, mut events) = recorded();
        cache.delete(&PAGE, "k").await;
        let first = events.wait_for(is_invalidation).await;
        assert_eq!(events.events(), [first]);
        assert_eq!(events.take().len(), 1);
        assert_eq!(events.events(), []);
        let later = async {
            tokio::task::yield_now().await;
            cache.clear().await;
        };
        let (event, ()) = tokio::join!(events.wait_for(is_invalidation), later);
        assert_eq!(events.take(), [event]);
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "told only [Invalidated")]
    async fn wait_for_what_never_comes_ends_and_says_what_did() {
        let (cache, mut events) = recorded();
        cache.delete(&PAGE, "k").await;
        events.wait_for(|event| *event == Event::BusGap).await;
    }

    #[tokio::test]
    #[should_panic(expected = "the cache is gone")]
    async fn wait_for_a_cache_that_is_gone_ends() {
        let (cache, mut events) = recorded();
        drop(cache);
        events.wait_for(|_| true).await;
    }
}
