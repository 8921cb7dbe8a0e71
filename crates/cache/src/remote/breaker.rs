//! Whether the backend is asked at all. One lock around plain data: no state between two atomics to get wrong.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::fault::Failure;
use crate::{Health, Refusal, Result};

const FIRST_PROBE: Duration = Duration::from_millis(100);
const LAST_PROBE: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct Breaker {
    /// Failures in a row that open it.
    after: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) since: Instant,
    /// Grows with every change of phase, so that a call begun before one does not count after it.
    epoch: u64,
    failures: u32,
    probes: u32,
    pub(super) next_probe: Instant,
    pub(super) last_failure: Option<Failure>,
    pub(super) times_opened: u64,
    pub(super) last_outage: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Closed,
    Open,
    /// Open, and a probe or what follows a good one is under way.
    Probing,
    /// The cache was shut down.
    Ended,
}

/// The right to make one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Permit(u64);

/// What a call tells about the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Alive,
    Failing(Failure),
    Nothing,
}

impl Sign {
    /// A backend that refuses is alive: refusing one key, or every write while it is full or read-only, must not
    /// keep it from answering reads. One that is busy refuses those as well.
    pub(super) const fn of<T>(answer: &Result<T>, fair: bool) -> Self {
        let Err(error) = answer else { return Self::Alive };
        match Failure::of(error) {
            Some(Failure::Refused) if matches!(error.refusal(), Some(Refusal::Busy)) => {
                Self::Failing(Failure::Refused)
            }
            Some(Failure::Refused) => Self::Alive,
            None => Self::Nothing,
            Some(Failure::TimedOut) if !fair => Self::Nothing,
            Some(failure) => Self::Failing(failure),
        }
    }
}

impl Breaker {
    pub(super) fn new(after: u32) -> Self {
        let now = Instant::now();
        let state = State {
            phase: Phase::Closed,
            since: now,
            epoch: 0,
            failures: 0,
            probes: 0,
            next_probe: now,
            last_failure: None,
            times_opened: 0,
            last_outage: None,
        };
        Self { after, state: Mutex::new(state) }
    }

    /// Lets a call through, or not; true when this call found the backend down by its own word and opened it.
    pub(super) fn admit(&self, health: Health) -> (Option<Permit>, bool) {
        let mut state = self.state();
        let opens = state.phase == Phase::Closed && health == Health::Down;
        if opens {
            state.last_failure = Some(Failure::Unreachable);
            state.open();
        }
        ((state.phase == Phase::Closed).then_some(Permit(state.epoch)), opens)
    }

    /// Takes in what came of a call; true when that opened it.
    pub(super) fn settle(&self, permit: Permit, sign: Sign) -> bool {
        let mut state = self.state();
        if let Sign::Failing(failure) = sign {
            state.last_failure = Some(failure);
        }
        if permit.0 != state.epoch || state.phase != Phase::Closed {
            return false;
        }
        match sign {
            Sign::Alive => state.failures = 0,
            Sign::Failing(_) => state.failures = state.failures.saturating_add(1),
            Sign::Nothing => {}
        }
        let opens = state.failures >= self.after;
        if opens {
            state.open();
        }
        opens
    }

    /// Begins a probe when one is due.
    pub(super) fn begin_probe(&self) -> bool {
        let mut state = self.state();
        let due = state.phase == Phase::Open && state.next_probe <= Instant::now();
        if due {
            state.phase = Phase::Probing;
        }
        due
    }

    /// Ends a probe; gives the length of the outage when it is over.
    pub(super) fn end_probe(&self, good: bool) -> Option<Duration> {
        let mut state = self.state();
        if state.phase != Phase::Probing {
            return None;
        }
        if !good {
            state.phase = Phase::Open;
            state.probes = state.probes.saturating_add(1);
            state.next_probe = Instant::now() + pause(state.probes);
            return None;
        }
        let outage = state.since.elapsed();
        state.last_outage = Some(outage);
        state.enter(Phase::Closed);
        Some(outage)
    }

