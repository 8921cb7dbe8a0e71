//! Changes: sent at once when the backend is asked at all, and kept for later when they did not arrive.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    Deadline, Failure, Remote,
    fault::Landing,
    queue::{Op, Start},
};
use crate::{
    Deleted, Error, Generation, Invalidation, Lifetime, NotAsked, Pattern, RawKey, Result, ScanLimit, Stored,
};

/// A change the backend has confirmed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Applied<'a> {
    /// A value was stored or removed. Not said of what a load stores at once: only it knows whether it replaced
    /// something.
    Changed(&'a RawKey),
    Swept(&'a Pattern),
    Bumped {
        counter: &'a RawKey,
        how: Invalidation,
        generation: Generation,
        /// It stands for changes that were dropped.
        lost: bool,
    },
}

/// The place of a change among those of its key, and its patience.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    /// From [`Remote::order`].
    pub(crate) order: u64,
    /// Whether all earlier changes of the key have ended.
    pub(crate) settled: bool,
    pub(crate) deadline: Deadline,
}

/// What became of a change.
#[derive(Debug)]
pub(crate) struct Receipt<T> {
    /// What the backend answered, when it did.
    pub(crate) answer: Option<T>,
    /// It will be sent again.
    pub(crate) queued: bool,
    /// Why there is no answer; nothing when its task was lost.
    pub(crate) error: Option<Error>,
}

impl<T> Default for Receipt<T> {
    fn default() -> Self {
        Self { answer: None, queued: false, error: None }
    }
}

impl<T> Receipt<T> {
    fn new(answer: Result<T>, queued: bool) -> Self {
        match answer {
            Ok(answer) => Self { answer: Some(answer), queued, error: None },
            Err(error) => Self { answer: None, queued, error: Some(error) },
        }
    }

    /// How the backend failed, when it was asked.
    pub(crate) fn failure(&self) -> Option<Failure> {
        Failure::of(self.error.as_ref()?)
    }

    /// Whether the backend has the change.
    pub(crate) const fn is_done(&self) -> bool {
        self.answer.is_some() && !self.queued
    }

    /// Says it as a caller is told; `done` is what the change was, when the backend has it.
    pub(crate) const fn stored(&self, done: Stored) -> Stored {
        match (&self.answer, self.queued) {
            (Some(_), _) => done,
            (None, true) => Stored::Queued,
            (None, false) => Stored::Failed,
        }
    }

    /// Of what is known without asking.
    pub(crate) const fn of(answer: T) -> Self {
        Self { answer: Some(answer), queued: false, error: None }
    }

    const fn kept(behind: Error) -> Self {
        Self { answer: None, queued: true, error: Some(behind) }
    }

    /// Of a task that is gone.
    pub(crate) const fn lost(error: Option<Error>) -> Self {
        Self { answer: None, queued: false, error }
    }

    const fn ended(error: Error) -> Self {
        Self { answer: None, queued: false, error: Some(error) }
    }
}

/// A write under way. When its task is lost, nobody knows whether it arrives, and it is sent again.
struct UnderWay<'a> {
    remote: &'a Remote,
    key: &'a RawKey,
    op: Option<Op>,
    turn: Turn,
}

impl UnderWay<'_> {
    fn end(mut self, landing: Landing) -> bool {
        self.finish(landing)
    }

    fn finish(&mut self, landing: Landing) -> bool {
        let Some(op) = self.op.take() else { return false };
        let Turn { order, settled, .. } = self.turn;
        self.remote.with_queue(|queue| queue.finish(self.key, op, order, landing, settled))
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.finish(Landing::Unsure);
    }
}

impl Remote {
    /// Stores a value until `dead_at`, milliseconds of the cache's clock. `fill` says that a load made it.
    pub(crate) async fn set(
        self: &Arc<Self>,
        key: &RawKey,
        bytes: Bytes,
        dead_at: u64,
        fill: bool,
        turn: Turn,
    ) -> Receipt<()> {
        let Some(lifetime) = Lifetime::from_millis(dead_at.saturating_sub(self.clock.now_ms())) else {
            // It is over before it began; what it replaces must go all the same.
            let erased = self.delete(key, turn).await;
            return Receipt { answer: None, queued: erased.queued, error: erased.error };
        };
        let op = Op::Set { bytes: bytes.clone(), dead_at, life: lifetime.as_millis(), fill };
        self.write(key, op, turn, self.backend.set(key, bytes, lifetime)).await
    }

