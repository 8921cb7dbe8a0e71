use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use stockpile_cache::{Cache, Entry, Invalidated, Kind, Stored};
use tokio::sync::Mutex;

const NUMBER: Kind<u64> = Kind::new("number").ttl(Duration::from_secs(3600));
const KEYS: [&str; 4] = ["a", "b", "c", "d"];
const TAGS: [&str; 2] = ["even", "odd"];

/// What takes back what is cached.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Set,
    Delete,
    DeletePattern,
    ExpireTag,
    RemoveTag,
    Clear,
    ExpireAll,
}

impl Change {
    pub(crate) const ALL: &'static [Self] = &[
        Self::Set,
        Self::Delete,
        Self::DeletePattern,
        Self::ExpireTag,
        Self::RemoveTag,
        Self::Clear,
        Self::ExpireAll,
    ];
    pub(crate) const OF_TAGS: &'static [Self] =
        &[Self::ExpireTag, Self::RemoveTag, Self::Clear, Self::ExpireAll];

    /// The keys a change meant for one of them reaches.
    fn reach(self, key: usize) -> Vec<usize> {
        match self {
            Self::Set | Self::Delete => vec![key],
            Self::ExpireTag | Self::RemoveTag => {
                (0..KEYS.len()).filter(|other| other % 2 == key % 2).collect()
            }
            Self::DeletePattern | Self::Clear | Self::ExpireAll => (0..KEYS.len()).collect(),
        }
    }

    /// Makes it; true when it reached everywhere, or will, and this process acts as if it had.
    async fn make(self, cache: &Cache, key: usize, version: u64) -> bool {
        match self {
            Self::Set => entry(cache, key).set(version).await.l2 != Stored::Failed,
            Self::Delete => {
                let removed = cache.delete(&NUMBER, KEYS[key]).await;
                removed.complete || removed.queued
            }
            Self::DeletePattern => {
                let deleted = cache.delete_pattern("number:*").await;
                deleted.complete || deleted.queued
            }
            Self::ExpireTag => is_made(cache.expire_tag(TAGS[key % 2]).await),
            Self::RemoveTag => is_made(cache.remove_tag(TAGS[key % 2]).await),
            Self::Clear => is_made(cache.clear().await),
            Self::ExpireAll => is_made(cache.expire_all().await),
        }
    }
}

fn is_made(invalidated: Invalidated) -> bool {
    invalidated.complete || invalidated.queued
}

fn entry(cache: &Cache, key: usize) -> Entry<'_, u64> {
    cache.entry(&NUMBER, KEYS[key]).tags([TAGS[key % 2]])
}

/// The source behind the cache: a version for each key, which only grows.
#[derive(Default)]
pub(crate) struct World {
    keys: [Key; KEYS.len()],
    /// Whether a read may give what was before a change that had returned.
    is_lenient: bool,
}

#[derive(Default)]
struct Key {
    latest: AtomicU64,
    /// The newest version whose change has returned, complete: nothing older may be read from then on.
    floor: AtomicU64,
    /// One change at a time, or nobody could say which was the last.
    turn: Mutex<()>,
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}

impl World {
    pub(crate) fn strict() -> Arc<Self> {
        Arc::new(Self::default())
    }

    pub(crate) fn lenient() -> Arc<Self> {
        Arc::new(Self { is_lenient: true, ..Self::default() })
    }

    /// Does this many random things; returns how many of them the cache must have counted.
    pub(crate) async fn work(
        self: &Arc<Self>,
        cache: &Cache,
        seed: u64,
        steps: usize,
        changes: &[Change],
    ) -> u64 {
        let mut random = Random(seed);
        let mut calls = 0;
        for _ in 0..steps {
            let key = random.below(KEYS.len());
            let floor = self.keys[key].floor.load(SeqCst);
            match random.below(10) {
                0 | 1 => {
                    let change = changes[random.below(changes.len())];
                    self.change(cache, change, key).await;
                }
                2 => {
                    let read = cache.try_get_local(&NUMBER, KEYS[key]);
                    calls += u64::from(read.is_some());
                    self.check(key, read.as_deref(), floor, "try_get_local");
                }
                3 | 4 => {
                    let read = cache.get(&NUMBER, KEYS[key]).await;
                    calls += 1;
                    self.check(key, read.as_deref(), floor, "get");
                }
                5 => {
                    let read = cache.get_many(&NUMBER, &KEYS[..=key]).await;
                    calls += read.len() as u64;
                    self.check(key, read[key].as_deref(), floor, "get_many");
                }
                _ => {
                    let read = self.load(cache, key, random.below(3)).await;
                    calls += 1;
                    self.check(key, Some(&read), floor, "get_or_load");
                }
            }
        }
        calls
    }

    pub(crate) async fn load_for_ever(self: &Arc<Self>, cache: &Cache) {
        for key in (0..KEYS.len()).cycle() {
            self.load(cache, key, 2).await;
        }
    }

    /// Never fails: the source does not, and the cache must not.
    async fn load(self: &Arc<Self>, cache: &Cache, key: usize, yields: usize) -> u64 {
        let world = Arc::clone(self);
        let load = entry(cache, key).get_or_load(move |_| async move {
            let version = world.keys[key].latest.load(SeqCst);
            for _ in 0..yields {
                tokio::task::yield_now().await;
            }
            Ok::<_, Infallible>(version)
        });
        *load.await.unwrap()
    }

    async fn change(&self, cache: &Cache, change: Change, key: usize) {
        let reach = change.reach(key);
        // In their order, so that two changes do not wait for each other.
        let mut turns = Vec::new();
        for key in &reach {
            turns.push(self.keys[*key].turn.lock().await);
        }
        let versions: Vec<_> =
            reach.iter().map(|key| self.keys[*key].latest.fetch_add(1, SeqCst) + 1).collect();
        let version = self.keys[key].latest.load(SeqCst);
        if change.make(cache, key, version).await {
            for (key, version) in reach.iter().zip(versions) {
                self.keys[*key].floor.fetch_max(version, SeqCst);
            }
        }
    }

    /// Whether a complete change reached every key.
    pub(crate) fn has_changed(&self) -> bool {
        self.keys.iter().all(|key| key.floor.load(SeqCst) > 0)
    }

    pub(crate) async fn change_everything(&self, cache: &Cache, change: Change) {
        for key in 0..KEYS.len() {
            self.change(cache, change, key).await;
        }
    }

    fn check(&self, key: usize, read: Option<&u64>, floor: u64, how: &str) {
        let Some(read) = read else { return };
        assert!(*read <= self.keys[key].latest.load(SeqCst), "{how} made {read} of {} up", KEYS[key]);
        let is_old = *read < floor && !self.is_lenient;
        assert!(!is_old, "{how} gave {read} of {} after a change to {floor}", KEYS[key]);
    }

    /// Waits until every read gives what the last change left.
    pub(crate) async fn agrees(self: &Arc<Self>, cache: &Cache) {
        let start = Instant::now();
        for (key, name) in KEYS.iter().enumerate() {
            let floor = self.keys[key].floor.load(SeqCst);
            while self.load(cache, key, 0).await < floor {
                assert!(start.elapsed() < Duration::from_secs(20), "{name} stays old");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
