use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::sync::Semaphore;

use crate::{
    Backend, Bus, Cache, Clock, Error, Event, Events, Namespace, Policy, Result, SystemClock,
    coherence::Coherence,
    engine::Engine,
    event::{Handler, Sink},
    flights::Flights,
    generations::Generations,
    l1::{Evictions, L1},
    limits::Limits,
    policy::millis,
    remote::{Applied, OnApplied, OnTurned, Remote, Settings},
    stamp::TagId,
    stats::Ledger,
    trace,
    trust::Trust,
};

/// Settings of a cache. Made by [`Cache::builder`].
#[derive(Debug)]
#[must_use = "a builder does nothing before `build`"]
pub struct CacheBuilder {
    name: Option<String>,
    namespace: String,
    l1_max_bytes: u64,
    tells_evictions: bool,
    l1_max_age: Duration,
    l1_max_age_on_bus: Duration,
    l1_max_age_in_outage: Duration,
    bus: Option<Arc<dyn Bus>>,
    backend: Option<Arc<dyn Backend>>,
    defaults: Policy,
    budget: Duration,
    failures: u32,
    queue: (usize, u64),
    sweep_timeout: Duration,
    max_loads: usize,
    limits: Limits,
    clock: Arc<dyn Clock>,
    sink: Sink,
    handlers: Vec<Handler>,
}

impl CacheBuilder {
    pub(crate) fn new() -> Self {
        Self {
            name: None,
            namespace: "cache:".to_owned(),
            l1_max_bytes: 64 << 20,
            tells_evictions: false,
            l1_max_age: Duration::from_secs(5),
            l1_max_age_on_bus: Duration::from_secs(60),
            l1_max_age_in_outage: Duration::from_secs(60),
            bus: None,
            backend: None,
            defaults: Policy::NONE,
            budget: Duration::from_millis(50),
            failures: 3,
            queue: (10_000, 16 << 20),
            sweep_timeout: Duration::from_secs(5),
            max_loads: 1024,
            limits: Limits::DEFAULT,
            clock: Arc::new(SystemClock),
            sink: Sink::default(),
            handlers: Vec::new(),
        }
    }

    /// Sets what the keys in the backend start with; `cache:`. The closing `:` may be left out.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Sets what the cache is called in metrics; the namespace without its closing `:`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets how many bytes the entries in this process may take, about; 64 MiB. Zero: none are kept.
    ///
    /// A value of more than 8 MiB, or of more than the whole, may not be kept in process.
    pub const fn l1_max_bytes(mut self, bytes: u64) -> Self {
        self.l1_max_bytes = bytes;
        self
    }

    /// Sets how long an entry in this process may be given without asking the backend whether it still stands; 5 s.
    /// It bounds how long a change by another process stays unseen while no bus tells of it. Without a backend it
    /// means nothing.
    pub const fn l1_max_age(mut self, age: Duration) -> Self {
        self.l1_max_age = age;
        self
    }

    /// Sets the same for while a bus is connected; 60 s. It bounds how long something stays unseen that no bus tells
    /// of: a backend that was emptied from outside, or written by another program.
    pub const fn l1_max_age_on_bus(mut self, age: Duration) -> Self {
        self.l1_max_age_on_bus = age;
        self
    }

    /// Sets the same for while the backend fails and is left alone, when nobody can be asked; 60 s, and never less than the
    /// other two. A longer time spares the loaders more of an outage. A shorter one bounds how long this process gives what
    /// others may have changed, when it alone has lost the backend.
    pub const fn l1_max_age_in_outage(mut self, age: Duration) -> Self {
        self.l1_max_age_in_outage = age;
        self
    }

    /// Sets the way to tell other processes what changed; none.
    pub fn bus(mut self, bus: Arc<dyn Bus>) -> Self {
        self.bus = Some(bus);
        self
    }

