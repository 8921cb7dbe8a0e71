//! Writes on their way to the backend, and what becomes of those that do not arrive.

use tokio::time::Instant;

use super::{Invalidation, Op, Pattern, Pending, Queue, RawKey};
use crate::remote::{breaker::pause, fault::Landing};

/// What to do with a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::remote) enum Start {
    /// Send it, then say what came of it.
    Send,
    /// It is kept here, behind what must come first, or a later one is.
    Kept,
}

impl Queue {
    /// Keeps a write without trying.
    pub(in crate::remote) fn keep(&mut self, key: &RawKey, op: Op, order: u64, settled: bool) {
        let now = Instant::now();
        match self.keys.get(key) {
            Some(pending) if pending.order > order => {}
            Some(_) => self.change(key, |pending| {
                pending.replace(&op, order);
                pending.unsettle(!settled);
            }),
            None => self.insert(key, Pending { unsure: !settled, ..Pending::new(op, order, now) }),
        }
    }

    /// Announces a write that is about to be sent.
    pub(in crate::remote) fn start(&mut self, key: &RawKey, op: &Op, order: u64, settled: bool) -> Start {
        let waits = !self.is_empty()
            && (self.forgets_all()
                || self.keys.get(key).is_some_and(|pending| pending.order > order)
                || self.sweeps.iter().any(|sweep| sweep.pattern.matches(key.as_str())));
        if waits {
            self.keep(key, op.clone(), order, settled);
            return Start::Kept;
        }
        // From now on a replay sends this one.
        self.change(key, |pending| pending.replace(op, order));
        *self.under_way.entry(key.clone()).or_default() += 1;
        Start::Send
    }

    /// Takes in what came of a write; true when it will be sent again.
    ///
    /// `settled` is false when an earlier write of the key may still be on its way.
    pub(in crate::remote) fn finish(
        &mut self,
        key: &RawKey,
        op: Op,
        order: u64,
        landing: Landing,
        settled: bool,
    ) -> bool {
        // Two at once: they may arrive in any order.
        let settled = self.leave(key) && settled;
        if !self.keys.contains_key(key) {
            let Some(pending) = self.unfinished(op, order, landing, settled) else { return false };
            self.insert(key, pending);
            return true;
        }
        let (now, quiet, mut done) = (Instant::now(), self.limits.quiet, false);
        self.change(key, |pending| {
            pending.unsettle(!settled);
            if pending.order < order {
                pending.replace(&op, order);
            }
            match landing {
                Landing::Landed if pending.order > order => {}
                Landing::Landed => {
                    done = !pending.unsure && !pending.replaying;
                    if pending.unsure && !pending.confirmed {
                        (pending.confirmed, pending.due) = (true, now + quiet);
                    }
                }
                Landing::Unsure => {
                    (pending.unsure, pending.confirmed, pending.due) = (true, false, now + pause(0));
                }
                Landing::Refused if pending.order == order => {
                    pending.op = Op::Delete;
                    pending.due = now + pause(0);
                }
                Landing::Refused | Landing::NotSent => {}
            }
        });
        if done {
            self.remove(key);
        }
        !done
    }

    /// Ends a write of a key; true when there is no other.
    fn leave(&mut self, key: &RawKey) -> bool {
        let Some(writes) = self.under_way.get_mut(key) else { return true };
        *writes -= 1;
        let last = *writes == 0;
        if last {
            self.under_way.remove(key);
        }
        last
    }

    /// What is to be kept of a write of a key that was not kept before.
    fn unfinished(&self, op: Op, order: u64, landing: Landing, settled: bool) -> Option<Pending> {
        let now = Instant::now();
        let mut pending = Pending { unsure: !settled, ..Pending::new(op, order, now + pause(0)) };
        match landing {
            Landing::Landed if settled => return None,
            Landing::Landed => {
                (pending.confirmed, pending.due) = (true, now + self.limits.quiet);
            }
            Landing::Unsure => pending.unsure = true,
            Landing::NotSent => pending.due = now,
            // The load that made it found nothing it would have to replace.
            Landing::Refused if settled && pending.op.is_fill() => return None,
            // What it was to replace must not be read again.
            Landing::Refused => pending.op = Op::Delete,
        }
        Some(pending)
    }

    pub(in crate::remote) fn start_many(&mut self) {
        self.many_under_way += 1;
    }

    /// Takes in what came of a sweep; true when it will be repeated.
    pub(in crate::remote) fn finish_sweep(
        &mut self,
        pattern: Pattern,
        order: u64,
        landing: Landing,
        supported: bool,
    ) -> bool {
        self.many_under_way -= 1;
        let again = landing != Landing::Landed && supported;
        if again {
            self.push_sweep(pattern, order, Instant::now() + pause(0));
        }
        again
    }

    /// Takes in what came of a bump; true when it will be repeated.
    pub(in crate::remote) fn finish_bump(
        &mut self,
        counter: RawKey,
        how: Invalidation,
        landing: Landing,
    ) -> bool {
        self.many_under_way -= 1;
        if landing != Landing::Landed {
            self.push_bump(counter, how, Instant::now() + pause(0));
            return true;
        }
        // One that was kept may be for what came after this one was carried out: it stays.
        self.bumps.contains_key(&counter)
    }
}
