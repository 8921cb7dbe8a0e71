mod memory;
#[cfg(feature = "redis")]
pub(crate) mod redis;

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

pub use self::memory::MemoryBus;
use crate::Result;

/// A way to tell other processes what changed, so that they drop what they keep in process.
///
/// A bus carries bytes, once at most and in order per sender. What was lost is found out by the cache, by numbers in
/// the messages, and by [`BusEvent::Connected`].
#[async_trait]
pub trait Bus: Debug + Send + Sync + 'static {
    /// Returns a short name for logs and metrics.
    fn name(&self) -> &'static str;

    /// Sends a message to everybody who listens on `channel`, this process included.
    async fn publish(&self, channel: &str, message: Bytes) -> Result<()>;

    /// Listens on `channel` until the receiver is dropped; reconnects by itself, for ever. Waits for nothing.
    ///
    /// A listener that cannot keep up gets [`BusEvent::Lost`] for what it missed.
    fn subscribe(&self, channel: &str) -> mpsc::Receiver<BusEvent>;
}

/// What a listener on a [`Bus`] is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BusEvent {
    /// From now on messages arrive; earlier ones may have been missed.
    Connected,
    /// Until the next [`Connected`](Self::Connected) no message arrives.
    Disconnected,
    /// A message somebody sent.
    Message(Bytes),
    /// The store says itself that these keys changed or are gone.
    Changed(Vec<Bytes>),
    /// The store says itself that it was emptied.
    Flushed,
    /// Some messages were dropped.
    Lost,
}
