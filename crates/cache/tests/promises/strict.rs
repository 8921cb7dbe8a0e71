//! `strict()`: the same calls, which say how the backend failed, and leave everything as the plain ones do.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use stockpile_cache::{
    Backend, BreakerState, Cache, Error, Kind, Lifetime, MemoryBus, Namespace, NotAsked, RawKey, Refusal,
    Rejection, Stored, Unstorable,
};

use crate::kit::{PAGE, Rig, SECOND, settle, text};

fn raw(key: &str) -> RawKey {
    RawKey::new(&Namespace::default(), "page", key)
}

#[tokio::test(start_paused = true)]
async fn without_faults_strict_calls_do_what_plain_ones_do() {
    let rig = Rig::tiered();
    let strict = rig.cache.strict();
    strict.ping().await.unwrap();
    assert_eq!(strict.get(&PAGE, "k").await.unwrap(), None);
    assert_eq!(strict.set(&PAGE, "k", text("v")).await.unwrap().l2, Stored::Stored);
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("v")));
    assert_eq!(rig.node().strict().get(&PAGE, "k").await.unwrap(), Some(text("v")));
    assert_eq!(strict.get_many(&PAGE, &["k", "l"]).await.unwrap(), [Some(text("v")), None]);
    assert!(strict.delete(&PAGE, "k").await.unwrap().existed);
    assert!(!strict.delete(&PAGE, "k").await.unwrap().existed);
    strict.entry(&PAGE, "k").tags(["t"]).set(text("w")).await.unwrap();
    assert!(strict.expire_tag("t").await.unwrap().complete);
    assert_eq!(strict.entry(&PAGE, "k").get().await.unwrap(), None);
    strict.entry(&PAGE, "k").ttl(SECOND).tags(["t"]).set(text("x")).await.unwrap();
    assert!(strict.remove_tag("t").await.unwrap().complete);
    strict.set(&PAGE, "k", text("y")).await.unwrap();
    assert_eq!(strict.delete_pattern("page:*").await.unwrap().keys, 1);
    assert!(strict.clear().await.unwrap().complete && strict.expire_all().await.unwrap().complete);
}

