//! What the backend has yet to be told: per key the last change, and the invalidations of many keys.
//!
//! A write that was not confirmed may land later, even after writes that came after it (a server that was frozen
//! carries out what lies in its buffers). So a key is kept here until its last change was confirmed and confirmed
//! again one timeout later, and what the backend says about a key that is kept here is not believed.

mod direct;
mod replay;

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;

pub(super) use self::{direct::Start, replay::Batch};
use crate::{Invalidation, Pattern, RawKey, bounded::OVERHEAD};

/// Patterns kept at once; more are as good as all.
const MOST_SWEEPS: usize = 64;

/// How much is kept, and for how long something is repeated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) keys: usize,
    pub(crate) bytes: u64,
    /// How long a write without an answer may still land once the backend answers again.
    pub(crate) quiet: Duration,
}

/// What a key should be in the backend.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Set {
        bytes: Bytes,
        /// By the cache's clock.
        dead_at: u64,
        /// How long it may live at most, milliseconds: the clock may be set back.
        life: u64,
        /// Made by a load: nobody waits for it, and nothing is wrong without it.
        fill: bool,
    },
    Delete,
}

#[derive(Debug)]
struct Pending {
    op: Op,
    /// Which change of the cache this is; the larger is the later.
    order: u64,
    due: Instant,
    /// A write of this key may still land.
    unsure: bool,
    /// The backend has confirmed a change since.
    confirmed: bool,
    replaying: bool,
    tries: u32,
}

#[derive(Debug)]
struct PendingSweep {
    pattern: Pattern,
    order: u64,
    due: Instant,
    tries: u32,
}

#[derive(Debug)]
struct PendingBump {
    how: Invalidation,
    /// Grows when it is asked for again.
    asked: u64,
    /// It stands for changes that were dropped.
    lost: bool,
    due: Instant,
    tries: u32,
}

#[derive(Debug)]
pub(super) struct Queue {
    limits: Limits,
    /// The counter every entry of the namespace was made under.
    everything: RawKey,
    keys: HashMap<RawKey, Pending>,
    sweeps: Vec<PendingSweep>,
    bumps: HashMap<RawKey, PendingBump>,
    bytes: u64,
    /// Entries that may be dropped without harm.
    spare: usize,
    /// Keys the backend is being asked to change, and by how many writes at once.
    under_way: HashMap<RawKey, usize>,
    /// Invalidations of many keys it is being asked for.
    many_under_way: usize,
    pub(super) dropped: u64,
    pub(super) overflows: u64,
}

impl Op {
    pub(super) const fn is_fill(&self) -> bool {
        matches!(self, Self::Set { fill: true, .. })
    }
}

impl Pending {
    fn new(op: Op, order: u64, due: Instant) -> Self {
        Self { op, order, due, unsure: false, confirmed: false, replaying: false, tries: 0 }
    }

    fn cost(&self, key: &RawKey) -> u64 {
        let value = if let Op::Set { bytes, .. } = &self.op { bytes.len() } else { 0 };
        OVERHEAD + (key.as_str().len() + value) as u64
    }

    fn is_spare(&self) -> bool {
        self.op.is_fill() && !self.unsure
    }

    /// Takes in whether an earlier write may still be on its way: what was confirmed before says nothing about it.
    const fn unsettle(&mut self, may_land: bool) {
        self.unsure |= may_land;
        self.confirmed &= !may_land;
    }

    /// Takes a later change. What replaces something that must be done is no longer to spare.
    fn replace(&mut self, op: &Op, order: u64) {
        let spare = self.is_spare();
        self.op = op.clone();
        self.order = order;
        if let Op::Set { fill, .. } = &mut self.op {
            *fill &= spare;
        }
    }
}

impl Queue {
    pub(super) fn new(limits: Limits, everything: RawKey) -> Self {
        Self {
            limits,
            everything,
            keys: HashMap::new(),
            sweeps: Vec::new(),
            bumps: HashMap::new(),
            bytes: 0,
            spare: 0,
            under_way: HashMap::new(),
            many_under_way: 0,
            dropped: 0,
            overflows: 0,
        }
    }

    /// Whether what the backend says about `key` is older than what the cache knows.
    pub(super) fn holds(&self, key: &RawKey) -> bool {
        !self.is_empty()
            && (self.forgets_all()
                || self.keys.contains_key(key)
                || self.sweeps.iter().any(|sweep| sweep.pattern.matches(key.as_str())))
    }

    /// Whether everything the backend has is to be invalidated: nothing else needs to be kept.
    fn forgets_all(&self) -> bool {
        self.bumps.get(&self.everything).is_some_and(|bump| bump.how == Invalidation::Remove)
    }

