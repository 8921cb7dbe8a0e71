//! One entry, a source whose value only grows, this process's tier and a backend: whoever reads never gets what was
//! before a change that had returned.

use std::sync::Arc;

use shuttle::{
    future::block_on,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
};

use crate::{
    Invalidation, check,
    flights::{Flights, Seat},
    key::EntryKey,
    stamp::TagId,
};

const KEY: EntryKey = EntryKey(1);
const TAG: TagId = TagId(7);

struct World {
    flights: Arc<Flights>,
    /// What a loader would find.
    source: AtomicU64,
    /// The tier of this process; zero is nothing.
    local: AtomicU64,
    backend: AtomicU64,
    /// The newest change that has returned.
    returned: AtomicU64,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            flights: Flights::new(),
            source: AtomicU64::new(1),
            local: AtomicU64::new(0),
            backend: AtomicU64::new(0),
            returned: AtomicU64::new(1),
        })
    }

    fn spawn(self: &Arc<Self>, work: impl Fn(&Self) + Send + 'static) -> JoinHandle<()> {
        let world = Arc::clone(self);
        thread::spawn(move || work(&world))
    }

    /// Loads, or waits for who does; gives what came of it.
    fn load(&self) -> Option<u64> {
        let (seat, mut results, _waiting) = self.flights.join_or_lead::<Option<u64>>(&KEY, &[TAG]);
        match seat {
            Seat::Lead(ticket, sender, before) => {
                block_on(before.wait());
                let value = self.source.load(SeqCst);
                thread::yield_now();
                if ticket.fill_then_write(|| self.local.store(value, SeqCst)) {
                    thread::yield_now();
                    self.backend.store(value, SeqCst);
                }
                sender.send_replace(Some(value));
                drop(ticket);
                Some(value)
            }
            Seat::Follow => {
                // An error says that the leader is gone.
                let result = block_on(results.wait_for(Option::is_some)).ok()?;
                *result
            }
        }
    }

    /// A new value at the source, and the entry deleted.
    fn change(&self) {
        let value = self.source.fetch_add(1, SeqCst) + 1;
        let (ticket, before, ()) = self.flights.change(KEY, || self.local.store(0, SeqCst));
        block_on(before.wait());
        self.backend.store(0, SeqCst);
        drop(ticket);
        self.returned.fetch_max(value, SeqCst);
    }

    fn sweep(&self) {
        let value = self.source.fetch_add(1, SeqCst) + 1;
        let (sweep, before, ()) = self.flights.sweep(|_| true, || self.local.store(0, SeqCst));
        block_on(before.wait());
        self.backend.store(0, SeqCst);
        drop(sweep);
        self.returned.fetch_max(value, SeqCst);
    }

    /// An entry of this process, or else of the backend, as a read takes it.
    fn read(&self) -> u64 {
        let local = self.local.load(SeqCst);
        if local != 0 {
            return local;
        }
        let (ticket, before) = self.flights.open(KEY);
        block_on(before.wait());
        let value = self.backend.load(SeqCst);
        if value != 0 {
            ticket.fill(|| self.local.store(value, SeqCst));
        }
        value
    }

    fn assert_not_older(&self, value: u64, than: u64) {
        assert!(value == 0 || value >= than, "{value} after a change to {than} had returned");
    }

    fn read_and_check(&self) {
        let returned = self.returned.load(SeqCst);
        self.assert_not_older(self.read(), returned);
    }

    fn load_and_check(&self) {
        let returned = self.returned.load(SeqCst);
        if let Some(value) = self.load() {
            self.assert_not_older(value, returned);
        }
    }

    fn end(&self, threads: impl IntoIterator<Item = JoinHandle<()>>) {
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        self.read_and_check();
        self.assert_not_older(self.local.load(SeqCst), self.returned.load(SeqCst));
        self.assert_not_older(self.backend.load(SeqCst), self.returned.load(SeqCst));
        assert_eq!(self.flights.len(), 0, "something is left in the map");
    }
}

#[test]
fn read_or_load_that_began_after_a_change_gives_nothing_older() {
    check(|| {
        let world = World::new();
        let threads = [
            world.spawn(World::change),
            world.spawn(World::load_and_check),
            world.spawn(World::load_and_check),
            world.spawn(World::read_and_check),
        ];
        world.end(threads);
    });
}

#[test]
fn two_changes_and_a_load_leave_nothing_older_behind() {
    check(|| {
        let world = World::new();
        let threads =
            [world.spawn(World::change), world.spawn(World::change), world.spawn(World::load_and_check)];
        world.end(threads);
    });
}

