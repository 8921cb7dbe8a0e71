//! A backend of one's own: bytes in a map.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use stockpile_cache::{
    Backend, Capabilities, Health, Lifetime, RawKey, Result, async_trait::async_trait, bytes::Bytes,
};

/// Bytes and their end, by key.
#[derive(Debug, Default)]
pub struct Shelf(Mutex<HashMap<String, (Bytes, Instant)>>);

impl Shelf {
    fn items(&self) -> MutexGuard<'_, HashMap<String, (Bytes, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Backend for Shelf {
    fn name(&self) -> &'static str {
        "shelf"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::keeping()
    }

    fn health(&self) -> Health {
        Health::Up
    }

    async fn get(&self, key: &RawKey) -> Result<Option<Bytes>> {
        let kept = self.items().get(key.as_str()).filter(|(_, end)| Instant::now() < *end).cloned();
        Ok(kept.map(|(bytes, _)| bytes))
    }

    async fn set(&self, key: &RawKey, value: Bytes, lifetime: Lifetime) -> Result<()> {
        let end = Instant::now() + Duration::from_millis(lifetime.as_millis());
        self.items().insert(key.as_str().to_owned(), (value, end));
        Ok(())
    }

    async fn delete(&self, key: &RawKey) -> Result<bool> {
        Ok(self.items().remove(key.as_str()).is_some_and(|(_, end)| Instant::now() < end))
    }
}
