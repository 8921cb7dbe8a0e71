use std::collections::HashSet;

use crate::{
    key::same_name,
    kind::name_hash,
    stats::{Counters, KindStats},
    sync::{OnceLock, PoisonError, RwLock},
};

/// Kinds counted one by one; the rest share one line.
const KINDS: usize = 256;

/// The counters of every kind, found without a lock.
#[derive(Debug)]
pub(crate) struct Ledger {
    kinds: Box<[OnceLock<Box<Counters>>]>,
    others: Counters,
    /// The kinds that share it: changes of their entries are heard by name.
    other_names: RwLock<HashSet<&'static str>>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            kinds: (0..KINDS).map(|_| OnceLock::new()).collect(),
            others: Counters::named("(others)"),
            other_names: RwLock::new(HashSet::new()),
        }
    }

    /// Finds the counters of a kind, or makes them. Open addressing; a line once taken never moves.
    #[inline]
    pub(crate) fn of(&self, id: u64, name: &'static str) -> &Counters {
        // The remainder is below `KINDS`.
        let start = (id % KINDS as u64) as usize;
        for step in 0..KINDS {
            let line = self.kinds[(start + step) % KINDS].get_or_init(|| Box::new(Counters::named(name)));
            if same_name(line.name(), name) {
                return line;
            }
        }
        self.among_others(name)
    }

    #[cold]
    fn among_others(&self, name: &'static str) -> &Counters {
        if self.find_other(name).is_none() {
            self.other_names.write().unwrap_or_else(PoisonError::into_inner).insert(name);
        }
        &self.others
    }

    fn find_other(&self, name: &str) -> Option<&'static str> {
        self.other_names.read().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }

    /// Finds a kind that was used before.
    pub(crate) fn find(&self, name: &str) -> Option<&'static str> {
        let start = (name_hash(name) % KINDS as u64) as usize;
        let lines = (0..KINDS).map_while(|step| self.kinds[(start + step) % KINDS].get());
        lines.map(|line| line.name()).find(|known| *known == name).or_else(|| self.find_other(name))
    }

    pub(crate) fn snapshot(&self) -> Vec<KindStats> {
        let kinds = self.kinds.iter().filter_map(OnceLock::get).map(|line| line.snapshot());
        let others = Some(self.others.snapshot()).filter(|others| others.calls() > 0);
        let mut all: Vec<_> = kinds.chain(others).collect();
        all.sort_unstable_by_key(|kind| kind.name);
        all
    }
}