    /// A probe whose task is gone is none.
    pub(super) fn abandon_probe(&self) {
        let mut state = self.state();
        if state.phase == Phase::Probing {
            state.phase = Phase::Open;
            state.next_probe = Instant::now();
        }
    }

    pub(super) fn end(&self) {
        self.state().enter(Phase::Ended);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().phase == Phase::Closed
    }

    pub(super) fn is_ended(&self) -> bool {
        self.state().phase == Phase::Ended
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn open(&mut self) {
        self.enter(Phase::Open);
        self.times_opened += 1;
        self.next_probe = Instant::now() + pause(0);
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = Instant::now();
        self.epoch += 1;
        self.failures = 0;
        self.probes = 0;
    }
}

/// 100 ms, doubled with every try up to 500 ms; a random part of up to a quarter is taken off, so that the nodes of
/// a service do not all ask at once.
pub(super) fn pause(tries: u32) -> Duration {
    let whole = FIRST_PROBE.saturating_mul(1 << tries.min(8)).min(LAST_PROBE);
    let part = RandomState::new().hash_one(tries) % 256;
    // Below 256, so it fits.
    whole - whole / 4 * u32::try_from(part).unwrap_or(0) / 256
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    const LATE: Sign = Sign::Failing(Failure::TimedOut);

    fn call(breaker: &Breaker, sign: Sign) -> bool {
        breaker.settle(breaker.admit(Health::Up).0.unwrap(), sign)
    }

    #[test]
    fn only_failures_in_a_row_open_it() {
        let breaker = Breaker::new(3);
        for sign in [LATE, LATE, Sign::Alive, LATE, LATE, Sign::Nothing] {
            assert!(!call(&breaker, sign));
        }
        assert!(call(&breaker, LATE));
        assert!(breaker.admit(Health::Up).0.is_none());
    }

    #[test]
    fn call_begun_before_a_change_does_not_count_after_it() {
        let breaker = Breaker::new(1);
        let early = breaker.admit(Health::Up).0.unwrap();
        assert!(call(&breaker, LATE));
        breaker.state().next_probe = Instant::now();
        assert!(breaker.begin_probe() && breaker.end_probe(true).is_some());
        assert!(!breaker.settle(early, LATE));
        assert!(breaker.is_closed());
    }

    #[test]
    fn backend_that_calls_itself_down_opens_it_at_once() {
        let breaker = Breaker::new(3);
        assert!(matches!(breaker.admit(Health::Down), (None, true)));
        assert!(matches!(breaker.admit(Health::Down), (None, false)));
    }

    #[test]
    fn refusal_late_call_without_a_fair_chance_and_lacking_ability_are_no_failures() {
        let (backend, after) = ("test", Duration::ZERO);
        let refused = Err::<(), _>(Error::Refused { backend, why: Refusal::Full, source: "no".into() });
        let busy = Err::<(), _>(Error::Refused { backend, why: Refusal::Busy, source: "no".into() });
        assert_eq!(Sign::of(&busy, true), Sign::Failing(Failure::Refused));
        let late = Err::<(), _>(Error::TimedOut { backend, after });
        let lacking = Err::<(), _>(Error::Unsupported { backend, operation: "scan" });
        assert_eq!(Sign::of(&refused, true), Sign::Alive);
        assert_eq!(Sign::of(&late, false), Sign::Nothing);
        assert_eq!(Sign::of(&lacking, true), Sign::Nothing);
        assert_eq!(Sign::of(&late, true), LATE);
    }

    #[test]
    fn pauses_grow_to_half_a_second_and_differ() {
        for (tries, whole) in [(0, 100), (1, 200), (2, 400), (3, 500), (u32::MAX, 500)] {
            let whole = Duration::from_millis(whole);
            let pauses: Vec<_> = (0..50).map(|_| pause(tries)).collect();
            assert!(pauses.iter().all(|pause| *pause <= whole && *pause >= whole * 3 / 4), "{pauses:?}");
            assert!(pauses.iter().any(|pause| *pause != pauses[0]));
        }
    }
}
