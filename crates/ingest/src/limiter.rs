//! How often an account may ask.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::Clock;

const MINUTE: Duration = Duration::from_secs(60);

/// Spaces the calls of one account, whoever makes them; an interface may have a lower rate of its own.
///
/// Calls are spread evenly: a source that counts by the minute never sees more than a minute's worth in any minute.
#[derive(Debug)]
pub(crate) struct Limiter {
    clock: Arc<dyn Clock>,
    spacing: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the account may ask again.
    next: Duration,
    interfaces: HashMap<&'static str, Interface>,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    spacing: Duration,
    next: Duration,
}

/// The time between two calls; a rate of zero is taken for one.
fn spacing(per_minute: u32) -> Duration {
    MINUTE / per_minute.max(1)
}

impl Limiter {
    /// A limiter for an account that may make this many calls a minute.
    pub(crate) fn new(clock: Arc<dyn Clock>, per_minute: u32) -> Self {
        Self { clock, spacing: spacing(per_minute), state: Mutex::default() }
    }

    /// Waits until the account may make a call of an interface, which itself allows this many a minute.
    pub(crate) async fn turn(&self, interface: &'static str, per_minute: u32) {
        while let Some(wait) = self.take(interface, per_minute) {
            self.clock.sleep(wait).await;
        }
    }

    /// Takes a turn, or tells how long there is none.
    fn take(&self, interface: &'static str, per_minute: u32) -> Option<Duration> {
        let now = self.clock.elapsed();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let account = state.next;
        let known = state
            .interfaces
            .entry(interface)
            .or_insert(Interface { spacing: spacing(per_minute), next: Duration::ZERO });
        let free = account.max(known.next);
        if free > now {
            return Some(free - now);
        }
        known.next = now + known.spacing;
        state.next = now + self.spacing;
        None
    }

    /// Lets nobody ask for this long.
    pub(crate) fn pause(&self, time: Duration) {
        let until = self.clock.elapsed() + time;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.next = state.next.max(until);
    }

    /// Keeps an interface to a rate from now on, as its source has said.
    pub(crate) fn slow(&self, interface: &'static str, per_minute: u32) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = state.interfaces.get_mut(interface) {
            known.spacing = known.spacing.max(spacing(per_minute));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manual_clock::ManualClock;

    #[tokio::test]
    async fn any_minute_has_at_most_a_minutes_calls_whatever_the_interfaces() {
        let clock = ManualClock::new();
        let limiter = Limiter::new(clock.clone(), 120);
        let mut calls = Vec::new();
        for call in 0..400 {
            limiter.turn(["daily", "adj_factor", "stk_limit"][call % 3], 500).await;
            calls.push(clock.elapsed());
        }
        for (at, call) in calls.iter().enumerate() {
            let in_minute = calls[at..].iter().take_while(|later| **later - *call < MINUTE).count();
            assert!(in_minute <= 120, "{in_minute} calls in a minute");
        }
        assert!(clock.elapsed() < Duration::from_secs(200), "no slower than need be: {:?}", clock.elapsed());
    }

    #[tokio::test]
    async fn a_slow_interface_holds_up_no_other() {
        let clock = ManualClock::new();
        let limiter = Limiter::new(clock.clone(), 600);
        limiter.turn("slow", 1).await;
        limiter.turn("quick", 600).await;
        assert_eq!(clock.elapsed(), Duration::from_millis(100));
        limiter.turn("slow", 1).await;
        assert_eq!(clock.elapsed(), MINUTE);
    }

    #[tokio::test]
    async fn a_pause_holds_everybody_and_a_rate_that_was_told_is_kept() {
        let clock = ManualClock::new();
        let limiter = Limiter::new(clock.clone(), 600);
        limiter.turn("daily", 500).await;
        limiter.pause(MINUTE);
        limiter.slow("daily", 2);
        limiter.turn("adj_factor", 500).await;
        assert_eq!(clock.elapsed(), MINUTE);
        limiter.turn("daily", 500).await;
        limiter.turn("daily", 500).await;
        assert_eq!(clock.elapsed(), MINUTE * 3 / 2 + Duration::from_millis(100));
    }
}
