//! A store that tells which keys changed, whoever changed them: this process too.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use stockpile_cache::{Bus, BusEvent, Result, Tier};
use tokio::sync::mpsc;

use crate::kit::{Gate, MILLI, PAGE, Rig, SECOND, load, settle, text};

/// What the store says reaches the cache when the test says so.
#[derive(Clone, Debug, Default)]
struct Tracking(Arc<Mutex<Vec<mpsc::Sender<BusEvent>>>>);

#[async_trait]
impl Bus for Tracking {
    fn name(&self) -> &'static str {
        "tracking"
    }

    async fn publish(&self, _channel: &str, _message: Bytes) -> Result<()> {
        Ok(())
    }

    fn subscribe(&self, _channel: &str) -> mpsc::Receiver<BusEvent> {
        let (sender, events) = mpsc::channel(64);
        sender.try_send(BusEvent::Connected).unwrap();
        self.0.lock().unwrap().push(sender);
        events
    }
}

impl Tracking {
    async fn tell(&self, key: &str) {
        let event = BusEvent::Changed(vec![Bytes::from(format!("cache:page:{key}"))]);
        self.0.lock().unwrap().iter().for_each(|sender| sender.try_send(event.clone()).unwrap());
        settle().await;
    }

    async fn rig() -> (Self, Rig) {
        let bus = Self::default();
        let rig = Rig::with(|builder, chaos| {
            builder.backend(Arc::new(chaos.clone())).bus(Arc::new(bus.clone())).budget(SECOND * 10)
        });
        rig.cache.get(&PAGE, "warm up").await;
        settle().await;
        rig.clock.advance(MILLI);
        (bus, rig)
    }
}

async fn tier(rig: &Rig) -> Option<Tier> {
    rig.cache.entry(&PAGE, "k").with_outcome().get().await.and_then(|(_, outcome)| outcome.tier())
}

#[tokio::test]
async fn word_of_an_own_write_that_comes_before_its_answer_undoes_nothing() {
    for by_load in [true, false] {
        let (bus, rig) = Tracking::rig().await;
        rig.chaos.hold_writes(true);
        let set = {
            let cache = rig.cache.clone();
            tokio::spawn(async move {
                if by_load {
                    load(&cache, "v").await.unwrap();
                } else {
                    cache.set(&PAGE, "k", text("v")).await;
                }
            })
        };
        settle().await;
        bus.tell("k").await;
        rig.chaos.hold_writes(false);
        set.await.unwrap();
        settle().await;
        assert_eq!(rig.chaos.deletes(), 0);
        assert_eq!(tier(&rig).await, Some(Tier::L2), "the copy goes, what was stored stays");
        assert_eq!(tier(&rig).await, Some(Tier::L1));
    }
}

#[tokio::test]
async fn load_whose_own_question_ended_an_expired_entry_is_stored() {
    let (bus, rig) = Tracking::rig().await;
    load(&rig.cache, "old").await.unwrap();
    settle().await;
    rig.clock.advance(SECOND * 71);
    let gate = Gate::new();
    let call = gate.spawn(&rig.cache, "new");
    gate.entered().await;
    bus.tell("k").await;
    gate.open();
    call.await.unwrap().unwrap();
    settle().await;
    assert_eq!(tier(&rig).await, Some(Tier::L1));
    assert_eq!(rig.node().get(&PAGE, "k").await, Some(text("new")));
}

#[tokio::test]
async fn change_by_another_program_during_a_load_keeps_it_from_being_stored() {
    for (late, twice) in [(true, false), (false, true)] {
        let (bus, rig) = Tracking::rig().await;
        let gate = Gate::new();
        let call = gate.spawn(&rig.cache, "old");
        gate.entered().await;
        if late {
            rig.clock.advance(MILLI * 100);
        }
        if twice {
            bus.tell("k").await;
        }
        bus.tell("k").await;
        gate.open();
        assert_eq!(call.await.unwrap().unwrap().0, text("old"));
        settle().await;
        assert_eq!(rig.cache.get(&PAGE, "k").await, None);
        assert_eq!(rig.chaos.writes(), 0);
    }
}

#[tokio::test]
async fn change_by_another_program_is_seen_at_once() {
    let (bus, rig) = Tracking::rig().await;
    rig.cache.set(&PAGE, "k", text("old")).await;
    rig.node().set(&PAGE, "k", text("new")).await;
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("old")));
    bus.tell("k").await;
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("new")));
}
