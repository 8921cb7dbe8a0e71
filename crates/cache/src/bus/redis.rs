mod session;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::{
    runtime::{Builder, Handle},
    sync::mpsc,
};

use super::{Bus, BusEvent};
use crate::{Result, redis::RedisBackend};

const CAPACITY: usize = 1024;

/// A bus over Redis or Valkey: messages by publish and subscribe, and, when asked for, the server's own word on which
/// keys changed.
///
/// A listener has a connection of its own, which is asked every second whether it still stands, and made anew when it
/// does not. Messages sent meanwhile are lost; [`BusEvent::Connected`] says from when on none is. The number of the
/// database is part of the channel, because Redis knows channels of a server only.
#[derive(Clone)]
pub struct RedisBus {
    backend: RedisBackend,
    prefix: Option<String>,
}

impl RedisBus {
    /// Reads an address as [`RedisBackend`] does.
    ///
    /// # Errors
    ///
    /// [`Error::Address`](crate::Error::Address) when it cannot be read.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self::over(RedisBackend::new(url)?))
    }

    /// Publishes on the connections of a backend, and listens where it listens.
    #[must_use]
    pub const fn over(backend: RedisBackend) -> Self {
        Self { backend, prefix: None }
    }

    /// Asks the server to tell which keys that start with `prefix` are written, deleted or expire, whoever does it.
    ///
    /// Every write of this process is told as well, and so is a key of the same name in another database: Redis does
    /// not tell them apart. [`BusEvent::Flushed`] comes for every database that is emptied. Needs Redis 6 and the right to
    /// `CLIENT`; a server that refuses is logged, and messages still arrive.
    #[must_use]
    pub fn with_tracking(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    fn channel(&self, channel: &str) -> String {
        format!("{channel}:db{}", self.backend.setup().database)
    }
}

impl fmt::Debug for RedisBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBus").field("backend", &self.backend).field("prefix", &self.prefix).finish()
    }
}

#[async_trait]
impl Bus for RedisBus {
    fn name(&self) -> &'static str {
        "redis"
    }

    async fn publish(&self, channel: &str, message: Bytes) -> Result<()> {
        self.backend.publish(&self.channel(channel), message).await
    }

    /// Listens on the tokio runtime it is called in, or on a thread of its own when there is none.
    fn subscribe(&self, channel: &str) -> mpsc::Receiver<BusEvent> {
        let (sender, events) = mpsc::channel(CAPACITY);
        let listener = session::Listener {
            setup: self.backend.setup().clone(),
            channel: self.channel(channel),
            prefix: self.prefix.clone(),
            events: sender,
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(listener.listen())),
            Err(_) => {
                // When no thread can be had, the receiver says so by being closed.
                let _ = std::thread::Builder::new().name("cache-bus".to_owned()).spawn(move || {
                    if let Ok(runtime) = Builder::new_current_thread().enable_all().build() {
                        runtime.block_on(listener.listen());
                    }
                });
            }
        }
        events
    }
}