    /// Sets the store behind this process by its address, as [`Cache::from_url`] reads it. The address may also set the
    /// namespace.
    ///
    /// # Errors
    ///
    /// [`Error::Address`] for an address that cannot be read, or needs a feature this build does not have.
    pub fn url(self, url: &str) -> Result<Self> {
        const HINT: &str = "is unknown; write `memory://`, `none://` or `redis://host:6379/1`";
        // Without a scheme the whole text might be a secret.
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let hint = match (scheme, rest) {
            ("memory", "") => return Ok(Self { backend: None, ..self }),
            ("none", "") => return Ok(Self { backend: None, l1_max_bytes: 0, ..self }),
            ("memory" | "none", _) => "takes nothing after `://`",
            #[cfg(feature = "redis")]
            _ if crate::backend::redis::knows(scheme) => return self.redis(url),
            #[cfg(not(feature = "redis"))]
            _ if scheme.starts_with("redis") || scheme.starts_with("valkey") => {
                "needs the feature `redis`, which this build does not have; write `memory://` or `none://`"
            }
            _ => HINT,
        };
        Err(Error::Address { scheme: scheme.to_owned(), hint })
    }

    #[cfg(feature = "redis")]
    fn redis(self, url: &str) -> Result<Self> {
        let address = crate::backend::redis::Address::parse(url)?;
        let backend = crate::redis::RedisBackend::builder(url).build_at(&address)?;
        let bus = self.bus.unwrap_or_else(|| Arc::new(crate::redis::RedisBus::over(backend.clone())));
        let namespace = address.namespace.unwrap_or(self.namespace);
        Ok(Self { backend: Some(Arc::new(backend)), bus: Some(bus), namespace, ..self })
    }

    /// Sets the store behind this process; none.
    pub fn backend(mut self, backend: Arc<dyn Backend>) -> Self {
        self.backend = Some(backend);
        self
    }

    /// Sets what holds where a kind says nothing.
    pub const fn defaults(mut self, policy: Policy) -> Self {
        self.defaults = policy;
        self
    }

    /// Sets how long one request may spend on the backend, over all it asks of it and waits for; 50 ms. What takes
    /// longer is a miss, or is written later.
    pub const fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// Sets after how many failures in a row the backend is left alone until it answers a probe; 3.
    ///
    /// A call that is not answered in time, breaks off or panics has failed. A backend that refuses has not.
    pub const fn breaker(mut self, failures: u32) -> Self {
        self.failures = failures;
        self
    }

    /// Sets how many changes are kept for a backend that does not take them, and how many bytes they may take, about;
    /// 10,000 and 16 MiB.
    ///
    /// When there are more, values made by loads are dropped first; then everything is, and the whole namespace is
    /// invalidated in the backend instead, so that nothing deleted comes back.
    pub const fn replay_queue(mut self, changes: usize, bytes: u64) -> Self {
        self.queue = (changes, bytes);
        self
    }

    /// Sets how long the backend may take to delete by pattern or to clear; 5 s.
    pub const fn sweep_timeout(mut self, timeout: Duration) -> Self {
        self.sweep_timeout = timeout;
        self
    }

    /// Sets how many loaders may run at once; 1024. More are refused, or answered with stale values, so that an
    /// outage of the backend does not become one of what is behind it.
    pub const fn max_loads(mut self, loads: usize) -> Self {
        self.max_loads = loads;
        self
    }

    /// Sets how large a value may be, encoded and before compression; 8 MiB. A larger one is given to its caller and not
    /// stored, which is counted and told as [`Event::NotStored`].
    pub const fn max_value_bytes(mut self, bytes: usize) -> Self {
        self.limits.value = bytes;
        self
    }

    /// Sets how long a key may be, namespace and kind not counted; 1024 bytes. Under a longer one nothing is stored, and
    /// the backend is not asked for it. Callers of one key at one moment still share one load.
    pub const fn max_key_bytes(mut self, bytes: usize) -> Self {
        self.limits.key = bytes;
        self
    }

    /// Sets from which size on values are compressed for the backend; 4 KiB. `usize::MAX`: none are, and compressed ones
    /// can still be read.
    #[cfg(feature = "compression")]
    pub const fn compress_from(mut self, bytes: usize) -> Self {
        self.limits.compress_from = bytes;
        self
    }

    /// Tells readers and handlers of each entry this process pushes out for want of room, as [`Event::Evicted`]. Not told
    /// otherwise: a full tier pushes one out with nearly every value it takes in, and these would crowd out what is rare.
    /// [`Stats::l1_evictions`](crate::Stats::l1_evictions) counts them in any case.
    pub const fn eviction_events(mut self) -> Self {
        self.tells_evictions = true;
        self
    }

    /// Opens a queue of [`Event`]s for one reader, with room for `capacity`. While it is full, events are dropped and
    /// counted; no call waits for the reader.
    pub fn events(mut self, capacity: usize) -> (Self, Events) {
        let events = self.sink.reader(capacity);
        (self, events)
    }

