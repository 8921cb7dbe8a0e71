//! Sends announcements in their order, off everybody's way.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::{Mutex, mpsc, watch},
    time::Instant,
};

use super::message::{Message, Operation};
use crate::{Bus, engine::Engine};

/// Keys told in one message.
const KEYS: usize = 128;
/// How long the others may not know that they missed our last message.
const BEAT: Duration = Duration::from_secs(5);

pub(super) struct Publisher {
    pub(super) bus: Arc<dyn Bus>,
    pub(super) channel: String,
    pub(super) instance: u64,
    pub(super) waiting: Arc<Mutex<mpsc::Receiver<Operation>>>,
    pub(super) overflowed: Arc<AtomicBool>,
    pub(super) engine: Weak<Engine>,
    pub(super) ended: watch::Receiver<bool>,
}

impl Publisher {
    /// Runs until the cache is gone or shut down, and all is said.
    pub(super) async fn run(mut self) {
        let mut waiting = self.waiting.lock().await;
        let (mut number, mut last_beat) = (0_u64, Instant::now());
        let mut next = None;
        loop {
            let operation = match next.take() {
                Some(operation) => operation,
                None => tokio::select! {
                    next = tokio::time::timeout_at(last_beat + BEAT, waiting.recv()) => match next {
                        Ok(None) => return,
                        Ok(Some(operation)) => operation,
                        Err(_) => Operation::Beat,
                    },
                    Ok(_) = self.ended.wait_for(|ended| *ended), if !waiting.is_closed() => {
                        waiting.close();
                        continue;
                    }
                },
            };
            let operation = gather(operation, &mut waiting, &mut next);
            if matches!(operation, Operation::Beat) {
                last_beat = Instant::now();
            } else {
                number += 1;
            }
            if self.overflowed.swap(false, Relaxed) {
                // A number nobody hears: the others notice that something was lost.
                number += 1;
            }
            let Some(message) = Message::new(self.instance, number, operation).write() else { continue };
            // What cannot be said leaves a gap in the numbers.
            if self.bus.publish(&self.channel, message).await.is_ok()
                && let Some(engine) = self.engine.upgrade()
                && let Some(coherence) = &engine.coherence
            {
                coherence.count_sent();
            }
        }
    }
}

/// Puts the keys of several announcements that wait into one; the first other one is the next to be sent.
fn gather(
    first: Operation,
    waiting: &mut mpsc::Receiver<Operation>,
    next: &mut Option<Operation>,
) -> Operation {
    let Operation::Changed(mut keys) = first else { return first };
    while keys.len() < KEYS {
        match waiting.try_recv() {
            Ok(Operation::Changed(more)) => keys.extend(more),
            Ok(other) => {
                *next = Some(other);
                break;
            }
            Err(_) => break,
        }
    }
    Operation::Changed(keys)
}
