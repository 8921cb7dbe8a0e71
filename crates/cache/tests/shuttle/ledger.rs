use std::sync::Arc;

use shuttle::{sync::atomic::Ordering::Relaxed, thread};

use crate::{check, kind::name_hash, table::Ledger};

#[test]
fn kinds_that_meet_in_the_table_have_one_line_each_and_lose_no_count() {
    check(|| {
        let ledger = Arc::new(Ledger::new());
        let threads = [["a", "b"], ["b", "c"], ["c", "a"]].map(|kinds| {
            let ledger = Arc::clone(&ledger);
            thread::spawn(move || {
                for kind in kinds {
                    ledger.of(name_hash(kind), kind).calls.fetch_add(1, Relaxed);
                    assert_eq!(ledger.find(kind), Some(kind), "a kind that was used is found from then on");
                }
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let lines: Vec<_> = ledger.snapshot().iter().map(|line| (line.name, line.calls())).collect();
        assert_eq!(lines, [("a", 2), ("b", 2), ("c", 2)]);
    });
}
