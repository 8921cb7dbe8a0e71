//! Keeps what this process holds in step with the others, over a bus.
//!
//! What another process says it changed is dropped here, never fetched: the next reader does that. Messages that were
//! missed are noticed by their numbers, and then everything this process holds is checked again before it is given.

mod message;
mod publisher;

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::sync::{Mutex, mpsc, watch};

use self::message::Message;
pub(crate) use self::message::Operation;
use crate::{
    Bus, BusEvent, Event, Generation, Origin, Pattern, Scope, engine::Engine, key::EntryKey, policy::millis,
    stamp::TagId,
};

/// Announcements that wait to be sent. More are lost, and the others notice.
const WAITING: usize = 4096;
/// Senders whose numbers are remembered.
const SENDERS: usize = 1024;

pub(crate) struct Coherence {
    bus: Arc<dyn Bus>,
    channel: String,
    /// Tells our messages from those of others.
    instance: u64,
    engine: Weak<Engine>,
    outbox: mpsc::Sender<Operation>,
    waiting: Arc<Mutex<mpsc::Receiver<Operation>>>,
    overflowed: Arc<AtomicBool>,
    runs: AtomicBool,
    /// True for good once the cache is shut down; whoever listens or sends holds a receiver.
    ended: watch::Sender<bool>,
    connected: AtomicBool,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    received: AtomicU64,
    ignored: AtomicU64,
    gaps: AtomicU64,
}

/// What the bus did since the cache was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BusStats {
    /// Whether messages arrive now.
    pub connected: bool,
    /// Messages the bus took from this process.
    pub sent: u64,
    /// Messages of other processes that were followed.
    pub received: u64,
    /// Messages that were damaged or of another release.
    pub ignored: u64,
    /// How often messages were found to be missing.
    pub gaps: u64,
}

impl fmt::Debug for Coherence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coherence")
            .field("bus", &self.bus.name())
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

impl Coherence {
    pub(crate) fn new(bus: Arc<dyn Bus>, prefix: &str, engine: Weak<Engine>) -> Self {
        let (outbox, waiting) = mpsc::channel(WAITING);
        Self {
            bus,
            channel: format!("{prefix}bus:v{}", message::VERSION),
            instance: RandomState::new().hash_one(std::process::id()),
            engine,
            outbox,
            waiting: Arc::new(Mutex::new(waiting)),
            overflowed: Arc::default(),
            runs: AtomicBool::new(false),
            ended: watch::Sender::new(false),
            connected: AtomicBool::new(false),
            counts: Counts::default(),
        }
    }

    /// Listens from now on, if that is not so already. To be called inside a tokio runtime; when that one ends, the
    /// next call starts anew.
    #[inline]
    pub(crate) fn start(&self) {
        if !self.runs.load(Relaxed) {
            self.start_now();
        }
    }

    #[cold]
    fn start_now(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if *self.ended.borrow() || self.runs.swap(true, Relaxed) {
            return;
        }
        let events = self.bus.subscribe(&self.channel);
        let publisher = publisher::Publisher {
            bus: Arc::clone(&self.bus),
            channel: self.channel.clone(),
            instance: self.instance,
            waiting: Arc::clone(&self.waiting),
            overflowed: Arc::clone(&self.overflowed),
            engine: Weak::clone(&self.engine),
            ended: self.ended.subscribe(),
        };
        let end = End(Weak::clone(&self.engine));
        let listener = listen(Weak::clone(&self.engine), events);
        runtime.spawn(async move {
            let _end = end;
            tokio::select! {
                // Ends with the cache, whose outbox it empties.
                () = publisher.run() => {}
                () = listener => {}
            }
        });
    }

    /// Says what was changed. To be called once the backend has it, as others will look there.
    pub(crate) fn announce(&self, operation: Operation) {
        self.start();
        if self.outbox.try_send(operation).is_err() {
            self.overflowed.store(true, Relaxed);
        }
    }

    /// Says what waits to be said, then leaves the bus for good; does not wait for longer than `timeout`.
    pub(crate) async fn end(&self, timeout: Duration) {
        self.ended.send_replace(true);
        // Whoever is late ends all the same.
        let _ = tokio::time::timeout(timeout, self.ended.closed()).await;
    }

    pub(crate) fn stats(&self) -> BusStats {
        BusStats {
            connected: self.connected.load(Relaxed),
            sent: self.counts.sent.load(Relaxed),
            received: self.counts.received.load(Relaxed),
            ignored: self.counts.ignored.load(Relaxed),
            gaps: self.counts.gaps.load(Relaxed),
        }
    }

    fn count_sent(&self) {
        self.counts.sent.fetch_add(1, Relaxed);
    }
}

/// Notes that nobody listens any more: the runtime ended.
struct End(Weak<Engine>);

impl Drop for End {
    fn drop(&mut self) {
        if let Some(engine) = self.0.upgrade()
            && let Some(coherence) = &engine.coherence
        {
            engine.disconnected(coherence);
            coherence.runs.store(false, Relaxed);
        }
    }
}

async fn listen(engine: Weak<Engine>, mut events: mpsc::Receiver<BusEvent>) {
    let mut heard = HashMap::new();
    while let Some(event) = events.recv().await {
        let Some(engine) = engine.upgrade() else { return };
        let Some(coherence) = &engine.coherence else { return };
        engine.hear_event(coherence, event, &mut heard);
    }
}

