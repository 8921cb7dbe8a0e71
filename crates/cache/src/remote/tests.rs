use std::sync::{Arc, Mutex};

use super::*;
use crate::{
    Backend, Invalidation, MemoryBackend, Namespace, Pattern, SystemClock,
    testkit::{ChaosBackend, ManualClock},
};

const SECOND: Duration = Duration::from_secs(1);

struct Rig {
    remote: Arc<Remote>,
    chaos: ChaosBackend,
    clock: ManualClock,
    said: Arc<Mutex<Vec<String>>>,
}

impl Rig {
    fn new() -> Self {
        let clock = ManualClock::new();
        let chaos = ChaosBackend::new(Arc::new(MemoryBackend::new(1 << 20).with_clock(clock.shared())));
        let said: Arc<Mutex<Vec<String>>> = Arc::default();
        let on_applied: OnApplied = {
            let said = Arc::clone(&said);
            Arc::new(move |applied| {
                let text = match applied {
                    Applied::Changed(key) => format!("changed {key}"),
                    Applied::Swept(pattern) => format!("swept {}", pattern.as_glob()),
                    Applied::Bumped { counter, how, generation, .. } => {
                        format!("bumped {counter} {how:?} {}", generation.removed == generation.latest)
                    }
                };
                said.lock().unwrap().push(text);
            })
        };
        let settings = Settings {
            budget: Duration::from_millis(50),
            sweep_budget: SECOND,
            failures: 3,
            keys: 100,
            bytes: 1 << 20,
        };
        let everything = RawKey::own(&Namespace::default(), "everything");
        let backend = Arc::new(chaos.clone());
        let remote = Remote::new(
            backend,
            clock.shared(),
            settings,
            everything,
            (on_applied, Arc::new(|| {})),
            Arc::default(),
        );
        Self { remote, chaos, clock, said }
    }

    fn turn(&self) -> Turn {
        Turn { order: self.remote.order(), settled: true, deadline: self.remote.deadline() }
    }

    fn said(&self) -> Vec<String> {
        std::mem::take(&mut self.said.lock().unwrap())
    }

    async fn change_all(&self) {
        let dead_at = self.clock.now_ms() + 60_000;
        self.remote.set(&key("k"), Bytes::from_static(b"v"), dead_at, false, self.turn()).await;
        self.remote.delete(&key("l"), self.turn()).await;
        let pattern = Pattern::new(&Namespace::default(), "other:*").unwrap();
        self.remote.sweep(pattern, self.remote.order(), self.remote.sweep_deadline()).await;
        self.remote.bump(&key("tag"), Invalidation::Remove, self.remote.deadline()).await;
    }
}

fn key(name: &str) -> RawKey {
    RawKey::new(&Namespace::default(), "page", name)
}

const ALL: [&str; 4] = [
    "bumped cache:page:tag Remove true",
    "changed cache:page:k",
    "changed cache:page:l",
    "swept cache:other:*",
];

#[tokio::test(start_paused = true)]
async fn changes_are_announced_once_the_backend_has_them() {
    let rig = Rig::new();
    rig.change_all().await;
    let mut said = rig.said();
    said.sort();
    assert_eq!(said, ALL);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_announced_in_an_outage_and_everything_after_it_invalidations_first() {
    let rig = Rig::new();
    rig.chaos.say(Some(crate::Health::Down));
    rig.change_all().await;
    assert!(rig.said().is_empty());
    rig.chaos.say(None);
    assert!(rig.remote.flush(SECOND * 3).await);
    let said = rig.said();
    assert_eq!(said, [ALL[0], ALL[3], ALL[2], ALL[1]]);
}

#[tokio::test(start_paused = true)]
async fn change_that_is_repeated_is_announced_again() {
    let rig = Rig::new();
    rig.chaos.late_writes(true);
    rig.remote.delete(&key("k"), rig.turn()).await;
    assert!(rig.said().is_empty());
    rig.chaos.late_writes(false);
    assert!(rig.remote.flush(SECOND * 3).await);
    assert_eq!(rig.said(), ["changed cache:page:k"; 2], "another node may have read in between");
}

#[tokio::test(start_paused = true)]
async fn bump_that_failed_is_repeated() {
    let rig = Rig::new();
    let counter = key("tag");
    let before = rig.chaos.seed_generation(&counter).await.unwrap().generation;
    rig.chaos.fail(true);
    let receipt = rig.remote.bump(&counter, Invalidation::Expire, rig.remote.deadline()).await;
    assert!(receipt.answer.is_none() && receipt.queued && receipt.failure().is_some());
    assert!(rig.remote.has_bump(&counter) && !rig.remote.holds(&key("k")));
    rig.chaos.fail(false);
    assert!(rig.remote.flush(SECOND).await);
    assert!(!rig.remote.has_bump(&counter));
    let after = rig.chaos.generations(&[counter]).await.unwrap()[0].unwrap();
    assert!(after.latest > before.latest && after.removed == before.removed);
}

#[tokio::test(start_paused = true)]
async fn counter_of_the_namespace_takes_trust_from_every_key() {
    let rig = Rig::new();
    let everything = RawKey::own(&Namespace::default(), "everything");
    rig.chaos.refuse_writes(true);
    rig.remote.bump(&everything, Invalidation::Remove, rig.remote.deadline()).await;
    assert!(rig.remote.holds(&key("k")));
    rig.chaos.refuse_writes(false);
    assert!(rig.remote.flush(SECOND * 3).await);
    assert!(!rig.remote.holds(&key("k")));
}

#[tokio::test(start_paused = true)]
async fn call_that_waited_most_of_its_budget_elsewhere_is_not_held_against_the_backend() {
    let rig = Rig::new();
    rig.chaos.delay(SECOND);
    for _ in 0..5 {
        let deadline = rig.remote.deadline();
        tokio::time::sleep(Duration::from_millis(40)).await;
        assert!(rig.remote.get(&key("k"), deadline).await.is_err());
        let spent = rig.remote.deadline();
        tokio::time::sleep(Duration::from_millis(60)).await;
        let answer = rig.remote.get(&key("k"), spent).await;
        assert!(matches!(answer, Err(Error::NotAsked { why: NotAsked::BudgetSpent, .. })), "{answer:?}");
    }
    assert!(rig.remote.offer().is_ok());
}

#[test]
fn debug_shows_no_key() {
    let clock = Arc::new(SystemClock);
    let settings = Settings { budget: SECOND, sweep_budget: SECOND, failures: 3, keys: 1, bytes: 1 };
    let backend = Arc::new(MemoryBackend::new(1 << 20));
    let remote = Remote::new(
        backend,
        clock,
        settings,
        key("secret"),
        (Arc::new(|_| {}), Arc::new(|| {})),
        Arc::default(),
    );
    assert!(!format!("{remote:?}").contains("secret"));
}