    /// Deletes a key; the answer says whether there was something.
    pub(crate) async fn delete(self: &Arc<Self>, key: &RawKey, turn: Turn) -> Receipt<bool> {
        self.write(key, Op::Delete, turn, self.backend.delete(key)).await
    }

    async fn write<T>(
        self: &Arc<Self>,
        key: &RawKey,
        op: Op,
        turn: Turn,
        work: impl Future<Output = Result<T>>,
    ) -> Receipt<T> {
        if self.breaker.is_ended() {
            return Receipt::ended(self.not_asked(NotAsked::ShutDown));
        }
        let (is_set, is_fill) = (matches!(op, Op::Set { .. }), op.is_fill());
        let start = self.with_queue(|queue| queue.start(key, &op, turn.order, turn.settled));
        if start == Start::Kept {
            self.keep_up();
            return Receipt::kept(self.not_asked(NotAsked::Behind));
        }
        let under_way = UnderWay { remote: self, key, op: Some(op), turn };
        let answer = self.call(turn.deadline, work).await;
        let landing = Landing::of(&answer);
        let kept = under_way.end(landing);
        if kept {
            self.keep_up();
        }
        if answer.is_ok() && !is_fill {
            (self.on_applied)(Applied::Changed(key));
        }
        // A value that was refused will never be there; only what it was to replace goes.
        Receipt::new(answer, kept && !(is_set && landing == Landing::Refused))
    }

    /// Deletes by pattern.
    pub(crate) async fn sweep(
        self: &Arc<Self>,
        pattern: Pattern,
        order: u64,
        deadline: Deadline,
    ) -> Receipt<Deleted> {
        if self.breaker.is_ended() {
            return Receipt::ended(self.not_asked(NotAsked::ShutDown));
        }
        self.with_queue(|queue| {
            queue.supersede(&pattern, order);
            queue.start_many();
        });
        let lost = Lost { remote: self, again: Some(Again::Sweep(pattern.clone(), order)) };
        let answer = self.call(deadline, self.backend.delete_pattern(&pattern, ScanLimit::default())).await;
        let landing = Landing::of(&answer);
        let kept = lost.end(landing, !matches!(answer, Err(Error::Unsupported { .. })));
        if kept {
            self.keep_up();
        }
        if answer.is_ok() {
            (self.on_applied)(Applied::Swept(&pattern));
        }
        Receipt::new(answer, kept)
    }

    /// Raises a generation counter.
    pub(crate) async fn bump(
        self: &Arc<Self>,
        counter: &RawKey,
        how: Invalidation,
        deadline: Deadline,
    ) -> Receipt<Generation> {
        if self.breaker.is_ended() {
            return Receipt::ended(self.not_asked(NotAsked::ShutDown));
        }
        self.with_queue(|queue| queue.start_many());
        let lost = Lost { remote: self, again: Some(Again::Bump(counter.clone(), how)) };
        let answer = self.call(deadline, self.backend.bump_generation(counter, how)).await;
        let kept = lost.end(Landing::of(&answer), true);
        if kept {
            self.keep_up();
        }
        if let Ok(generation) = &answer {
            (self.on_applied)(Applied::Bumped { counter, how, generation: *generation, lost: false });
        }
        Receipt::new(answer, kept)
    }
}

impl Remote {
    /// Raises a counter soon, in the background.
    pub(crate) fn bump_later(self: &Arc<Self>, counter: RawKey, how: Invalidation) {
        if !self.breaker.is_ended() {
            self.with_queue(|queue| queue.push_bump(counter, how, Instant::now()));
            self.keep_up();
        }
    }
}

enum Again {
    Sweep(Pattern, u64),
    Bump(RawKey, Invalidation),
}

/// An invalidation of many keys under way; repeated when its task is lost.
struct Lost<'a> {
    remote: &'a Remote,
    again: Option<Again>,
}

impl Lost<'_> {
    fn end(mut self, landing: Landing, supported: bool) -> bool {
        self.finish(landing, supported)
    }

    fn finish(&mut self, landing: Landing, supported: bool) -> bool {
        let Some(again) = self.again.take() else { return false };
        self.remote.with_queue(|queue| match again {
            Again::Sweep(pattern, order) => queue.finish_sweep(pattern, order, landing, supported),
            Again::Bump(counter, how) => queue.finish_bump(counter, how, landing),
        })
    }
}

impl Drop for Lost<'_> {
    fn drop(&mut self) {
        self.finish(Landing::Unsure, true);
    }
}