impl Engine {
    /// Tells the others, if there is a way.
    pub(crate) fn announce(&self, operation: impl FnOnce() -> Operation) {
        if let Some(coherence) = &self.coherence {
            coherence.announce(operation());
        }
    }

    fn disconnected(&self, coherence: &Coherence) {
        if coherence.connected.swap(false, Relaxed) {
            self.sink.tell(|| Event::BusDisconnected);
        }
        self.set_max_age();
    }

    /// Sets how long a copy is given without asking, by who tells of changes and whether anybody can be asked.
    pub(crate) fn set_max_age(&self) {
        // Without a backend there is nobody to ask.
        let Some(remote) = &self.remote else { return };
        let _last = self.ages.lock().unwrap_or_else(PoisonError::into_inner);
        let is_told = self.coherence.as_ref().is_some_and(|coherence| coherence.connected.load(Relaxed));
        let age = if is_told { self.l1_max_age_on_bus } else { self.l1_max_age };
        let age = if remote.is_left_alone() { age.max(self.l1_max_age_in_outage) } else { age };
        self.trust.set_max_age(millis(age));
    }

    fn hear_event(&self, coherence: &Coherence, event: BusEvent, heard: &mut HashMap<u64, u64>) {
        match event {
            BusEvent::Connected => {
                heard.clear();
                self.trust.withdraw(self.heed_clock());
                coherence.connected.store(true, Relaxed);
                self.set_max_age();
                self.sink.tell(|| Event::BusConnected);
                coherence.announce(Operation::Hello);
            }
            BusEvent::Disconnected => self.disconnected(coherence),
            BusEvent::Lost => self.missed(coherence),
            BusEvent::Flushed => {
                self.drop_everything();
                self.generations.forget();
            }
            BusEvent::Changed(keys) => {
                let now = self.clock.now_ms();
                let drop_copy = |key: &EntryKey| drop(self.l1.remove(key));
                let keys = keys.iter().filter_map(|key| self.entry_at(std::str::from_utf8(key).ok()?));
                keys.for_each(|key| self.flights.outdate_heard(&key, now, || drop_copy(&key)));
            }
            BusEvent::Message(bytes) => match Message::read(&bytes) {
                None => {
                    coherence.counts.ignored.fetch_add(1, Relaxed);
                }
                Some(message) if message.from == coherence.instance => {}
                Some(message) => {
                    if !is_next(heard, &message) {
                        self.missed(coherence);
                    }
                    coherence.counts.received.fetch_add(1, Relaxed);
                    self.follow(coherence, message.operation);
                }
            },
        }
    }

    /// Some messages never came, and nobody knows what they said.
    fn missed(&self, coherence: &Coherence) {
        coherence.counts.gaps.fetch_add(1, Relaxed);
        self.sink.tell(|| Event::BusGap);
        self.trust.withdraw(self.heed_clock());
    }

    fn follow(&self, coherence: &Coherence, operation: Operation) {
        match operation {
            Operation::Hello => coherence.announce(Operation::Beat),
            Operation::Beat => {}
            Operation::Changed(keys) => keys.iter().for_each(|key| self.drop_one(key)),
            Operation::Swept(glob) => {
                if let Ok(pattern) = Pattern::new(&self.namespace, &glob) {
                    let matches = self.matcher(&pattern);
                    let now = self.clock.now_ms();
                    let (_sweep, _before, _removed) =
                        self.flights.sweep(matches.clone(), || self.l1.remove_matching(&matches, now));
                    self.invalidated(|| Scope::Pattern(glob.into()), Origin::Bus, true);
                }
            }
            Operation::Invalidated { tag, how, latest, removed } => {
                if self.remote.is_some() {
                    self.hear(tag, Some(Generation { latest, removed }));
                } else {
                    // The value is by the sender's clock.
                    self.generations.change(tag, how, &self.trust, self.clock.now_ms());
                }
                self.take_back(tag, how);
                let scope = || match tag {
                    TagId::EVERYTHING => Scope::Everything(how),
                    _ => Scope::Tag { tag: None, how },
                };
                self.invalidated(scope, Origin::Bus, true);
            }
        }
    }

    /// Drops one entry, which is read from the backend when somebody asks for it.
    fn drop_one(&self, raw: &str) {
        let Some(key) = self.entry_at(raw) else { return };
        self.flights.outdate(&key, || drop(self.l1.remove(&key)));
    }

    fn entry_at(&self, raw: &str) -> Option<EntryKey> {
        let (kind, key) = self.namespace.split(raw)?;
        // A kind that was never used here has no entries here.
        Some(EntryKey::new(self.ledger.find(&kind)?, key))
    }
}

/// Whether nothing came between this message of a sender and the one before.
fn is_next(heard: &mut HashMap<u64, u64>, message: &Message) -> bool {
    if heard.len() >= SENDERS && !heard.contains_key(&message.from) {
        heard.clear();
    }
    match heard.insert(message.from, message.number) {
        // A beat repeats the last number.
        Some(last) if matches!(message.operation, Operation::Beat) => message.number == last,
        Some(last) => message.number == last.saturating_add(1),
        // Of a sender not heard before, all from the first on is known.
        None => message.number <= 1 || matches!(message.operation, Operation::Beat | Operation::Hello),
    }
}