#[test]
fn change_of_many_entries_is_as_good_as_one_of_each() {
    check(|| {
        let world = World::new();
        let threads = [
            world.spawn(World::sweep),
            world.spawn(World::load_and_check),
            world.spawn(World::read_and_check),
            world.spawn(World::change),
        ];
        world.end(threads);
    });
}

#[test]
fn change_of_some_entries_makes_others_wait_for_nothing_and_theirs_for_it() {
    const OTHER: EntryKey = EntryKey(2);
    check(|| {
        let world = World::new();
        let sweep = |world: &World| {
            let value = world.source.fetch_add(1, SeqCst) + 1;
            let (sweep, before, ()) = world.flights.sweep(|key| *key == KEY, || world.local.store(0, SeqCst));
            block_on(before.wait());
            thread::yield_now();
            world.backend.store(0, SeqCst);
            drop(sweep);
            world.returned.fetch_max(value, SeqCst);
        };
        let other = |world: &World| {
            let (ticket, before) = world.flights.open(OTHER);
            assert!(before.is_empty(), "waits for what does not concern it");
            drop(ticket);
            let (ticket, before, ()) = world.flights.change(OTHER, || ());
            assert!(before.is_empty(), "waits for what does not concern it");
            drop(ticket);
        };
        let threads = [
            world.spawn(sweep),
            world.spawn(World::load_and_check),
            world.spawn(World::read_and_check),
            world.spawn(other),
        ];
        world.end(threads);
    });
}

#[test]
fn load_under_a_tag_that_was_invalidated_is_neither_joined_nor_kept() {
    check(|| {
        let world = World::new();
        let invalidate = |world: &World| {
            let value = world.source.fetch_add(1, SeqCst) + 1;
            world.flights.outdate_tagged(TAG, Invalidation::Remove);
            // What was there before is judged by its generation.
            world.flights.alone(&KEY, || {
                if world.local.load(SeqCst) < value {
                    world.local.store(0, SeqCst);
                }
            });
            world.returned.fetch_max(value, SeqCst);
        };
        let load = |world: &World| {
            let returned = world.returned.load(SeqCst);
            let (seat, mut results, _waiting) = world.flights.join_or_lead::<Option<u64>>(&KEY, &[TAG]);
            let value = match seat {
                Seat::Lead(ticket, sender, _) => {
                    let value = world.source.load(SeqCst);
                    ticket.fill(|| world.local.store(value, SeqCst));
                    sender.send_replace(Some(value));
                    Some(value)
                }
                Seat::Follow => block_on(results.wait_for(Option::is_some)).ok().and_then(|result| *result),
            };
            world.assert_not_older(value.unwrap_or(0), returned);
        };
        let threads = [world.spawn(invalidate), world.spawn(load), world.spawn(load)];
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        world.assert_not_older(world.local.load(SeqCst), world.returned.load(SeqCst));
        assert_eq!(world.flights.len(), 0);
    });
}

#[test]
fn load_is_given_up_once_all_callers_are_gone_and_nobody_joins_it_then() {
    check(|| {
        let world = World::new();
        let given_up = Arc::new(Mutex::new(Vec::<Arc<AtomicBool>>::new()));
        let caller = {
            let given_up = Arc::clone(&given_up);
            move |world: &World| {
                let (seat, results, waiting) =
                    world.flights.join_or_lead::<Option<Arc<AtomicBool>>>(&KEY, &[]);
                match seat {
                    Seat::Lead(ticket, sender, _) => {
                        let gone = Arc::new(AtomicBool::new(false));
                        sender.send_replace(Some(Arc::clone(&gone)));
                        let given_up = Arc::clone(&given_up);
                        // Ends in every interleaving, or shuttle reports a deadlock.
                        let work = thread::spawn(move || {
                            block_on(ticket.abandoned());
                            gone.store(true, SeqCst);
                            given_up.lock().unwrap().push(gone);
                        });
                        thread::yield_now();
                        drop(waiting);
                        work.join().unwrap();
                    }
                    Seat::Follow => {
                        let gone = results.borrow().clone();
                        thread::yield_now();
                        let is_gone = gone.is_some_and(|gone| gone.load(SeqCst));
                        assert!(!is_gone, "a load with a caller was given up");
                        drop(waiting);
                    }
                }
            }
        };
        let threads = [(); 3].map(|()| world.spawn(caller.clone()));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(!given_up.lock().unwrap().is_empty());
        assert_eq!(world.flights.len(), 0);
    });
}