    pub(super) fn has_bump(&self, counter: &RawKey) -> bool {
        self.bumps.contains_key(counter)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.sweeps.is_empty() && self.bumps.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len() + self.sweeps.len() + self.bumps.len()
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What is left to be done before the backend has everything.
    pub(super) fn outstanding(&self) -> usize {
        self.len() + self.under_way.len() + self.many_under_way
    }

    pub(super) fn push_sweep(&mut self, pattern: Pattern, order: u64, due: Instant) {
        if self.forgets_all() {
            return;
        }
        self.supersede(&pattern, order);
        if pattern.is_everything() {
            self.sweeps.clear();
        }
        self.sweeps.retain(|sweep| sweep.pattern != pattern);
        self.sweeps.push(PendingSweep { pattern, order, due, tries: 0 });
        if self.sweeps.len() > MOST_SWEEPS || self.is_full() {
            self.make_room(None);
        }
    }

    pub(super) fn push_bump(&mut self, counter: RawKey, how: Invalidation, due: Instant) {
        let new = PendingBump { how, asked: 0, lost: false, due, tries: 0 };
        let bump = self.bumps.entry(counter).or_insert(new);
        bump.asked += 1;
        if how == Invalidation::Remove {
            bump.how = how;
        }
        if self.is_full() {
            self.make_room(None);
        }
    }

    /// Makes deletions of the older values `pattern` covers: it must not be undone by one of them.
    pub(super) fn supersede(&mut self, pattern: &Pattern, order: u64) {
        let covered = |(key, pending): (&RawKey, &Pending)| {
            let older = pending.order < order && matches!(pending.op, Op::Set { .. });
            (older && pattern.matches(key.as_str())).then(|| key.clone())
        };
        let covered: Vec<_> = self.keys.iter().filter_map(covered).collect();
        for key in covered {
            self.change(&key, |pending| {
                pending.op = Op::Delete;
                pending.order = order;
            });
        }
    }

    /// Adds a key that is not there.
    fn insert(&mut self, key: &RawKey, pending: Pending) {
        if self.forgets_all() {
            return;
        }
        self.bytes += pending.cost(key);
        self.spare += usize::from(pending.is_spare());
        self.keys.insert(key.clone(), pending);
        if self.is_full() {
            self.make_room(Some(key));
        }
    }

    fn remove(&mut self, key: &RawKey) {
        if let Some(pending) = self.keys.remove(key) {
            self.bytes -= pending.cost(key);
            self.spare -= usize::from(pending.is_spare());
        }
    }

    /// Changes a key that is there, and keeps the sums right.
    fn change(&mut self, key: &RawKey, change: impl FnOnce(&mut Pending)) {
        let Some(pending) = self.keys.get_mut(key) else { return };
        self.bytes -= pending.cost(key);
        self.spare -= usize::from(pending.is_spare());
        change(pending);
        self.bytes += pending.cost(key);
        self.spare += usize::from(pending.is_spare());
        if self.is_full() {
            self.make_room(Some(key));
        }
    }

    fn is_full(&self) -> bool {
        self.len() > self.limits.keys || self.bytes > self.limits.bytes || self.sweeps.len() > MOST_SWEEPS
    }

    /// Gives up first what does no harm, then values, and at last everything, for one invalidation of it all.
    fn make_room(&mut self, newest: Option<&RawKey>) {
        if let Some(key) = newest
            && self.keys.get(key).is_some_and(Pending::is_spare)
        {
            self.remove(key);
            self.dropped += 1;
        }
        if self.is_full() && self.spare > 0 {
            self.dropped += self.spare as u64;
            self.spare = 0;
            let bytes = &mut self.bytes;
            self.keys.retain(|key, pending| {
                let stays = !pending.is_spare();
                *bytes -= if stays { 0 } else { pending.cost(key) };
                stays
            });
        }
        if let Some(key) = newest
            && self.is_full()
            && let Some(pending) = self.keys.get_mut(key)
        {
            self.bytes -= pending.cost(key);
            pending.op = Op::Delete;
            self.bytes += pending.cost(key);
        }
        if self.is_full() {
            self.overflow();
        }
    }

    /// Drops all that is kept, for one bump of the namespace's counter.
    pub(super) fn overflow(&mut self) {
        self.keys = HashMap::new();
        self.bumps = HashMap::new();
        self.sweeps.clear();
        (self.bytes, self.spare) = (0, 0);
        self.overflows += 1;
        let bump =
            PendingBump { how: Invalidation::Remove, asked: 0, lost: true, due: Instant::now(), tries: 0 };
        self.bumps.insert(self.everything.clone(), bump);
    }
}

#[cfg(test)]
mod tests;
