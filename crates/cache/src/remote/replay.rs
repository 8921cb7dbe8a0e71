//! Sends what the backend missed: invalidations of many keys, deletions, values.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{Applied, Remote, breaker::Sign, fault::Landing, queue::Batch};
use crate::{Error, RawKey, Result, ScanLimit};

/// Most keys of one call.
const BATCH: usize = 128;

impl Remote {
    /// Sends what is due by then, or all; false when the backend failed again.
    pub(super) async fn replay(self: &Arc<Self>, by: Option<Instant>) -> bool {
        self.replay_many(by).await && self.replay_keys(by).await
    }

    async fn replay_many(self: &Arc<Self>, by: Option<Instant>) -> bool {
        let bumps = self.queue().due_bumps(by);
        for (counter, how, asked, lost) in bumps {
            let answer = self.send(self.backend.bump_generation(&counter, how)).await;
            self.with_queue(|queue| queue.end_bump(&counter, asked, Landing::of(&answer)));
            if let Ok(generation) = &answer {
                self.tally.replayed(1);
                (self.on_applied)(Applied::Bumped { counter: &counter, how, generation: *generation, lost });
            }
            if is_down(&answer) {
                return false;
            }
        }
        let sweeps = self.queue().due_sweeps(by);
        for (pattern, order) in sweeps {
            let work = self.backend.delete_pattern(&pattern, ScanLimit::default());
            let answer = self.within(self.settings.sweep_budget, work).await;
            let (left, hopeless) = match &answer {
                Ok(deleted) => (!deleted.complete, !deleted.complete && deleted.keys == 0),
                Err(error) => (true, matches!(error, Error::Unsupported { .. })),
            };
            self.with_queue(|queue| queue.end_sweep(&pattern, order, left, hopeless));
            if answer.is_ok() {
                self.tally.replayed(1);
                (self.on_applied)(Applied::Swept(&pattern));
            }
            if is_down(&answer) {
                return false;
            }
        }
        true
    }

    async fn replay_keys(self: &Arc<Self>, by: Option<Instant>) -> bool {
        let due = self.queue().due_keys(by);
        for keys in due.chunks(BATCH) {
            let now = self.clock.now_ms();
            let batch = self.with_queue(|queue| queue.take(keys, now));
            if !self.replay_batch(&batch).await {
                self.with_queue(|queue| {
                    // What was not sent any more has not been sent.
                    batch.deletes.iter().for_each(|key| queue.end_unsent(key));
                    batch.sets.iter().for_each(|(key, ..)| queue.end_unsent(key));
                });
                return false;
            }
        }
        true
    }

    async fn replay_batch(self: &Arc<Self>, batch: &Batch) -> bool {
        if !batch.deletes.is_empty() {
            let answer = self.send(self.backend.delete_many(&batch.deletes)).await;
            let one_by_one = is_refused(&answer);
            for (key, order) in batch.deletes.iter().zip(&batch.delete_orders) {
                let landing = match one_by_one {
                    true => Landing::of(&self.send(self.backend.delete(key)).await),
                    false => Landing::of(&answer),
                };
                self.replayed(key, *order, landing);
            }
            if is_down(&answer) {
                return false;
            }
        }
        if !batch.sets.is_empty() {
            let answer = self.send(self.backend.set_many(&batch.sets)).await;
            let one_by_one = is_refused(&answer);
            for ((key, bytes, lifetime), order) in batch.sets.iter().zip(&batch.set_orders) {
                let landing = match one_by_one {
                    true => Landing::of(&self.send(self.backend.set(key, bytes.clone(), *lifetime)).await),
                    false => Landing::of(&answer),
                };
                self.replayed(key, *order, landing);
            }
            if is_down(&answer) {
                return false;
            }
        }
        true
    }

    fn replayed(&self, key: &RawKey, order: u64, landing: Landing) {
        self.with_queue(|queue| queue.end(key, order, landing));
        if landing == Landing::Landed {
            self.tally.replayed(1);
            (self.on_applied)(Applied::Changed(key));
        }
    }

    async fn send<T>(self: &Arc<Self>, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.within(self.patience, work).await
    }

    /// Makes a call nobody waits for. While the breaker is closed it counts as any other.
    async fn within<T>(self: &Arc<Self>, time: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.beat(time);
        let (permit, opened) = self.breaker.admit(self.backend.health());
        if opened {
            self.opened();
        }
        let answer = self.run(time, work).await;
        if let Some(permit) = permit {
            self.judge(permit, Sign::of(&answer, true));
        }
        answer
    }
}

fn is_down<T>(answer: &Result<T>) -> bool {
    matches!(Landing::of(answer), Landing::Unsure | Landing::NotSent)
}

/// One key that is refused must not hold up the others.
fn is_refused<T>(answer: &Result<T>) -> bool {
    Landing::of(answer) == Landing::Refused
}
