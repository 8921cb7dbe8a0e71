use async_trait::async_trait;
use bytes::Bytes;

use super::{Backend, Capabilities, Deleted, Health, Lifetime};
use crate::{Pattern, RawKey, Result, ScanLimit};

/// Keeps nothing: every read is a miss, every write succeeds.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoopBackend;

#[async_trait]
impl Backend for NoopBackend {
    fn name(&self) -> &'static str {
        "noop"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::keeping_nothing().with_patterns()
    }

    async fn get(&self, _key: &RawKey) -> Result<Option<Bytes>> {
        Ok(None)
    }

    async fn set(&self, _key: &RawKey, _value: Bytes, _lifetime: Lifetime) -> Result<()> {
        Ok(())
    }

    async fn delete(&self, _key: &RawKey) -> Result<bool> {
        Ok(false)
    }

    fn health(&self) -> Health {
        Health::Up
    }

    async fn delete_pattern(&self, _pattern: &Pattern, _limit: ScanLimit) -> Result<Deleted> {
        Ok(Deleted::new(0, true))
    }
}