#[tokio::test(start_paused = true)]
async fn every_strict_call_says_that_the_backend_is_unreachable() {
    let rig =
        Rig::with(|builder, chaos| builder.backend(Arc::new(chaos.clone())).l1_max_bytes(0).breaker(1_000));
    rig.chaos.fail(true);
    let strict = rig.cache.strict();
    let errors = [
        strict.ping().await.err(),
        strict.get(&PAGE, "a").await.err(),
        strict.get_many(&PAGE, &["a", "b"]).await.err(),
        strict.set(&PAGE, "b", text("v")).await.err(),
        strict.delete(&PAGE, "c").await.err(),
        strict.delete_pattern("page:x*").await.err(),
        strict.expire_tag("t").await.err(),
        strict.remove_tag("t").await.err(),
        strict.expire_all().await.err(),
        strict.clear().await.err(),
    ];
    for (at, error) in errors.iter().enumerate() {
        assert!(matches!(error, Some(Error::Unreachable { backend: "chaos", .. })), "{at}: {error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_is_late_is_told_as_late_and_one_that_panics_as_unreachable() {
    let rig = Rig::remote();
    rig.chaos.delay(SECOND);
    let late = rig.cache.strict().get(&PAGE, "k").await;
    assert!(
        matches!(late, Err(Error::TimedOut { after, .. }) if after <= Duration::from_millis(50)),
        "{late:?}"
    );
    rig.chaos.delay(Duration::ZERO);
    rig.chaos.panic(true);
    let gone = rig.cache.strict().ping().await;
    assert!(matches!(gone, Err(Error::Unreachable { .. })), "{gone:?}");
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_is_left_alone_is_told_as_not_asked() {
    let rig = Rig::remote();
    rig.chaos.fail(true);
    for _ in 0..3 {
        assert!(rig.cache.strict().get(&PAGE, "k").await.is_err());
    }
    assert_eq!(rig.cache.remote_health().unwrap().state, BreakerState::Open);
    let before = rig.chaos.calls();
    let answer = rig.cache.strict().get(&PAGE, "k").await;
    assert!(matches!(answer, Err(Error::NotAsked { why: NotAsked::BreakerOpen, .. })), "{answer:?}");
    assert_eq!(rig.chaos.calls(), before);
    let asked = rig.cache.strict().ping().await;
    assert!(matches!(asked, Err(Error::Unreachable { .. })), "a ping says what is wrong: {asked:?}");
    rig.cache.shutdown(Duration::ZERO).await;
    for answer in [rig.cache.strict().delete(&PAGE, "k").await.err(), rig.cache.strict().ping().await.err()] {
        assert!(matches!(answer, Some(Error::NotAsked { why: NotAsked::ShutDown, .. })), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_the_backend_has_yet_to_be_told_of_is_not_asked_for() {
    let rig = Rig::remote();
    rig.cache.set(&PAGE, "k", text("v")).await;
    rig.chaos.late_writes(true);
    let late = rig.cache.strict().delete(&PAGE, "k").await;
    assert!(matches!(late, Err(Error::TimedOut { .. })), "{late:?}");
    let behind = rig.cache.strict().get(&PAGE, "k").await;
    assert!(matches!(behind, Err(Error::NotAsked { why: NotAsked::Behind, .. })), "{behind:?}");
    rig.chaos.late_writes(false);
    assert!(rig.cache.flush(SECOND * 5).await);
    assert_eq!(rig.cache.strict().get(&PAGE, "k").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_failed_is_kept_and_holds_in_this_process_as_the_plain_one_does() {
    let rig = Rig::tiered();
    rig.cache.set(&PAGE, "k", text("old")).await;
    rig.chaos.fail(true);
    assert!(rig.cache.strict().set(&PAGE, "k", text("new")).await.is_err());
    assert_eq!(rig.cache.get(&PAGE, "k").await, Some(text("new")));
    assert!(rig.cache.strict().delete(&PAGE, "k").await.is_err());
    assert_eq!(rig.cache.get(&PAGE, "k").await, None);
    rig.chaos.fail(false);
    assert!(rig.cache.flush(SECOND * 5).await);
    assert_eq!(rig.node().get(&PAGE, "k").await, None);
}

#[tokio::test(start_paused = true)]
async fn other_nodes_hear_of_a_strict_change() {
    let (rig, bus) = (Rig::local(), MemoryBus::new());
    let node = || {
        Cache::builder()
            .clock(rig.clock.shared())
            .backend(Arc::new(rig.chaos.clone()))
            .bus(Arc::new(bus.clone()))
            .build()
            .unwrap()
    };
    let (a, b) = (node(), node());
    b.set(&PAGE, "k", text("old")).await;
    a.connect();
    settle().await;
    a.strict().set(&PAGE, "k", text("new")).await.unwrap();
    settle().await;
    assert_eq!(b.get(&PAGE, "k").await, Some(text("new")));
    a.strict().delete(&PAGE, "k").await.unwrap();
    settle().await;
    assert_eq!(b.try_get_local(&PAGE, "k"), None);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_with_its_reason_and_what_was_there_is_removed() {
    let rig = Rig::remote();
    rig.cache.set(&PAGE, "k", text("old")).await;
    rig.chaos.refuse_writes(true);
    let full = rig.cache.strict().set(&PAGE, "k", text("new")).await.unwrap_err();
    assert_eq!(full.refusal(), Some(Refusal::Full));
    assert!(full.is_transient());
    assert_eq!(rig.cache.strict().clear().await.unwrap_err().refusal(), Some(Refusal::Full));
    rig.chaos.refuse_writes(false);
    assert!(rig.cache.flush(SECOND * 5).await);
    assert_eq!(rig.node().get(&PAGE, "k").await, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_over_the_limits_is_told_and_what_was_there_is_removed() {
    let rig = Rig::with(|builder, chaos| {
        builder.backend(Arc::new(chaos.clone())).max_value_bytes(10).max_key_bytes(4)
    });
    let strict = rig.cache.strict();
    strict.set(&PAGE, "k", text("small")).await.unwrap();
    let large = strict.set(&PAGE, "k", Bytes::from(vec![0; 11])).await;
    assert!(matches!(large, Err(Error::Unstorable(Unstorable::ValueTooLarge))), "{large:?}");
    assert_eq!(rig.node().get(&PAGE, "k").await, None);
    let long = strict.set(&PAGE, "longer", text("v")).await;
    assert!(matches!(long, Err(Error::Unstorable(Unstorable::KeyTooLong))), "{long:?}");
    let long = strict.get(&PAGE, "longer").await;
    assert!(matches!(long, Err(Error::Unstorable(Unstorable::KeyTooLong))), "{long:?}");
    let tags: Vec<String> = (0..300).map(|tag| tag.to_string()).collect();
    let many = strict.entry(&PAGE, "k").tags(tags).set(text("v")).await;
    assert!(matches!(many, Err(Error::Unstorable(Unstorable::TooManyTags))), "{many:?}");
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_not_the_entry_are_told_apart_from_none() {
    const OLD: Kind<String> = Kind::new("page");
    const NEW: Kind<u64> = Kind::new("page");

    let rig = Rig::remote();
    let lifetime = Lifetime::new(SECOND * 60).unwrap();
    rig.chaos.set(&raw("noise"), text("not an envelope"), lifetime).await.unwrap();
    let damaged = rig.cache.strict().get(&PAGE, "noise").await;
    assert!(matches!(damaged, Err(Error::Rejected(Rejection::Damaged))), "{damaged:?}");
    let many = rig.cache.strict().get_many(&PAGE, &["none", "noise"]).await;
    assert!(matches!(many, Err(Error::Rejected(Rejection::Damaged))), "{many:?}");
    assert_eq!(rig.cache.strict().get(&PAGE, "none").await.unwrap(), None);

    rig.cache.set(&OLD, "k", "text".to_owned()).await;
    let changed = rig.cache.strict().get(&NEW, "k").await;
    assert!(matches!(changed, Err(Error::Rejected(Rejection::NotDecodable))), "{changed:?}");
    assert_eq!(rig.cache.get(&NEW, "k").await, None, "to a plain call it is a miss");
}

#[tokio::test(start_paused = true)]
async fn a_read_whose_tags_could_not_be_asked_for_is_an_error_and_not_a_miss() {
    let rig = Rig::remote();
    rig.cache.entry(&PAGE, "k").tags(["t"]).set(text("v")).await;
    let other = Cache::builder()
        .clock(rig.clock.shared())
        .backend(Arc::new(OnlyValues(rig.chaos.clone())))
        .l1_max_bytes(0)
        .build()
        .unwrap();
    assert!(matches!(other.strict().get(&PAGE, "k").await, Err(Error::Unreachable { .. })));
    assert!(matches!(other.strict().get_many(&PAGE, &["k"]).await, Err(Error::Unreachable { .. })));
    assert_eq!(other.get(&PAGE, "k").await, None);
}

/// Gives values, and fails to give counters.
#[derive(Debug)]
struct OnlyValues(stockpile_cache::testkit::ChaosBackend);

#[async_trait::async_trait]
impl Backend for OnlyValues {
    fn name(&self) -> &'static str {
        "values"
    }

    fn capabilities(&self) -> stockpile_cache::Capabilities {
        self.0.capabilities()
    }

    async fn get(&self, key: &RawKey) -> stockpile_cache::Result<Option<Bytes>> {
        self.0.get(key).await
    }

    async fn get_many(&self, keys: &[RawKey]) -> stockpile_cache::Result<Vec<Option<Bytes>>> {
        self.0.get_many(keys).await
    }

    async fn set(&self, key: &RawKey, value: Bytes, lifetime: Lifetime) -> stockpile_cache::Result<()> {
        self.0.set(key, value, lifetime).await
    }

    async fn delete(&self, key: &RawKey) -> stockpile_cache::Result<bool> {
        self.0.delete(key).await
    }

    fn health(&self) -> stockpile_cache::Health {
        self.0.health()
    }

    async fn generations(
        &self,
        _counters: &[RawKey],
    ) -> stockpile_cache::Result<Vec<Option<stockpile_cache::Generation>>> {
        Err(Error::Unreachable { backend: self.name(), source: "no counters".into() })
    }
}
