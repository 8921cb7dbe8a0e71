//! What is due, handed out for sending and taken back with what came of it.

use bytes::Bytes;
use tokio::time::Instant;

use super::{Invalidation, Op, Pattern, Pending, Queue, RawKey};
use crate::{
    Lifetime,
    remote::{breaker::pause, fault::Landing},
};

/// Times a sweep is tried before its namespace is invalidated instead: each one lists all the backend has.
const SWEEP_TRIES: u32 = 5;

/// Writes sent together. Each with the order it had when it was taken.
#[derive(Debug, Default)]
pub(in crate::remote) struct Batch {
    pub(in crate::remote) deletes: Vec<RawKey>,
    pub(in crate::remote) delete_orders: Vec<u64>,
    pub(in crate::remote) sets: Vec<(RawKey, Bytes, Lifetime)>,
    pub(in crate::remote) set_orders: Vec<u64>,
}

impl Queue {
    /// When the first thing is due that does not wait for another.
    pub(in crate::remote) fn next_due(&self) -> Option<Instant> {
        let keys = self.keys.iter().filter(|(key, _)| !self.waits_for_many(key));
        let keys = keys.map(|(_, pending)| pending.due);
        let sweeps = self.sweeps.iter().map(|sweep| sweep.due);
        keys.chain(sweeps).chain(self.bumps.values().map(|bump| bump.due)).min()
    }

    /// A value must not be sent before what would take it away again.
    fn waits_for_many(&self, key: &RawKey) -> bool {
        self.forgets_all() || self.sweeps.iter().any(|sweep| sweep.pattern.matches(key.as_str()))
    }

    /// `by` is when it has to be due; `None` takes all.
    pub(in crate::remote) fn due_bumps(&self, by: Option<Instant>) -> Vec<(RawKey, Invalidation, u64, bool)> {
        let due = self.bumps.iter().filter(|(_, bump)| by.is_none_or(|by| bump.due <= by));
        due.map(|(counter, bump)| (counter.clone(), bump.how, bump.asked, bump.lost)).collect()
    }

    pub(in crate::remote) fn end_bump(&mut self, counter: &RawKey, asked: u64, landing: Landing) {
        let Some(bump) = self.bumps.get_mut(counter) else { return };
        if landing != Landing::Landed || bump.asked != asked {
            bump.tries += 1;
            bump.due = Instant::now() + pause(bump.tries);
        } else {
            self.bumps.remove(counter);
        }
    }

    pub(in crate::remote) fn due_sweeps(&self, by: Option<Instant>) -> Vec<(Pattern, u64)> {
        let due = self.sweeps.iter().filter(|sweep| by.is_none_or(|by| sweep.due <= by));
        due.map(|sweep| (sweep.pattern.clone(), sweep.order)).collect()
    }

    /// Ends the replay of a sweep: `left` says whether keys may be left, and `hopeless` that trying again is of no use.
    pub(in crate::remote) fn end_sweep(&mut self, pattern: &Pattern, order: u64, left: bool, hopeless: bool) {
        let Some(at) = self.sweeps.iter().position(|sweep| sweep.pattern == *pattern) else { return };
        let sweep = &mut self.sweeps[at];
        if hopeless || left && sweep.tries >= SWEEP_TRIES {
            self.overflow();
        } else if left || sweep.order != order {
            sweep.tries += 1;
            sweep.due = Instant::now() + pause(sweep.tries) * (1 << sweep.tries.min(6));
        } else {
            self.sweeps.remove(at);
        }
    }

    /// Returns the keys that are due, deletions first. Even `None` leaves out those that were confirmed and wait for
    /// what may still land.
    pub(in crate::remote) fn due_keys(&self, by: Option<Instant>) -> Vec<RawKey> {
        let now = Instant::now();
        let is_due = |(key, pending): &(&RawKey, &Pending)| {
            let by = by.unwrap_or(if pending.confirmed { now } else { pending.due });
            pending.due <= by && !pending.replaying && !self.waits_for_many(key)
        };
        let due = self.keys.iter().filter(is_due);
        let mut due: Vec<_> = due.map(|(key, pending)| (matches!(pending.op, Op::Set { .. }), key)).collect();
        due.sort_unstable_by_key(|(is_set, _)| *is_set);
        due.into_iter().map(|(_, key)| key.clone()).collect()
    }

    /// Takes what these keys should be now. A value past its end becomes a deletion, or nothing if a load made it.
    pub(in crate::remote) fn take(&mut self, keys: &[RawKey], now_ms: u64) -> Batch {
        let mut batch = Batch::default();
        for key in keys {
            let Some(pending) = self.keys.get(key) else { continue };
            if let Op::Set { dead_at, .. } = pending.op
                && dead_at <= now_ms
            {
                if pending.is_spare() {
                    self.remove(key);
                    self.dropped += 1;
                    continue;
                }
                self.change(key, |pending| pending.op = Op::Delete);
            }
            let Some(pending) = self.keys.get_mut(key) else { continue };
            pending.replaying = true;
            match &pending.op {
                Op::Set { bytes, dead_at, life, .. } => {
                    let left = dead_at.saturating_sub(now_ms).min(*life);
                    let Some(lifetime) = Lifetime::from_millis(left) else {
                        continue;
                    };
                    batch.sets.push((key.clone(), bytes.clone(), lifetime));
                    batch.set_orders.push(pending.order);
                }
                Op::Delete => {
                    batch.deletes.push(key.clone());
                    batch.delete_orders.push(pending.order);
                }
            }
        }
        batch
    }

    /// Takes in what came of sending a key.
    pub(in crate::remote) fn end(&mut self, key: &RawKey, order: u64, landing: Landing) {
        let (now, quiet, mut done) = (Instant::now(), self.limits.quiet, false);
        let is_alone = !self.under_way.contains_key(key);
        self.change(key, |pending| {
            pending.replaying = false;
            pending.unsettle(!is_alone);
            if landing == Landing::Unsure {
                (pending.unsure, pending.confirmed) = (true, false);
            }
            if landing == Landing::Landed && pending.order == order {
                done = !pending.unsure || pending.confirmed;
                (pending.confirmed, pending.due) = (true, now + quiet);
                return;
            }
            if landing == Landing::Refused && pending.order == order {
                pending.op = Op::Delete;
            }
            // Else there is a later change, which this one may have overtaken: all over again.
            pending.confirmed &= pending.order == order;
            pending.tries = if pending.order == order { pending.tries + 1 } else { 0 };
            pending.due = now + pause(pending.tries);
        });
        if done {
            self.remove(key);
        }
    }

    /// Takes back a key that was not sent after all.
    pub(in crate::remote) fn end_unsent(&mut self, key: &RawKey) {
        self.change(key, |pending| {
            if pending.replaying {
                (pending.replaying, pending.due) = (false, Instant::now());
            }
        });
    }

    /// What was being sent when its task was lost may land at any time.
    pub(in crate::remote) fn abandon(&mut self) {
        let lost = self.keys.iter().filter(|(_, pending)| pending.replaying);
        let lost: Vec<_> = lost.map(|(key, _)| key.clone()).collect();
        for key in lost {
            self.change(&key, |pending| {
                pending.replaying = false;
                (pending.unsure, pending.confirmed, pending.due) = (true, false, Instant::now());
            });
        }
    }
}
