//! The connections of a backend: one for each runtime that asks.
//!
//! The driver of a connection runs where its first caller ran. On a thread with a runtime of its own, as actix-web's
//! workers are, a command then wakes no other thread on its way out and none on its way back.

use std::{
    num::NonZeroUsize,
    sync::atomic::{
        AtomicU64, AtomicUsize,
        Ordering::{AcqRel, Acquire, Relaxed},
    },
    thread::available_parallelism,
};

use futures_util::future::join_all;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::{command, link::Link, reply};
use crate::{Health, Result};

/// Connections at most where nobody says how many.
const USUAL_MOST: usize = 32;
/// Stands for all runtimes that have several threads.
const SHARED: u64 = u64::MAX;

#[derive(Debug)]
pub(super) struct Links {
    seats: Vec<Seat>,
    /// Each thread has one of its own, also of a runtime with several.
    by_thread: bool,
    next: AtomicUsize,
}

#[derive(Debug)]
struct Seat {
    link: Link,
    /// Who came first, a thread or [`SHARED`]; zero while nobody did.
    owner: AtomicU64,
}

impl Links {
    /// As many as there are runtimes: one for those with several threads, one for each thread that has its own.
    pub(super) fn by_runtime(link: impl Fn() -> Link) -> Self {
        let workers = available_parallelism().map_or(1, NonZeroUsize::get);
        // One more for the thread that starts the workers.
        let most = (workers + 1).min(USUAL_MOST);
        Self { by_thread: false, ..Self::by_thread((0..most).map(|_| link())) }
    }

    /// As many as there are threads, up to these.
    pub(super) fn by_thread(links: impl IntoIterator<Item = Link>) -> Self {
        let seats = links.into_iter().map(|link| Seat { link, owner: AtomicU64::new(0) }).collect();
        Self { seats, by_thread: true, next: AtomicUsize::new(0) }
    }

    pub(super) const fn len(&self) -> usize {
        self.seats.len()
    }

    /// The connection of whoever asks: his own, else one that nobody has any more, else any, by turns.
    pub(super) fn here(&self) -> &Link {
        if let [only] = self.seats.as_slice() {
            return &only.link;
        }
        let here = self.asker();
        if let Some(own) = self.own(here) {
            return own;
        }
        let seat = self.seats.iter().find(|seat| seat.take(here));
        &seat.unwrap_or_else(|| &self.seats[self.next.fetch_add(1, Relaxed) % self.seats.len()]).link
    }

    fn own(&self, asker: u64) -> Option<&Link> {
        self.seats.iter().find(|seat| seat.owner.load(Acquire) == asker).map(|seat| &seat.link)
    }

    fn asker(&self) -> u64 {
        let is_shared = !self.by_thread
            && Handle::try_current()
                .is_ok_and(|runtime| runtime.runtime_flavor() != RuntimeFlavor::CurrentThread);
        if is_shared { SHARED } else { this_thread() }
    }

    /// Asks all that are in use, or a dead one would be found by whoever comes next. One that ended with its runtime is not.
    pub(super) async fn ping(&self) -> Result<()> {
        let here = self.here();
        let used = self.seats.iter().map(|seat| &seat.link);
        let used = used.filter(|link| std::ptr::eq(*link, here) || link.runs());
        let answers = used.map(|link| async {
            let command = command::ping();
            reply::done(link.send(command.name, command.args).await?)
        });
        join_all(answers).await.into_iter().collect()
    }

    /// That of whoever asks, else the worst.
    pub(super) fn health(&self) -> Health {
        if let Some(own) = self.own(self.asker()) {
            return own.health();
        }
        self.seats.iter().map(|seat| seat.link.health()).max().unwrap_or(Health::Down)
    }

    pub(super) fn last_error(&self) -> Option<String> {
        self.seats.iter().find_map(|seat| seat.link.last_error())
    }
}

impl Seat {
    /// Takes a seat that is free, or whose owner's runtime ended.
    fn take(&self, asker: u64) -> bool {
        let owner = self.owner.load(Acquire);
        let has_ended = owner != 0 && self.link.has_ended();
        let is_free = owner == 0 || has_ended;
        let taken = is_free && self.owner.compare_exchange(owner, asker, AcqRel, Acquire).is_ok();
        if taken && has_ended {
            // It ended with its runtime, not by a fault that the next one had to wait for.
            self.link.forget();
        }
        taken
    }
}

/// A number for this thread, never zero.
fn this_thread() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static NUMBER: u64 = LAST.fetch_add(1, Relaxed) + 1;
    }
    NUMBER.with(|number| *number)
}
