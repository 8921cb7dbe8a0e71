//! The one background task: asks a backend that is left alone whether it is back, and sends what it missed. It lives
//! only while there is something to do.

use std::{
    sync::{Arc, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::Notify,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use super::{Remote, breaker::Phase};
use crate::{Event, Health};

/// How much later than planned the task may be before its runtime is taken as stopped.
const OVERDUE: Duration = Duration::from_secs(15);

/// The task, if there is one.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    task: Option<JoinHandle<()>>,
    /// Which task is the one; an earlier one that comes back to life ends.
    turn: u64,
    /// When it wants to work next.
    due: Option<Instant>,
    /// Wakes it when its cache is dropped.
    gone: Arc<Notify>,
}

impl Remote {
    /// Sees to it that the task runs, on this runtime when it does not.
    pub(super) fn keep_up(self: &Arc<Self>) {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let overdue = keeper.due.is_some_and(|due| due + OVERDUE < Instant::now());
        if keeper.task.as_ref().is_some_and(|task| !task.is_finished() && !overdue) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        if keeper.task.is_some() {
            // It was cut off in the middle of something.
            self.breaker.abandon_probe();
            self.with_queue(|queue| queue.abandon());
        }
        keeper.turn += 1;
        keeper.due = Some(Instant::now());
        let work = keep(Arc::downgrade(self), keeper.turn, Arc::clone(&keeper.gone));
        keeper.task = Some(runtime.spawn(work));
    }

    /// Says when there is something to do next; `None` ends the task.
    fn plan(&self, turn: u64) -> Option<Instant> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if keeper.turn != turn {
            return None;
        }
        // Under the lock, so that whoever finds something to do after this finds no task, and starts one.
        let (phase, next_probe) = {
            let state = self.breaker.state();
            (state.phase, state.next_probe)
        };
        keeper.due = match phase {
            Phase::Ended => None,
            Phase::Closed => self.queue().next_due(),
            Phase::Open | Phase::Probing => Some(next_probe),
        };
        if keeper.due.is_none() {
            keeper.task = None;
        }
        keeper.due
    }

    async fn work(self: &Arc<Self>) {
        if self.breaker.begin_probe() {
            let answer = self.run(self.settings.budget, self.backend.ping()).await;
            let good = answer.is_ok() && self.backend.health() != Health::Down;
            // What it missed first: a read must not find what was deleted meanwhile.
            let good = good && self.replay(None).await;
            match self.breaker.end_probe(good) {
                Some(outage) => {
                    (self.on_turned)();
                    self.log.closed(self, outage);
                    self.sink.tell(|| Event::BackendUp { outage });
                }
                None => self.log.summary(self),
            }
        } else if self.breaker.is_closed() {
            self.replay(Some(Instant::now())).await;
        }
    }

    /// Says that the task is at work, and will be for so long.
    pub(super) fn beat(&self, time: Duration) {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        keeper.due = Some(Instant::now() + time);
    }

    /// Ends the task; nothing more is sent.
    pub(super) fn dismiss(&self) {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        keeper.turn += 1;
        if let Some(task) = keeper.task.take() {
            task.abort();
        }
    }
}

async fn keep(remote: Weak<Remote>, turn: u64, gone: Arc<Notify>) {
    loop {
        let Some(due) = remote.upgrade().and_then(|remote| remote.plan(turn)) else { return };
        let _ = timeout_at(due, gone.notified()).await;
        let Some(remote) = remote.upgrade() else { return };
        remote.work().await;
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let keeper = self.keeper.get_mut().unwrap_or_else(PoisonError::into_inner);
        keeper.gone.notify_one();
    }
}
