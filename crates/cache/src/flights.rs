//! Who works on which key right now: what makes one load of many, and keeps a load from storing what was
//! invalidated while it ran.
//!
//! Every read that may store something and every write holds a [`Ticket`] on its key. An invalidation takes the
//! tickets off the key, so that later callers do not join an older load; a reader whose ticket was taken stores
//! nothing; and a call waits, within the budget, for backend writes that began before it.

use std::{
    any::Any,
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use tokio::sync::{Notify, watch};

use crate::{
    Invalidation,
    key::EntryKey,
    stamp::TagId,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    waiters::Waiters,
};

const SHARDS: usize = 32;

type Shard = HashMap<EntryKey, Passes>;

/// The passes of one key.
#[derive(Default)]
struct Passes {
    /// Loads and writes: few, and each is looked at.
    works: Vec<Arc<Pass>>,
    /// Plain reads, which may be thousands at once: by their address, so that one comes and goes without the others.
    looks: HashMap<usize, Arc<Pass>>,
}

impl Passes {
    fn is_empty(&self) -> bool {
        self.works.is_empty() && self.looks.is_empty()
    }

    fn remove(&mut self, pass: &Arc<Pass>) {
        if self.looks.remove(&address(pass)).is_none() {
            self.works.retain(|other| !Arc::ptr_eq(other, pass));
        }
    }

    /// Takes those out that `matches`.
    fn extract(&mut self, mut matches: impl FnMut(&Pass) -> bool) -> Vec<Arc<Pass>> {
        let mut taken: Vec<_> = self.works.extract_if(.., |pass| matches(pass)).collect();
        taken.extend(self.looks.extract_if(|_, pass| matches(pass)).map(|(_, pass)| pass));
        taken
    }
}

fn address(pass: &Arc<Pass>) -> usize {
    Arc::as_ptr(pass).addr()
}

pub(crate) struct Flights {
    shards: Box<[Mutex<Shard>]>,
    sweeps: Mutex<Sweeps>,
    hasher: RandomState,
}

/// Changes to many keys.
#[derive(Default)]
struct Sweeps {
    announced: u64,
    running: Vec<(Arc<Pass>, Matches)>,
}

/// Which keys a change concerns.
type Matches = Arc<dyn Fn(&EntryKey) -> bool + Send + Sync>;

/// The part of a ticket that others see. The flags change only under the lock of the key's shard.
pub(crate) struct Pass {
    /// What it found must not be stored.
    outdated: AtomicBool,
    /// Nor may what was there before be used.
    void: AtomicBool,
    writing: AtomicBool,
    /// Until when one word of the store that the key changed is taken for the echo of what this process did to it:
    /// milliseconds, zero for never.
    echoes_until: AtomicU64,
    /// What the work's result will be tagged with, as far as it is known.
    tags: Mutex<Vec<TagId>>,
    /// Callers that wait for the result.
    waiters: Waiters,
    abandoned: Notify,
    /// What a second caller waits on; type-erased, as the map holds every kind.
    results: Option<Box<dyn Any + Send + Sync>>,
    done: watch::Sender<bool>,
    /// How many sweeps were announced before it: it waits for those.
    after: u64,
}

impl Pass {
    fn new(
        writing: bool,
        results: Option<Box<dyn Any + Send + Sync>>,
        tags: &[TagId],
        after: u64,
    ) -> Arc<Self> {
        let tags = Mutex::new(tags.to_vec());
        let (outdated, void) = (AtomicBool::new(false), AtomicBool::new(false));
        let (writing, echoes_until) = (AtomicBool::new(writing), AtomicU64::new(0));
        let (waiters, abandoned) = (Waiters::with_one(), Notify::new());
        let done = watch::Sender::new(false);
        Arc::new(Self {
            outdated,
            void,
            writing,
            echoes_until,
            tags,
            waiters,
            abandoned,
            results,
            done,
            after,
        })
    }

    /// Says what the result will be tagged with besides.
    pub(crate) fn add_tag(&self, tag: TagId) {
        lock(&self.tags).push(tag);
    }

    fn has_tag(&self, tag: TagId) -> bool {
        lock(&self.tags).contains(&tag)
    }

    fn is_outdated(&self) -> bool {
        self.outdated.load(Ordering::Acquire)
    }

    /// Returns true when the entry was changed after this work began.
    pub(crate) fn is_void(&self) -> bool {
        self.void.load(Ordering::Acquire)
    }

    /// Says that the store may tell once more of what was done before this work: a deletion just made here, or an entry
    /// that was found to be over.
    pub(crate) fn expect_echo(&self, until: u64) {
        self.echoes_until.store(until, Ordering::Release);
    }

    /// Whether a change the store tells of concerns this work. What is being written is newer than what was heard.
    fn minds(&self, now: u64) -> bool {
        !self.is_writing() && now >= self.echoes_until.swap(0, Ordering::AcqRel)
    }

    fn is_writing(&self) -> bool {
        self.writing.load(Ordering::Acquire)
    }
}

/// A caller's place among those that wait for a result; dropping it gives it up.
pub(crate) struct Waiting(Arc<Pass>);

impl Waiting {
    fn join(pass: &Arc<Pass>) -> Option<Self> {
        pass.waiters.join().then(|| Self(Arc::clone(pass)))
    }

    pub(crate) fn is_void(&self) -> bool {
        self.0.is_void()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.0.waiters.leave() {
            self.0.abandoned.notify_one();
        }
    }
}

/// Backend writes to wait for before asking the backend.
#[derive(Default)]
pub(crate) struct Before(Vec<watch::Receiver<bool>>);

impl Before {
    fn collect<'a>(passes: impl IntoIterator<Item = &'a Arc<Pass>>) -> Self {
        Self(passes.into_iter().filter(|pass| pass.is_writing()).map(|pass| pass.done.subscribe()).collect())
    }

    pub(crate) fn all(all: impl IntoIterator<Item = Self>) -> Self {
        Self(all.into_iter().flat_map(|before| before.0).collect())
    }

    fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) async fn wait(self) {
        for mut done in self.0 {
            // An error says that the ticket is gone: done as well.
            let _ = done.wait_for(|done| *done).await;
        }
    }
}

