//! What the sources under test name of the rest of the crate.

/// Shuttle's in place of the standard library's.
pub(crate) mod sync {
    pub(crate) use std::sync::PoisonError;

    pub(crate) use shuttle::sync::{Mutex, MutexGuard, RwLock, atomic};

    /// Shuttle has none: a lock around what is leaked, so that it can be lent out.
    #[derive(Debug)]
    pub(crate) struct OnceLock<T: 'static>(Mutex<Option<&'static T>>);

    impl<T> OnceLock<T> {
        pub(crate) fn new() -> Self {
            Self(Mutex::new(None))
        }

        pub(crate) fn get(&self) -> Option<&T> {
            *self.0.lock().unwrap()
        }

        pub(crate) fn get_or_init(&self, init: impl FnOnce() -> T) -> &T {
            self.0.lock().unwrap().get_or_insert_with(|| Box::leak(Box::new(init())))
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invalidation {
    Expire,
    Remove,
}

pub(crate) mod key {
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    pub(crate) struct EntryKey(pub(crate) u32);

    pub(crate) fn same_name(a: &'static str, b: &'static str) -> bool {
        a == b
    }
}

pub(crate) mod stamp {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct TagId(pub(crate) u64);
}

pub(crate) mod kind {
    /// The same for all, so that all meet.
    pub(crate) fn name_hash(_name: &str) -> u64 {
        255
    }
}

pub(crate) mod stats {
    use shuttle::sync::atomic::{AtomicU64, Ordering::Relaxed};

    #[derive(Debug)]
    pub(crate) struct Counters {
        name: &'static str,
        pub(crate) calls: AtomicU64,
    }

    pub(crate) struct KindStats {
        pub(crate) name: &'static str,
        calls: u64,
    }

    impl Counters {
        pub(crate) fn named(name: &'static str) -> Self {
            Self { name, calls: AtomicU64::new(0) }
        }

        pub(crate) fn name(&self) -> &'static str {
            self.name
        }

        pub(crate) fn snapshot(&self) -> KindStats {
            KindStats { name: self.name, calls: self.calls.load(Relaxed) }
        }
    }

    impl KindStats {
        pub(crate) fn calls(&self) -> u64 {
            self.calls
        }
    }
}
