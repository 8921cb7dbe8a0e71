//! One client, made on first use, and made anew when it is beyond repair.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use fred::{
    clients::{Client, WithOptions},
    interfaces::ClientLike,
    prelude::{Options, Server},
    types::{ConnectHandle, CustomCommand, Resp3Frame, Value},
};
use tokio::runtime::Handle;

use super::{
    fault::{self, NAME},
    setup::{Setup, UNRESPONSIVE},
    watch::{Notes, Watch},
};
use crate::{Health, Result};

/// How long the first calls wait for the first connection instead of failing at once.
const FIRST_CONNECTION: Duration = Duration::from_secs(1);
/// A client that ends by itself is not made anew more often than this.
const REST: Duration = Duration::from_millis(250);
/// What the driver's own timeout gets before ours, which does not rely on it.
const SLACK: Duration = Duration::from_millis(20);
/// A caller that leaves sooner says nothing about the server.
const PATIENCE: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Link {
    setup: Arc<Setup>,
    notes: Arc<Notes>,
    live: RwLock<Option<Arc<Live>>>,
    /// Held while a client is made, so that one is made.
    making: Mutex<Option<Instant>>,
    pulse: Pulse,
    /// Whether the client is somebody else's, who connects and ends it.
    given: bool,
}

#[derive(Debug)]
struct Live {
    client: WithOptions<Client>,
    /// Until then callers wait for the first connection.
    waits_until: Instant,
    was_connected: AtomicBool,
    running: Option<(ConnectHandle, Watch)>,
}

impl Drop for Live {
    fn drop(&mut self) {
        // The driver's task keeps itself and its connections alive otherwise.
        self.end();
    }
}

impl Live {
    fn end(&self) {
        if let Some((task, _)) = &self.running {
            task.abort();
        }
    }

    fn has_ended(&self) -> bool {
        self.running.as_ref().is_some_and(|(task, _)| task.is_finished())
    }

    /// Waits for the first connection, which takes some milliseconds, but not for a server that is down.
    #[inline]
    async fn warm(&self, limit: Duration) {
        if self.was_connected.load(Relaxed) {
            return;
        }
        let until = self.waits_until.min(Instant::now() + limit);
        while !self.client.is_connected() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            // In short steps: the driver's notice is missed when it comes between its check and its wait.
            let step = left.min(Duration::from_millis(5));
            let _ = tokio::time::timeout(step, self.client.wait_for_connect()).await;
        }
        self.was_connected.store(true, Relaxed);
    }
}

impl Link {
    pub(super) fn new(setup: Arc<Setup>) -> Self {
        Self {
            setup,
            notes: Arc::default(),
            live: RwLock::default(),
            making: Mutex::default(),
            pulse: Pulse::new(),
            given: false,
        }
    }

    /// Uses a client that somebody else connects and ends.
    pub(super) fn given(setup: Arc<Setup>, client: &Client) -> Self {
        let client = client.with_options(&setup.options());
        let was_connected = AtomicBool::new(true);
        let live = Live { client, waits_until: Instant::now(), was_connected, running: None };
        Self { live: RwLock::new(Some(Arc::new(live))), given: true, ..Self::new(setup) }
    }

    /// Sends one command and waits for its answer, no longer than a command may take.
    pub(super) async fn send(&self, command: CustomCommand, args: Vec<Value>) -> Result<Resp3Frame> {
        self.exchange(None, command, args).await
    }

    /// The same, to a named node of a cluster.
    pub(super) async fn send_to(
        &self,
        node: Option<&Server>,
        command: CustomCommand,
        args: Vec<Value>,
    ) -> Result<Resp3Frame> {
        self.exchange(node, command, args).await
    }

    async fn exchange(
        &self,
        node: Option<&Server>,
        command: CustomCommand,
        args: Vec<Value>,
    ) -> Result<Resp3Frame> {
        let live = self.live()?;
        let timeout = self.setup.timeout;
        live.warm(timeout).await;
        let asked = self.pulse.ask();
        let answer = match node {
            None => tokio::time::timeout(timeout + SLACK, live.client.custom_raw(command, args)).await,
            Some(node) => {
                let options = Options { cluster_node: Some(node.clone()), ..self.setup.options() };
                // Of the bare client: options around options are applied from the outside in.
                let client = Client::with_options(&live.client, &options);
                // Some kilobytes, which a read is not to carry twice.
                let sent = Box::pin(client.custom_raw(command, args));
                tokio::time::timeout(timeout + SLACK, sent).await
            }
        };
        match answer {
            Ok(Ok(frame)) => {
                asked.answered();
                Ok(frame)
            }
            Ok(Err(fault)) if *fault.kind() == fred::error::ErrorKind::Timeout => {
                Err(fault::timed_out(timeout))
            }
            Ok(Err(fault)) => {
                // The driver knows that it has no connection, and sees to one.
                asked.forget();
                Err(self.explain(fault::sort(&fault, timeout)))
            }
            Err(_) => Err(fault::timed_out(timeout)),
        }
    }

    /// The primaries this client is connected to; one of them when there is no cluster.
    pub(super) async fn nodes(&self) -> Result<Vec<Server>> {
        let live = self.live()?;
        live.warm(self.setup.timeout).await;
        let mut nodes = live.client.active_connections();
        nodes.sort();
        if nodes.is_empty() {
            return Err(self.explain(fault::unreachable("not connected")));
        }
        Ok(nodes)
    }

