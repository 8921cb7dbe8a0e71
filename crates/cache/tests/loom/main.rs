//! Every interleaving of the smallest protocols, under the memory model of the language: a relaxed load may give an
//! older value, as it may on machines other than x86. The sources are the crate's own, on loom's atomics.
#![allow(
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    reason = "test; parts of the sources are used elsewhere"
)]

mod sync {
    pub(crate) use loom::sync::atomic;
}

#[path = "../../src/trust.rs"]
mod trust;
#[path = "../../src/waiters.rs"]
mod waiters;

use std::sync::Arc;

use loom::{
    sync::{
        Notify,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use self::{trust::Trust, waiters::Waiters};

/// Checked at 100, read at 150: too old for the short age without a bus, and made before the gap in the bus.
#[test]
fn what_was_checked_before_a_gap_is_never_trusted_for_the_longer_age_after_it() {
    loom::model(|| {
        let trust = Arc::new(Trust::new(10));
        let reader = {
            let trust = Arc::clone(&trust);
            thread::spawn(move || assert!(!trust.holds(100, 150), "trusted across a gap"))
        };
        // As the bus does when it is connected again.
        trust.withdraw(140);
        trust.set_max_age(1000);
        reader.join().unwrap();
    });
}

#[test]
fn withdrawing_is_seen_by_whoever_is_told_of_it_and_never_goes_back() {
    loom::model(|| {
        let trust = Arc::new(Trust::new(1000));
        let told = Arc::new(AtomicBool::new(false));
        let other = {
            let trust = Arc::clone(&trust);
            thread::spawn(move || trust.withdraw(50))
        };
        let reader = {
            let (trust, told) = (Arc::clone(&trust), Arc::clone(&told));
            thread::spawn(move || {
                if told.load(SeqCst) {
                    assert!(!trust.holds(100, 150));
                }
            })
        };
        trust.withdraw(100);
        told.store(true, SeqCst);
        other.join().unwrap();
        reader.join().unwrap();
        assert!(!trust.holds(100, 150));
    });
}

/// One waits from the start, another comes and goes while the work watches for the moment nobody is left.
#[test]
fn work_is_told_when_the_last_leaves_and_nobody_joins_it_after_it_closed() {
    loom::model(|| {
        let waiters = Arc::new(Waiters::with_one());
        let (left, closed) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let leave = |waiters: &Waiters, left: &Notify| {
            if waiters.leave() {
                left.notify();
            }
        };
        let first = {
            let (waiters, left) = (Arc::clone(&waiters), Arc::clone(&left));
            thread::spawn(move || leave(&waiters, &left))
        };
        let second = {
            let (waiters, left, closed) = (Arc::clone(&waiters), Arc::clone(&left), Arc::clone(&closed));
            thread::spawn(move || {
                if waiters.join() {
                    assert!(!closed.load(SeqCst), "joined what is closed");
                    leave(&waiters, &left);
                }
            })
        };
        // Ends in every interleaving, or loom reports a deadlock: no wake-up is lost.
        loop {
            left.wait();
            if waiters.close() {
                closed.store(true, SeqCst);
                break;
            }
        }
        first.join().unwrap();
        second.join().unwrap();
        assert!(!waiters.join() && !waiters.close(), "it stays closed");
    });
}

#[test]
fn work_somebody_waits_for_is_not_closed_and_only_one_closes_it() {
    loom::model(|| {
        let (waiters, closes) = (Arc::new(Waiters::with_one()), Arc::new(AtomicUsize::new(0)));
        assert!(!waiters.close());
        let closers = [(); 2].map(|()| {
            let (waiters, closes) = (Arc::clone(&waiters), Arc::clone(&closes));
            thread::spawn(move || {
                if waiters.close() {
                    closes.fetch_add(1, SeqCst);
                }
            })
        });
        assert!(waiters.join());
        assert!(!waiters.leave());
        assert!(waiters.leave());
        closers.into_iter().for_each(|closer| closer.join().unwrap());
        assert!(closes.load(SeqCst) == 1 || waiters.close());
    });
}