    /// Calls `handler` for each [`Event`], one after the other, in a thread of its own. 1024 may wait; more are dropped and
    /// counted. A handler that panics is called again for the next event.
    ///
    /// The thread ends with the cache, so a handler that owns a handle to it keeps both.
    pub fn on_event(mut self, handler: impl FnMut(Event) + Send + 'static) -> Self {
        self.handlers.push(Handler(Box::new(handler)));
        self
    }

    /// Sets where the time is read from.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the cache. Waits for nothing: a backend that is down is found out by the first call.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] when a setting cannot work.
    pub fn build(mut self) -> Result<Cache> {
        let wrong = |setting, reason| Err(Error::Setting { setting, reason });
        Namespace::new(&self.namespace)?;
        if self.budget.is_zero() {
            return wrong("budget", "must not be zero: every backend call would fail");
        }
        if self.failures == 0 {
            return wrong("breaker", "must be at least 1: the backend would never be asked");
        }
        if self.sweep_timeout.is_zero() {
            return wrong("sweep_timeout", "must not be zero: no deletion by pattern could end");
        }
        if !(1..=Semaphore::MAX_PERMITS).contains(&self.max_loads) {
            return wrong("max_loads", "must be at least 1, and no more than a semaphore counts");
        }
        if self.defaults.jitter.is_some_and(|part| !(0.0..=1.0).contains(&part)) {
            return wrong("defaults", "jitter is a part of the time to live: 0 to 1");
        }
        if self.limits.value > Limits::LARGEST_VALUE {
            return wrong("max_value_bytes", "must leave room for the rest of an entry: at most 63 MiB");
        }
        for handler in std::mem::take(&mut self.handlers) {
            if self.sink.start(handler).is_err() {
                return wrong(
                    "on_event",
                    "no thread could be started for the handler; read `events` instead",
                );
            }
        }
        Ok(self.assemble())
    }

    /// Makes the cache of settings known to work.
    pub(crate) fn assemble(self) -> Cache {
        let namespace = Namespace::new(&self.namespace).unwrap_or_default();
        let (keys, bytes) = self.queue;
        let settings = Settings {
            budget: self.budget,
            sweep_budget: self.sweep_timeout,
            failures: self.failures,
            keys,
            bytes,
        };
        let max_age = if self.backend.is_some() { millis(self.l1_max_age) } else { u64::MAX };
        let (backend, clock) = (self.backend, Arc::clone(&self.clock));
        let sink = &Arc::new(self.sink);
        let remote = |namespace: &Namespace, me: &Weak<Engine>| {
            let (backend, me, turned) = (backend?, Weak::clone(me), Weak::clone(me));
            let on_applied: OnApplied = Arc::new(move |applied: Applied<'_>| {
                if let Some(engine) = me.upgrade() {
                    engine.applied(applied);
                }
            });
            let on_turned: OnTurned = Arc::new(move || {
                if let Some(engine) = turned.upgrade() {
                    engine.set_max_age();
                }
            });
            let everything = TagId::EVERYTHING.counter(namespace);
            let told = (on_applied, on_turned);
            Some(Remote::new(backend, clock, settings, everything, told, Arc::clone(sink)))
        };
        let (bus, prefix) = (self.bus, namespace.prefix().to_owned());
        let name = self.name.unwrap_or_else(|| prefix.trim_end_matches(':').to_owned()).into();
        let engine = Arc::new_cyclic(|me| Engine {
            name,
            coherence: bus.map(|bus| Coherence::new(bus, &prefix, Weak::clone(me))),
            l1_max_age: self.l1_max_age,
            l1_max_age_on_bus: self.l1_max_age_on_bus,
            l1_max_age_in_outage: self.l1_max_age_in_outage,
            ages: std::sync::Mutex::default(),
            remote: remote(&namespace, me),
            namespace,
            l1: L1::new(
                self.l1_max_bytes,
                Evictions::told_to(self.tells_evictions.then(|| Arc::clone(sink))),
            ),
            flights: Flights::new(),
            generations: Generations::new(),
            trust: Trust::new(max_age),
            defaults: self.defaults,
            limits: self.limits,
            clock: self.clock,
            loads: Semaphore::new(self.max_loads),
            ledger: Ledger::new(),
            sink: Arc::clone(sink),
            load_failures: trace::LoadFailures::default(),
        });
        Cache { engine }
    }
}