    pub(super) fn health(&self) -> Health {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        match &*live {
            // Nobody has asked yet, so nothing is known to be wrong.
            None => Health::Up,
            Some(live) if live.has_ended() => Health::Down,
            Some(live) if live.client.is_connected() && self.pulse.is_silent() => Health::Degraded,
            Some(live) if live.client.is_connected() => Health::Up,
            Some(live) if live.waits_until > Instant::now() && self.notes.last().is_none() => Health::Up,
            Some(_) => Health::Down,
        }
    }

    pub(super) fn last_error(&self) -> Option<String> {
        self.notes.last()
    }

    /// Says why there is no connection, where the driver only says that there is none.
    fn explain(&self, error: crate::Error) -> crate::Error {
        match (error, self.notes.last()) {
            (crate::Error::Unreachable { .. }, Some(why)) if fault::is_reply(&why) => fault::refused(why),
            (crate::Error::Unreachable { source, .. }, Some(why)) => {
                crate::Error::Unreachable { backend: NAME, source: format!("{source}: {why}").into() }
            }
            (error, _) => error,
        }
    }

    fn live(&self) -> Result<Arc<Live>> {
        {
            let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(live) = &*live
                && (self.given || !self.is_lost(live))
            {
                return Ok(Arc::clone(live));
            }
        }
        self.make()
    }

    /// Its task has ended, or it calls itself connected and does not hear anything: a full socket, a peer that is
    /// gone, a frozen server under load. The driver's own check starts anew with every command that is written.
    fn is_lost(&self, live: &Live) -> bool {
        live.has_ended() || (self.pulse.silence() > UNRESPONSIVE && live.client.is_connected())
    }

    fn make(&self) -> Result<Arc<Live>> {
        let mut made: MutexGuard<'_, Option<Instant>> =
            self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let mut waits_until = now + FIRST_CONNECTION;
        if let Some(live) = &*self.live.read().unwrap_or_else(PoisonError::into_inner) {
            if !self.is_lost(live) {
                return Ok(Arc::clone(live));
            }
            if !live.has_ended() {
                // It was connected to a server that does not answer: nobody waits for that once more.
                waits_until = now;
                self.notes.lost("the server does not answer");
                live.end();
            } else if made.is_some_and(|at| now < at + REST) {
                return Err(self.explain(fault::unreachable("the connection ended")));
            }
        }
        let Ok(runtime) = Handle::try_current() else {
            return Err(fault::unreachable("asked outside of a tokio runtime"));
        };
        let client = self.setup.client()?;
        let watch = Watch::start(&runtime, &client, Arc::clone(&self.notes));
        let task = client.connect();
        self.pulse.reset();
        *made = Some(now);
        let client = client.with_options(&self.setup.options());
        let was_connected = AtomicBool::new(false);
        let live = Arc::new(Live { client, waits_until, was_connected, running: Some((task, watch)) });
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&live));
        Ok(live)
    }
}

/// Since when commands go unanswered.
#[derive(Debug)]
struct Pulse {
    start: Instant,
    /// When the first one was sent: milliseconds after `start`, plus one; zero while answers come.
    silent_since: AtomicU64,
    /// The same of the last one.
    silent_until: AtomicU64,
}

impl Pulse {
    fn new() -> Self {
        Self { start: Instant::now(), silent_since: AtomicU64::new(0), silent_until: AtomicU64::new(0) }
    }

    fn millis(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX - 1)
    }

    fn ask(&self) -> Asked<'_> {
        Asked { pulse: self, at: Instant::now(), open: true }
    }

    fn is_silent(&self) -> bool {
        self.silent_since.load(Relaxed) != 0
    }

    /// How long nothing was answered while somebody asked: one late answer, and then no more questions, is no silence.
    fn silence(&self) -> Duration {
        match self.silent_since.load(Relaxed) {
            0 => Duration::ZERO,
            since => Duration::from_millis(self.silent_until.load(Relaxed).saturating_sub(since)),
        }
    }

    fn reset(&self) {
        self.silent_since.store(0, Relaxed);
    }
}

/// A command on its way. Dropped without an answer, also because its caller left, it counts as silence.
struct Asked<'a> {
    pulse: &'a Pulse,
    at: Instant,
    open: bool,
}

impl Asked<'_> {
    fn answered(mut self) {
        self.open = false;
        if self.pulse.is_silent() {
            self.pulse.reset();
        }
    }

    fn forget(mut self) {
        self.open = false;
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if self.open && self.at.elapsed() >= PATIENCE {
            let asked = self.pulse.millis(self.at) + 1;
            self.pulse.silent_until.fetch_max(asked, Relaxed);
            let _ = self.pulse.silent_since.compare_exchange(0, asked, Relaxed, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_questions_without_answers_lengthen_the_silence() {
        let start = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        let pulse = Pulse { start, ..Pulse::new() };
        let unanswered =
            |second| drop(Asked { pulse: &pulse, at: start + Duration::from_secs(second), open: true });
        unanswered(10);
        assert_eq!(pulse.silence(), Duration::ZERO, "fifty seconds ago, and nobody has asked since");
        assert!(pulse.is_silent());
        unanswered(15);
        unanswered(12);
        assert_eq!(pulse.silence(), Duration::from_secs(5));
        Asked { pulse: &pulse, at: start, open: true }.answered();
        assert_eq!((pulse.silence(), pulse.is_silent()), (Duration::ZERO, false));
        unanswered(20);
        assert_eq!(pulse.silence(), Duration::ZERO);
    }
}
