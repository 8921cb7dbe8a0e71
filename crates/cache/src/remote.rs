//! The backend behind a guard: a request's calls end within its budget, no fault gets past, a backend that fails is
//! left alone until it answers a probe, and what it missed is sent again.

mod breaker;
mod budget;
mod fault;
mod keeper;
mod log;
mod queue;
mod replay;
mod report;
mod tally;
mod writes;

use std::{
    any::Any,
    fmt,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::sync::watch;

use self::{
    breaker::{Breaker, Permit, Sign},
    keeper::Keeper,
    log::Log,
    queue::Queue,
    tally::Tally,
};
pub(crate) use self::{
    budget::Deadline,
    queue::Limits,
    writes::{Applied, Receipt, Turn},
};
pub use self::{
    fault::Failure,
    report::{BreakerState, RemoteHealth},
    tally::BackendStats,
};
use crate::{Backend, Clock, Error, Event, NotAsked, RawKey, Result, event::Sink};

/// Told of every change the backend has confirmed, after it did: at once, or when it was sent again.
///
/// Runs between two backend calls, so it must be quick. The same change may come twice.
pub(crate) type OnApplied = Arc<dyn Fn(Applied<'_>) + Send + Sync>;

/// Told whenever the backend begins to be left alone, or to be asked again.
pub(crate) type OnTurned = Arc<dyn Fn() + Send + Sync>;

/// How long after the backend answers again a write without an answer may still land. A frozen server carries out at
/// once what it was sent; what lies in the buffers of the network may take a little longer.
const QUIET: Duration = Duration::from_secs(1);

/// Settings of the guard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) budget: Duration,
    pub(crate) sweep_budget: Duration,
    /// Failures in a row after which the backend is left alone.
    pub(crate) failures: u32,
    pub(crate) keys: usize,
    pub(crate) bytes: u64,
}

pub(crate) struct Remote {
    backend: Arc<dyn Backend>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    /// How long a call may take that nobody waits for.
    patience: Duration,
    on_applied: OnApplied,
    on_turned: OnTurned,
    sink: Arc<Sink>,
    orders: AtomicU64,
    breaker: Breaker,
    queue: Mutex<Queue>,
    /// What the backend has yet to be told.
    outstanding: watch::Sender<usize>,
    keeper: Mutex<Keeper>,
    tally: Tally,
    log: Log,
}

impl Remote {
    /// `everything` is the counter that invalidates all entries of the namespace.
    pub(crate) fn new(
        backend: Arc<dyn Backend>,
        clock: Arc<dyn Clock>,
        settings: Settings,
        everything: RawKey,
        (on_applied, on_turned): (OnApplied, OnTurned),
        sink: Arc<Sink>,
    ) -> Arc<Self> {
        let patience = settings.budget.saturating_mul(4).clamp(
            Duration::from_millis(200),
            // A backend that answers later than this is down for all that matters.
            Duration::from_secs(10),
        );
        let limits = Limits { keys: settings.keys, bytes: settings.bytes, quiet: QUIET.max(patience) };
        Arc::new(Self {
            backend,
            clock,
            settings,
            patience,
            on_applied,
            on_turned,
            sink,
            orders: AtomicU64::new(0),
            breaker: Breaker::new(settings.failures),
            queue: Mutex::new(Queue::new(limits, everything)),
            outstanding: watch::Sender::new(0),
            keeper: Mutex::default(),
            tally: Tally::default(),
            log: Log::new(),
        })
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    /// Starts the budget of a request.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.settings.budget)
    }

    /// Starts the budget of a deletion by pattern.
    pub(crate) fn sweep_deadline(&self) -> Deadline {
        Deadline::after(self.settings.sweep_budget)
    }

    /// Numbers a change. To be called where changes of the same key follow one another, under the key's lock.
    pub(crate) fn order(&self) -> u64 {
        self.orders.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Says why the backend is not asked at all just now, when it is not.
    pub(crate) fn offer(self: &Arc<Self>) -> Result<()> {
        match self.admit() {
            Some(_) => Ok(()),
            None => Err(self.refused_permit()),
        }
    }

    fn refused_permit(&self) -> Error {
        self.tally.not_asked();
        let ended = self.breaker.is_ended();
        self.not_asked(if ended { NotAsked::ShutDown } else { NotAsked::BreakerOpen })
    }

    /// Whether the backend has failed and does not answer again yet.
    pub(crate) fn is_left_alone(&self) -> bool {
        !self.breaker.is_closed() && !self.breaker.is_ended()
    }

    /// Reads a key; not while the backend has yet to be told of its last change.
    pub(crate) async fn get(self: &Arc<Self>, key: &RawKey, deadline: Deadline) -> Result<Option<Bytes>> {
        if self.holds(key) {
            return Err(self.not_asked(NotAsked::Behind));
        }
        self.call(deadline, self.backend.get(key)).await
    }

    /// As [`get`](Self::get), for many; one answer per key, none for those that are not asked for.
    pub(crate) async fn get_many(
        self: &Arc<Self>,
        keys: &[RawKey],
        deadline: Deadline,
    ) -> Result<Vec<Option<Bytes>>> {
        let held: Vec<bool> = keys.iter().map(|key| self.holds(key)).collect();
        if !held.contains(&true) {
            return self.call(deadline, self.backend.get_many(keys)).await;
        }
        let asked: Vec<_> =
            keys.iter().zip(&held).filter(|(_, held)| !**held).map(|(key, _)| key.clone()).collect();
        let answers = match asked.is_empty() {
            true => Vec::new(),
            false => self.call(deadline, self.backend.get_many(&asked)).await?,
        };
        let mut answers = answers.into_iter();
        Ok(held.iter().map(|held| if *held { None } else { answers.next().flatten() }).collect())
    }

    /// Whether what the backend says about a key or a counter is older than what was changed here.
    pub(crate) fn holds(self: &Arc<Self>, key: &RawKey) -> bool {
        let (holds, empty) = {
            let queue = self.queue();
            (queue.holds(key), queue.is_empty())
        };
        if !empty {
            // The runtime that was to send it may be gone.
            self.keep_up();
        }
        holds
    }

    /// Whether a counter has yet to be raised.
    pub(crate) fn has_bump(&self, counter: &RawKey) -> bool {
        self.queue().has_bump(counter)
    }

    /// Makes one backend call, within what is left of the request's budget.
    pub(crate) async fn call<T>(
        self: &Arc<Self>,
        deadline: Deadline,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let (permit, left) = match (self.admit(), deadline.left()) {
            (Some(permit), Some(left)) => (permit, left),
            (Some(_), None) => {
                self.tally.not_asked();
                return Err(self.not_asked(NotAsked::BudgetSpent));
            }
            (None, _) => return Err(self.refused_permit()),
        };
        let answer = self.run(left, work).await;
        self.judge(permit, Sign::of(&answer, deadline.is_fair(left)));
        answer
    }

    /// Asks whether the backend answers, whatever the breaker says.
    pub(crate) async fn ping(&self) -> Result<()> {
        if self.breaker.is_ended() {
            return Err(self.not_asked(NotAsked::ShutDown));
        }
        self.run(self.settings.budget, self.backend.ping()).await
    }

    /// Says that the backend was not asked.
    pub(crate) fn not_asked(&self, why: NotAsked) -> Error {
        Error::NotAsked { backend: self.backend.name(), why }
    }

    fn admit(self: &Arc<Self>) -> Option<Permit> {
        let (permit, opened) = self.breaker.admit(self.backend.health());
        if opened {
            self.opened();
        } else if permit.is_none() && !self.breaker.is_ended() {
            self.keep_up();
        }
        permit
    }

    fn judge(self: &Arc<Self>, permit: Permit, sign: Sign) {
        if self.breaker.settle(permit, sign) {
            self.opened();
        } else if matches!(sign, Sign::Failing(_)) {
            self.log.summary(self);
        }
    }

    fn opened(self: &Arc<Self>) {
        (self.on_turned)();
        self.log.opened(self);
        self.sink.tell(|| Event::BackendDown { failure: self.breaker.state().last_failure });
        self.keep_up();
    }

    /// Runs backend code: what it throws is caught, what it fails is counted.
    async fn run<T>(&self, within: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
        let backend = self.backend.name();
        let error = match tokio::time::timeout(within, AssertUnwindSafe(work).catch_unwind()).await {
            Ok(Ok(Ok(answer))) => return Ok(answer),
            Ok(Ok(Err(error))) => error,
            Ok(Err(panic)) => Error::Unreachable { backend, source: panic_message(&*panic).into() },
            Err(_) => Error::TimedOut { backend, after: within },
        };
        if let Some(failure) = Failure::of(&error) {
            self.tally.failed(failure);
        }
        Err(error)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // A panic under this lock leaves sums a little off, no more.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the queue, and tells who waits for it to be empty.
    fn with_queue<T>(&self, change: impl FnOnce(&mut Queue) -> T) -> T {
        let mut queue = self.queue();
        let changed = change(&mut queue);
        let outstanding = queue.outstanding();
        self.outstanding.send_if_modified(|before| std::mem::replace(before, outstanding) != outstanding);
        changed
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("backend", &self.backend.name())
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}

pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests;