/// The right to work on a key; dropping it ends the work.
pub(crate) struct Ticket {
    pub(crate) flights: Arc<Flights>,
    pub(crate) key: EntryKey,
    pub(crate) pass: Arc<Pass>,
}

impl Ticket {
    /// Waits until nobody waits for the result any more; from then on nobody can.
    pub(crate) async fn abandoned(&self) {
        loop {
            self.pass.abandoned.notified().await;
            if self.pass.waiters.close() {
                return;
            }
        }
    }

    /// Runs `fill` unless the entry was changed since this work began.
    pub(crate) fn fill(&self, fill: impl FnOnce()) -> bool {
        let _shard = self.flights.shard(&self.key);
        let valid = !self.pass.is_outdated();
        if valid {
            fill();
        }
        valid
    }

    /// As [`fill`](Self::fill), and a write to the backend follows: from now on nobody joins, and whoever changes
    /// the entry waits for this ticket.
    pub(crate) fn fill_then_write(&self, fill: impl FnOnce()) -> bool {
        self.fill(|| {
            fill();
            self.pass.writing.store(true, Ordering::Release);
        })
    }

    /// As [`fill`](Self::fill), for a value newer than whatever else works on the key: that stores nothing any more.
    /// Gives the writes to wait for before one's own, or nothing when the entry was changed since this work began.
    pub(crate) fn overrule(&self, writes: bool, fill: impl FnOnce()) -> Option<Before> {
        let mut shard = self.flights.shard(&self.key);
        if self.pass.is_outdated() {
            return None;
        }
        let is_other = |pass: &Pass| !std::ptr::eq(pass, &raw const *self.pass);
        let mut before = Before::default();
        if let Some(passes) = shard.get_mut(&self.key) {
            // They stay: who comes later waits for them too, as this one may write nothing.
            let writers = passes.works.iter().filter(|pass| is_other(pass) && pass.is_writing());
            before = void(writers.map(Arc::clone));
            void(passes.extract(|pass| is_other(pass) && !pass.is_writing()));
        }
        fill();
        self.pass.writing.store(writes, Ordering::Release);
        Some(before)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut shard = self.flights.shard(&self.key);
        if let Some(passes) = shard.get_mut(&self.key) {
            passes.remove(&self.pass);
            if passes.is_empty() {
                shard.remove(&self.key);
            }
        }
        self.pass.done.send_replace(true);
    }
}

/// A change to many keys under way.
pub(crate) struct Sweep {
    flights: Arc<Flights>,
    pass: Arc<Pass>,
}

