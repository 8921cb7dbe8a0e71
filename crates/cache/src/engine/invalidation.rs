//! Steps that take back what was stored.

use super::Engine;
use crate::{
    Error, Generation, Invalidated, Invalidation, Pattern, coherence::Operation, key::EntryKey,
    remote::Applied, stamp::TagId,
};

/// An invalidation this process knows and the backend does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    tag: TagId,
    how: Invalidation,
}

impl Engine {
    /// Invalidates every entry with `tag` in this process.
    pub(crate) fn begin(&self, tag: TagId, how: Invalidation) -> Begun {
        let now = self.heed_clock();
        if self.remote.is_some() {
            self.generations.begin(tag, how, &self.trust, now);
        } else {
            self.generations.change(tag, how, &self.trust, now);
        }
        self.drop_forgotten();
        self.take_back(tag, how);
        Begun { tag, how }
    }

    /// Raises the counter in the backend.
    pub(crate) async fn tell(&self, Begun { tag, how }: Begun) -> (Invalidated, Option<Error>) {
        let Some(remote) = &self.remote else {
            if let Some(Generation { latest, removed }) = self.generations.get(tag) {
                self.announce(|| Operation::Invalidated { tag, how, latest, removed });
            }
            return (Invalidated { complete: true, queued: false }, None);
        };
        let counter = tag.counter(&self.namespace);
        let receipt = remote.bump(&counter, how, self.deadline()).await;
        (Invalidated { complete: receipt.is_done(), queued: receipt.queued }, receipt.error)
    }

    /// Takes in what the backend has confirmed, and tells the others.
    pub(crate) fn applied(&self, applied: Applied<'_>) {
        match applied {
            Applied::Changed(key) => self.announce(|| Operation::changed(key)),
            Applied::Swept(pattern) => self.announce(|| Operation::Swept(pattern.as_typed().to_owned())),
            Applied::Bumped { counter, how, generation, lost } => {
                let Some(tag) = TagId::of_counter(counter) else { return };
                if lost {
                    // What is begun here and known by nobody else is done with all the rest.
                    self.drop_everything();
                    self.generations.forget();
                }
                // Else there is another, which the backend has yet to be told.
                if !self.remote.as_ref().is_some_and(|remote| remote.has_bump(counter)) {
                    self.generations.settle(tag, generation, &self.trust, self.clock.now_ms());
                }
                let Generation { latest, removed } = generation;
                self.announce(|| Operation::Invalidated { tag, how, latest, removed });
            }
        }
    }

    /// Takes back what this process holds or makes under `tag`.
    pub(crate) fn take_back(&self, tag: TagId, how: Invalidation) {
        if tag != TagId::EVERYTHING {
            return self.flights.outdate_tagged(tag, how);
        }
        match how {
            Invalidation::Remove => self.drop_everything(),
            Invalidation::Expire => {
                self.flights.outdate_all(how);
                let now = self.clock.now_ms();
                for key in self.l1.all_keys() {
                    self.flights.alone(&key, || self.l1.expire(&key, now));
                }
            }
        }
    }

    /// Drops what it is not known of any more whether it was removed: more tags than are remembered.
    pub(super) fn drop_forgotten(&self) {
        if self.generations.has_forgotten() {
            self.l1.clear();
        }
    }

    /// Tells which entries of this process a pattern means.
    pub(crate) fn matcher(
        &self,
        pattern: &Pattern,
    ) -> impl Fn(&EntryKey) -> bool + Clone + Send + Sync + use<> {
        let (all, pattern, namespace) = (pattern.is_everything(), pattern.clone(), self.namespace.clone());
        move |key| all || pattern.matches(key.raw(&namespace).as_str())
    }

    /// Empties this process.
    pub(crate) fn drop_everything(&self) {
        let (_sweep, _before, ()) = self.flights.sweep(|_| true, || self.l1.clear());
    }
}
