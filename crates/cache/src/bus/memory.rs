use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

use super::{Bus, BusEvent};
use crate::{Error, Result};

const CAPACITY: usize = 1024;

/// A bus inside one process: caches that hold clones of it hear each other. For tests, and for several caches over
/// one backend.
#[derive(Clone, Debug, Default)]
pub struct MemoryBus(Arc<Mutex<Hub>>);

#[derive(Debug, Default)]
struct Hub {
    listeners: HashMap<String, Vec<Listener>>,
    cut: bool,
}

#[derive(Debug)]
struct Listener {
    sender: mpsc::Sender<BusEvent>,
    lost: bool,
}

impl Listener {
    /// Passes an event on; false when nobody listens any more. What finds no room is made up for by one `Lost`.
    fn tell(&mut self, event: BusEvent) -> bool {
        if self.lost {
            match self.sender.try_send(BusEvent::Lost) {
                Ok(()) => self.lost = false,
                Err(error) => return matches!(error, mpsc::error::TrySendError::Full(_)),
            }
        }
        match self.sender.try_send(event) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.lost = true;
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}

impl MemoryBus {
    /// Makes a bus nobody listens on yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cuts every connection: messages are refused and lost until [`restore`](Self::restore).
    pub fn cut(&self) {
        let mut hub = self.hub();
        hub.cut = true;
        hub.tell_all(&BusEvent::Disconnected);
    }

    /// Connects everybody again.
    pub fn restore(&self) {
        let mut hub = self.hub();
        hub.cut = false;
        hub.tell_all(&BusEvent::Connected);
    }

    /// Returns how many listen on a channel, as far as the last message told.
    #[must_use]
    pub fn listeners(&self, channel: &str) -> usize {
        self.hub().listeners.get(channel).map_or(0, Vec::len)
    }

    fn hub(&self) -> MutexGuard<'_, Hub> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hub {
    fn tell_all(&mut self, event: &BusEvent) {
        for listeners in self.listeners.values_mut() {
            listeners.retain_mut(|listener| listener.tell(event.clone()));
        }
    }
}

#[async_trait]
impl Bus for MemoryBus {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn publish(&self, channel: &str, message: Bytes) -> Result<()> {
        let mut hub = self.hub();
        if hub.cut {
            return Err(Error::Unreachable { backend: "memory", source: "the bus was cut".into() });
        }
        if let Some(listeners) = hub.listeners.get_mut(channel) {
            listeners.retain_mut(|listener| listener.tell(BusEvent::Message(message.clone())));
        }
        Ok(())
    }

    fn subscribe(&self, channel: &str) -> mpsc::Receiver<BusEvent> {
        let (sender, events) = mpsc::channel(CAPACITY);
        let mut listener = Listener { sender, lost: false };
        let mut hub = self.hub();
        listener.tell(if hub.cut { BusEvent::Disconnected } else { BusEvent::Connected });
        hub.listeners.entry(channel.to_owned()).or_default().push(listener);
        events
    }
}