impl Drop for Sweep {
    fn drop(&mut self) {
        lock(&self.flights.sweeps).running.retain(|(pass, _)| !Arc::ptr_eq(pass, &self.pass));
        self.pass.done.send_replace(true);
    }
}

/// The place of a caller in a load.
pub(crate) enum Seat<T> {
    /// It leads: it must work and send what comes of it.
    Lead(Ticket, watch::Sender<T>, Before),
    /// Another leads.
    Follow,
}

impl Flights {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            sweeps: Mutex::default(),
            hasher: RandomState::new(),
        })
    }

    fn shard(&self, key: &EntryKey) -> MutexGuard<'_, Shard> {
        // The remainder is below `SHARDS`.
        lock(&self.shards[(self.hasher.hash_one(key) % SHARDS as u64) as usize])
    }

    /// The sweeps that run and concern `key`, and how many were announced at all.
    fn sweeping(&self, key: &EntryKey) -> (Before, u64) {
        let sweeps = lock(&self.sweeps);
        let concern = sweeps.running.iter().filter(|(_, matches)| matches(key)).map(|(pass, _)| pass);
        (Before::collect(concern), sweeps.announced)
    }

    /// Takes a ticket to read and maybe fill.
    pub(crate) fn open(self: &Arc<Self>, key: EntryKey) -> (Ticket, Before) {
        let mut shard = self.shard(&key);
        // After the shard's lock: a sweep announces itself before it takes it, so one of the two sees the other.
        let (before, after) = self.sweeping(&key);
        let passes = shard.entry(key.clone()).or_default();
        let before = before.and(Before::collect(&passes.works));
        let pass = Pass::new(false, None, &[], after);
        passes.looks.insert(address(&pass), Arc::clone(&pass));
        drop(shard);
        (Ticket { flights: Arc::clone(self), key, pass }, before)
    }

    /// Joins the load of `key` that gives a `T`, or starts one.
    pub(crate) fn join_or_lead<T: Default + Send + Sync + 'static>(
        self: &Arc<Self>,
        key: &EntryKey,
        tags: &[TagId],
    ) -> (Seat<T>, watch::Receiver<T>, Waiting) {
        let mut shard = self.shard(key);
        let (before, after) = self.sweeping(key);
        let passes = shard.entry(key.clone()).or_default();
        for pass in &passes.works {
            let results =
                pass.results.as_ref().and_then(|results| results.downcast_ref::<watch::Receiver<T>>());
            if let Some(results) = results.filter(|_| !pass.is_writing())
                && let Some(waiting) = Waiting::join(pass)
            {
                return (Seat::Follow, results.clone(), waiting);
            }
        }
        let before = before.and(Before::collect(&passes.works));
        let (sender, results) = watch::channel(T::default());
        let pass = Pass::new(false, Some(Box::new(results.clone())), tags, after);
        passes.works.push(Arc::clone(&pass));
        let waiting = Waiting(Arc::clone(&pass));
        drop(shard);
        let ticket = Ticket { flights: Arc::clone(self), key: key.clone(), pass };
        (Seat::Lead(ticket, sender, before), results, waiting)
    }

    /// Starts a load of `key` that gives a `T`, whether or not one runs.
    pub(crate) fn lead<T: Default + Send + Sync + 'static>(
        self: &Arc<Self>,
        key: &EntryKey,
        tags: &[TagId],
    ) -> (Ticket, watch::Sender<T>, Waiting) {
        let (sender, results) = watch::channel(T::default());
        let mut shard = self.shard(key);
        let (_, after) = self.sweeping(key);
        let pass = Pass::new(false, Some(Box::new(results)), tags, after);
        let waiting = Waiting(Arc::clone(&pass));
        shard.entry(key.clone()).or_default().works.push(Arc::clone(&pass));
        drop(shard);
        (Ticket { flights: Arc::clone(self), key: key.clone(), pass }, sender, waiting)
    }

    /// Changes an entry: voids what runs on the key, runs `change`, and gives a ticket for the backend write.
    pub(crate) fn change<T>(
        self: &Arc<Self>,
        key: EntryKey,
        change: impl FnOnce() -> T,
    ) -> (Ticket, Before, T) {
        let mut shard = self.shard(&key);
        let (before, after) = self.sweeping(&key);
        let passes = shard.entry(key.clone()).or_default();
        let before = before.and(void(passes.extract(|_| true)));
        let pass = Pass::new(true, None, &[], after);
        passes.works.push(Arc::clone(&pass));
        let changed = change();
        drop(shard);
        (Ticket { flights: Arc::clone(self), key, pass }, before, changed)
    }

    /// Changes many entries: voids what runs on the keys that match, then runs `change`.
    pub(crate) fn sweep<T>(
        self: &Arc<Self>,
        matches: impl Fn(&EntryKey) -> bool + Send + Sync + 'static,
        change: impl FnOnce() -> T,
    ) -> (Sweep, Before, T) {
        let matches: Matches = Arc::new(matches);
        let (pass, number) = {
            let mut sweeps = lock(&self.sweeps);
            let pass = Pass::new(true, None, &[], sweeps.announced);
            sweeps.running.push((Arc::clone(&pass), Arc::clone(&matches)));
            sweeps.announced += 1;
            (pass, sweeps.announced)
        };
        let sweep = Sweep { flights: Arc::clone(self), pass };
        // A write that waits for this sweep is not waited for: each would wait for the other.
        let is_older = |pass: &Pass| !pass.is_writing() || pass.after < number;
        let mut before = Before::default();
        for shard in &self.shards {
            let mut shard = lock(shard);
            for (_, passes) in shard.iter_mut().filter(|(key, _)| matches(key)) {
                before = before.and(void(passes.extract(is_older)));
            }
            shard.retain(|_, passes| !passes.is_empty());
        }
        (sweep, before, change())
    }

    /// Outdates what runs for entries with `tag`: it stores nothing, and nobody joins it any more.
    pub(crate) fn outdate_tagged(&self, tag: TagId, how: Invalidation) {
        self.outdate_where(|pass| pass.has_tag(tag), how);
    }

    /// Outdates all that runs.
    pub(crate) fn outdate_all(&self, how: Invalidation) {
        self.outdate_where(|_| true, how);
    }

    fn outdate_where(&self, matches: impl Fn(&Pass) -> bool, how: Invalidation) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            for passes in shard.values_mut() {
                for pass in passes.extract(|pass| !pass.is_writing() && matches(pass)) {
                    pass.outdated.store(true, Ordering::Release);
                    pass.void.fetch_or(how == Invalidation::Remove, Ordering::AcqRel);
                }
            }
            shard.retain(|_, passes| !passes.is_empty());
        }
    }

    /// Outdates what runs for one key, changed elsewhere.
    pub(crate) fn outdate(&self, key: &EntryKey, change: impl FnOnce()) {
        let mut shard = self.shard(key);
        if let Some(passes) = shard.get_mut(key) {
            // Who comes later still waits for a write that is under way.
            void(passes.works.iter().filter(|pass| pass.is_writing()).map(Arc::clone));
            void(passes.extract(|pass| !pass.is_writing()));
        }
        if shard.get(key).is_some_and(Passes::is_empty) {
            shard.remove(key);
        }
        change();
    }

    /// The same when it was the store that told, which tells of this process's own writes too.
    pub(crate) fn outdate_heard(&self, key: &EntryKey, now: u64, change: impl FnOnce()) {
        let mut shard = self.shard(key);
        if let Some(passes) = shard.get_mut(key) {
            void(passes.extract(|pass| pass.minds(now)));
            if passes.is_empty() {
                shard.remove(key);
            }
        }
        change();
    }

    /// Runs `work` while nobody fills or changes `key`.
    pub(crate) fn alone(&self, key: &EntryKey, work: impl FnOnce()) {
        let _shard = self.shard(key);
        work();
    }

    pub(crate) fn len(&self) -> u64 {
        self.shards.iter().map(|shard| lock(shard).len() as u64).sum()
    }
}

impl fmt::Debug for Flights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").field("keys", &self.len()).finish_non_exhaustive()
    }
}

/// Keeps passes from storing anything; those already writing are to be waited for.
fn void(passes: impl IntoIterator<Item = Arc<Pass>>) -> Before {
    let passes: Vec<_> = passes.into_iter().collect();
    for pass in &passes {
        pass.outdated.store(true, Ordering::Release);
        pass.void.store(true, Ordering::Release);
    }
    Before::collect(&passes)
}

/// A panic while one of these locks is held leaves whole data behind: every step is one map operation.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
