use super::*;
use crate::{Namespace, remote::fault::Landing};

fn key(name: &str) -> RawKey {
    RawKey::new(&Namespace::default(), "page", name)
}

fn queue(keys: usize) -> Queue {
    let limits = Limits { keys, bytes: 10_000, quiet: Duration::from_secs(1) };
    Queue::new(limits, RawKey::own(&Namespace::default(), "everything"))
}

fn value(fill: bool) -> Op {
    Op::Set { bytes: Bytes::from_static(b"v"), dead_at: u64::MAX, life: 1000, fill }
}

/// What a key would be sent as.
fn next(queue: &mut Queue, name: &str) -> Option<&'static str> {
    let batch = queue.take(&[key(name)], 0);
    match (batch.sets.len(), batch.deletes.len()) {
        (1, 0) => Some("set"),
        (0, 1) => Some("delete"),
        _ => None,
    }
}

#[test]
fn older_write_that_ends_last_does_not_win() {
    for ends in [[1, 2], [2, 1]] {
        let mut queue = queue(10);
        assert_eq!(queue.start(&key("k"), &value(false), 1, true), Start::Send);
        assert_eq!(queue.start(&key("k"), &Op::Delete, 2, true), Start::Send);
        for order in ends {
            let (op, landing) = match order {
                1 => (value(false), Landing::Unsure),
                _ => (Op::Delete, Landing::Landed),
            };
            assert!(queue.finish(&key("k"), op, order, landing, true));
        }
        assert_eq!(next(&mut queue, "k"), Some("delete"), "{ends:?}");
    }
}

#[test]
fn change_made_while_an_older_one_is_replayed_is_sent_after_it() {
    let mut queue = queue(10);
    queue.keep(&key("k"), value(false), 1, true);
    assert_eq!(next(&mut queue, "k"), Some("set"));
    assert_eq!(queue.start(&key("k"), &Op::Delete, 2, true), Start::Send);
    assert!(queue.finish(&key("k"), Op::Delete, 2, Landing::Landed, true), "the replay may land after it");
    queue.end(&key("k"), 1, Landing::Landed);
    assert_eq!(next(&mut queue, "k"), Some("delete"));
    queue.end(&key("k"), 2, Landing::Landed);
    assert!(queue.is_empty());
}

#[test]
fn what_was_confirmed_before_does_not_stand_for_a_write_that_is_under_way() {
    let mut queue = queue(10);
    assert_eq!(queue.start(&key("k"), &value(false), 1, true), Start::Send);
    assert!(queue.finish(&key("k"), value(false), 1, Landing::Unsure, true));
    assert_eq!(next(&mut queue, "k"), Some("set"));
    queue.end(&key("k"), 1, Landing::Landed);
    // A load stores, and is overtaken by a deletion whose time is over before its turn comes.
    assert_eq!(queue.start(&key("k"), &value(true), 2, true), Start::Send);
    assert_eq!(queue.start(&key("k"), &Op::Delete, 3, false), Start::Send);
    assert!(queue.finish(&key("k"), Op::Delete, 3, Landing::NotSent, false));
    assert_eq!(next(&mut queue, "k"), Some("delete"));
    queue.end(&key("k"), 3, Landing::Landed);
    assert!(queue.holds(&key("k")), "the value may land yet");
    assert!(queue.finish(&key("k"), value(true), 2, Landing::Unsure, true));
    assert_eq!(next(&mut queue, "k"), Some("delete"));
}

#[test]
fn value_of_a_load_is_dropped_for_room_unless_it_replaces_a_deletion() {
    let mut queue = queue(2);
    queue.keep(&key("deleted"), Op::Delete, 1, true);
    queue.keep(&key("deleted"), value(true), 2, true);
    queue.keep(&key("other"), value(true), 3, true);
    queue.keep(&key("third"), value(true), 4, true);
    assert_eq!((queue.len(), queue.dropped), (2, 1));
    queue.keep(&key("fourth"), Op::Delete, 5, true);
    assert_eq!((queue.len(), queue.dropped, queue.overflows), (2, 2, 0));
    assert_eq!(next(&mut queue, "deleted"), Some("set"));
    assert_eq!(next(&mut queue, "fourth"), Some("delete"));
}

#[test]
fn sums_are_right_whatever_was_done() {
    let mut queue = queue(50);
    for round in 0..500_u64 {
        let name = key(&(round % 60).to_string());
        match round % 7 {
            0 | 1 => queue.keep(&name, value(true), round, true),
            2 => queue.keep(&name, value(false), round, round % 2 == 0),
            3 => queue.keep(&name, Op::Delete, round, true),
            4 => {
                if queue.start(&name, &value(true), round, true) == Start::Send {
                    queue.finish(&name, value(true), round, Landing::Unsure, true);
                }
            }
            5 => {
                let batch = queue.take(std::slice::from_ref(&name), round);
                batch.deletes.iter().zip(&batch.delete_orders).for_each(|(key, order)| {
                    queue.end(key, *order, Landing::Landed);
                });
            }
            _ => queue.supersede(&Pattern::new(&Namespace::default(), "page:1*").unwrap(), round),
        }
        let bytes: u64 = queue.keys.iter().map(|(key, pending)| pending.cost(key)).sum();
        let spare = queue.keys.values().filter(|pending| pending.is_spare()).count();
        assert_eq!((queue.bytes, queue.spare), (bytes, spare), "round {round}");
        assert!(queue.len() <= 50);
    }
}

#[test]
fn many_patterns_are_one_invalidation() {
    let mut queue = queue(1000);
    for number in 0..=MOST_SWEEPS {
        let pattern = Pattern::new(&Namespace::default(), &format!("page:{number}*")).unwrap();
        queue.push_sweep(pattern.clone(), 1, Instant::now());
        queue.push_sweep(pattern, 2, Instant::now());
    }
    assert_eq!((queue.overflows, queue.len()), (1, 1));
    assert!(queue.holds(&key("any")));
}

#[test]
fn bump_asked_for_again_while_it_is_sent_is_sent_again_and_the_stronger_one_stays() {
    let (mut queue, tag) = (queue(10), key("tag"));
    queue.push_bump(tag.clone(), Invalidation::Remove, Instant::now());
    let due = queue.due_bumps(None);
    queue.push_bump(tag.clone(), Invalidation::Expire, Instant::now());
    queue.end_bump(&tag, due[0].2, Landing::Landed);
    let due = queue.due_bumps(None);
    assert_eq!((due.len(), due[0].1), (1, Invalidation::Remove));
    assert!(queue.has_bump(&tag) && !queue.holds(&key("k")));
    queue.end_bump(&tag, due[0].2, Landing::Landed);
    assert!(queue.is_empty());
}
