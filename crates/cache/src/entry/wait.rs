//! How one caller waits for a load it leads or joined: until it ends, or until the caller's patience does.

use tokio::{sync::watch, time::Instant};

use super::{
    Answer, Answered, Arrival, CacheValue, Entry, LoadError, Outcome, Progress, Terms, Via, Waiting, Why,
};
use crate::{l1::Pause, policy::millis, trace};

pub(crate) struct Asked<'a, 'e, V: CacheValue> {
    pub(crate) entry: &'a Entry<'e, V>,
    pub(crate) terms: &'a Terms,
    pub(crate) start: Instant,
    pub(crate) stale: Option<Arrival<V>>,
    pub(crate) waiting: Waiting,
    pub(crate) leads: bool,
}

impl<V: CacheValue> Asked<'_, '_, V> {
    /// Waits; `None` when the load is lost.
    pub(crate) async fn answer<E: Send + Sync + 'static>(
        mut self,
        mut progress: watch::Receiver<Progress<V, E>>,
    ) -> Option<Result<Answered<V>, LoadError<E>>> {
        // A timeout beyond the end of time is none.
        let soft = self.terms.soft_timeout.and_then(|timeout| self.start.checked_add(timeout));
        let hard = self.terms.hard_timeout.and_then(|timeout| self.start.checked_add(timeout));
        loop {
            let done = {
                let progress = progress.borrow_and_update();
                if progress.is_gone {
                    self.stale = None;
                }
                if progress.stale.is_some() {
                    self.stale.clone_from(&progress.stale);
                }
                progress.done.clone()
            };
            if let Some(done) = done {
                return Some(self.landed(done));
            }
            let now = Instant::now();
            let soft = soft.filter(|_| self.stale_is_usable());
            if soft.is_some_and(|soft| soft <= now)
                && let Some(stale) = self.stale.take()
            {
                return Some(Ok(self.entry.give_stale(stale, Why::SoftTimeout)));
            }
            if hard.is_some_and(|hard| hard <= now) {
                let error = LoadError::Timeout(self.terms.hard_timeout.unwrap_or_default());
                self.pause();
                return Some(self.failed(error));
            }
            let changed = match soft.into_iter().chain(hard).min() {
                Some(deadline) => tokio::time::timeout_at(deadline, progress.changed()).await,
                None => Ok(progress.changed().await),
            };
            if matches!(changed, Ok(Err(_))) && progress.borrow().done.is_none() {
                return None;
            }
        }
    }

    fn landed<E>(self, done: Result<Arrival<V>, LoadError<E>>) -> Result<Answered<V>, LoadError<E>> {
        let arrival = match done {
            Ok(arrival) => arrival,
            Err(error) => return self.failed(error),
        };
        let engine = self.entry.engine;
        let counters = engine.counters(self.entry.kind);
        let answer = match arrival.via {
            Via::Tier(tier) => {
                counters.hit(tier);
                trace::hit(self.entry.kind.name(), self.entry.key, tier);
                Answer::Fresh { tier }
            }
            Via::Loader { took, stored } => {
                counters.miss();
                if self.leads { Answer::Loaded { took, stored } } else { Answer::Joined }
            }
        };
        Ok((arrival.value, Outcome::new(answer, arrival.times, engine.clock.now_ms())))
    }

    /// Gives the stale value instead of the error, or what was set meanwhile.
    fn failed<E>(mut self, error: LoadError<E>) -> Result<Answered<V>, LoadError<E>> {
        if self.stale_is_usable()
            && let Some(stale) = self.stale.take()
        {
            return Ok(self.entry.give_stale(stale, error.why()));
        }
        if self.waiting.is_void()
            && let Some(answer) = self.entry.local_answer()
        {
            return Ok(answer);
        }
        self.entry.engine.counters(self.entry.kind).miss();
        Err(error)
    }

    /// Not when the entry was changed since: what was deleted must not come back.
    fn stale_is_usable(&self) -> bool {
        let now = self.entry.engine.clock.now_ms();
        let usable = self.stale.as_ref().is_some_and(|stale| stale.times.is_usable(now, self.terms.stale));
        usable && !self.waiting.is_void()
    }

    /// Spares the next callers the same wait.
    fn pause(&self) {
        let Some(stale) = self.stale.as_ref().filter(|_| self.stale_is_usable()) else { return };
        let engine = self.entry.engine;
        let since = engine.clock.now_ms();
        let until = since.saturating_add(millis(self.terms.throttle));
        let key = self.entry.at().to_owned();
        let pause = Pause { since, until, why: Why::HardTimeout };
        engine.flights.alone(&key, || engine.l1.pause(&key, stale.times, pause));
    }
}
