//! The behaviour every [`Backend`] must show: one function per promise, one test per promise and backend.
//!
//! ```
//! use std::sync::Arc;
//!
//! use stockpile_cache::{NoopBackend, testkit::Subject};
//!
//! stockpile_cache::conformance_suite!(noop, async { Some(Subject::new(Arc::new(NoopBackend))) });
//! # fn main() {}
//! ```
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "each function is a test; its name says what it promises"
)]

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::ManualClock;
use crate::{Backend, Generation, Invalidation, Lifetime, Namespace, Pattern, RawKey, Retention, ScanLimit};

/// A backend under test, and how its time passes.
#[derive(Debug)]
pub struct Subject {
    backend: Arc<dyn Backend>,
    clock: Option<ManualClock>,
    namespace: Namespace,
}

const SHORT: Duration = Duration::from_millis(40);
const LONG: Duration = Duration::from_secs(60);

impl Subject {
    /// Tests a backend that reads the time of the machine. Some promises then sleep for tens of milliseconds.
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self { backend, clock: None, namespace: Namespace::default() }
    }

    /// Tests a backend that reads the time from `clock`.
    #[must_use]
    pub fn with_clock(mut self, clock: ManualClock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Puts the keys into a namespace, so that several runs may share one store.
    #[must_use]
    pub fn in_namespace(mut self, namespace: Namespace) -> Self {
        self.namespace = namespace;
        self
    }

    fn key(&self, key: &str) -> RawKey {
        RawKey::new(&self.namespace, "conformance", key)
    }

    fn keeps(&self) -> bool {
        self.backend.capabilities().retention == Retention::UntilExpiry
    }

    /// What a read gives after a write, on a backend that keeps things or does not.
    fn kept(&self, value: &'static [u8]) -> Option<Bytes> {
        self.keeps().then(|| Bytes::from_static(value))
    }

    async fn set(&self, key: &str, value: &'static [u8], lifetime: Duration) {
        let lifetime = Lifetime::new(lifetime).unwrap();
        self.backend.set(&self.key(key), Bytes::from_static(value), lifetime).await.unwrap();
    }

    async fn get(&self, key: &str) -> Option<Bytes> {
        self.backend.get(&self.key(key)).await.unwrap()
    }

    async fn elapse(&self, time: Duration) {
        match &self.clock {
            Some(clock) => clock.advance(time),
            None => tokio::time::sleep(time).await,
        }
    }
}

pub async fn absent_key_is_a_miss(subject: &Subject) {
    assert_eq!(subject.get("absent").await, None);
}

pub async fn value_set_is_read_back(subject: &Subject) {
    subject.set("back", b"v", LONG).await;
    assert_eq!(subject.get("back").await, subject.kept(b"v"));
}

pub async fn empty_value_is_not_a_miss(subject: &Subject) {
    subject.set("empty", b"", LONG).await;
    assert_eq!(subject.get("empty").await, subject.kept(b""));
}

pub async fn second_set_replaces_value_and_lifetime(subject: &Subject) {
    subject.set("replace", b"v1", SHORT).await;
    subject.set("replace", b"v2", LONG).await;
    subject.elapse(SHORT * 2).await;
    assert_eq!(subject.get("replace").await, subject.kept(b"v2"));
}

pub async fn value_is_gone_after_its_lifetime(subject: &Subject) {
    subject.set("gone", b"v", SHORT).await;
    subject.elapse(SHORT + SHORT / 2).await;
    assert_eq!(subject.get("gone").await, None);
    assert!(!subject.backend.delete(&subject.key("gone")).await.unwrap(), "an expired value still existed");
}

pub async fn longest_lifetime_is_accepted(subject: &Subject) {
    subject.set("longest", b"v", Duration::MAX).await;
    assert_eq!(subject.get("longest").await, subject.kept(b"v"));
}

pub async fn deleting_an_absent_key_succeeds(subject: &Subject) {
    assert!(!subject.backend.delete(&subject.key("never")).await.unwrap());
}

pub async fn deleted_value_is_a_miss(subject: &Subject) {
    subject.set("deleted", b"v", LONG).await;
    assert_eq!(subject.backend.delete(&subject.key("deleted")).await.unwrap(), subject.keeps());
    assert_eq!(subject.get("deleted").await, None);
}

pub async fn any_bytes_are_kept_as_they_are(subject: &Subject) {
    subject.set("bytes", b"\x00\xff\r\n\x80{}", LONG).await;
    assert_eq!(subject.get("bytes").await, subject.kept(b"\x00\xff\r\n\x80{}"));
}

pub async fn value_of_some_mebibytes_is_kept(subject: &Subject) {
    let value = Bytes::from(vec![7; 3 << 20]);
    let lifetime = Lifetime::new(LONG).unwrap();
    subject.backend.set(&subject.key("large"), value.clone(), lifetime).await.unwrap();
    assert_eq!(subject.get("large").await, subject.keeps().then_some(value));
}

pub async fn odd_keys_are_kept_apart(subject: &Subject) {
    let long = "k".repeat(10_000);
    let keys = ["", " ", "a b", "a\nb", "a\0b", "a:b", "a%3Ab", "贵州茅台", &long];
    let values: Vec<&'static [u8]> = vec![b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8"];
    for (key, value) in keys.iter().zip(&values) {
        subject.set(key, value, LONG).await;
    }
    for (key, value) in keys.iter().zip(&values) {
        assert_eq!(subject.get(key).await, subject.kept(value), "{key:?}");
    }
}

pub async fn many_keys_answer_in_their_order(subject: &Subject) {
    let lifetime = Lifetime::new(LONG).unwrap();
    let items = ["m1", "m2"].map(|key| (subject.key(key), Bytes::from_static(b"v"), lifetime));
    subject.backend.set_many(&items).await.unwrap();
    let keys = ["m1", "absent", "m2"].map(|key| subject.key(key));
    let kept = subject.kept(b"v");
    assert_eq!(subject.backend.get_many(&keys).await.unwrap(), [kept.clone(), None, kept]);
    assert_eq!(subject.backend.delete_many(&keys).await.unwrap(), if subject.keeps() { 2 } else { 0 });
    assert_eq!(subject.backend.get_many(&[]).await.unwrap(), Vec::<Option<Bytes>>::new());
}

pub async fn pattern_deletes_what_matches_and_nothing_else(subject: &Subject) {
    if !subject.backend.capabilities().patterns {
        return unsupported_pattern_is_an_error(subject).await;
    }
    for key in ["p:1", "p:2", "q:1"] {
        subject.set(key, b"v", LONG).await;
    }
    let pattern = Pattern::new(&subject.namespace, "conformance:p:*").unwrap();
    let deleted = subject.backend.delete_pattern(&pattern, ScanLimit::default()).await.unwrap();
    assert_eq!((deleted.keys, deleted.complete), (if subject.keeps() { 2 } else { 0 }, true));
    assert_eq!(subject.get("p:1").await, None);
    assert_eq!(subject.get("q:1").await, subject.kept(b"v"));
}

async fn unsupported_pattern_is_an_error(subject: &Subject) {
    let everything = Pattern::everything(&subject.namespace);
    assert!(subject.backend.delete_pattern(&everything, ScanLimit::default()).await.is_err());
}

pub async fn pattern_stops_at_its_limit_and_says_so(subject: &Subject) {
    if !subject.backend.capabilities().patterns || !subject.keeps() {
        return;
    }
    for key in ["l:1", "l:2", "l:3"] {
        subject.set(key, b"v", LONG).await;
    }
    let pattern = Pattern::new(&subject.namespace, "conformance:l:*").unwrap();
    let deleted = subject.backend.delete_pattern(&pattern, ScanLimit::keys(2)).await.unwrap();
    assert_eq!((deleted.keys, deleted.complete), (2, false));
}

pub async fn absent_generation_is_none_until_it_is_seeded(subject: &Subject) {
    let counter = subject.key("seeded");
    assert_eq!(subject.backend.generations(std::slice::from_ref(&counter)).await.unwrap(), [None]);
    let first = subject.backend.seed_generation(&counter).await.unwrap();
    assert!(first.created && first.generation == Generation::first(first.generation.latest), "{first:?}");
    assert!(first.now >= first.generation.latest, "{first:?}");
    if subject.keeps() {
        let second = subject.backend.seed_generation(&counter).await.unwrap();
        assert!(!second.created && second.generation == first.generation, "{second:?}");
        let absent = subject.key("unseeded");
        let both = subject.backend.generations(&[absent, counter]).await.unwrap();
        assert_eq!(both, [None, Some(first.generation)]);
    }
}

pub async fn bumped_generation_is_one_it_never_had(subject: &Subject) {
    let counter = subject.key("bumped");
    let mut seen = Vec::new();
    let mut removed = 0;
    for how in [Invalidation::Expire, Invalidation::Remove, Invalidation::Expire] {
        let generation = subject.backend.bump_generation(&counter, how).await.unwrap();
        assert!(!seen.contains(&generation.latest), "{generation:?} after {seen:?}");
        seen.push(generation.latest);
        if how == Invalidation::Remove {
            removed = generation.latest;
        }
        if subject.keeps() {
            assert_eq!(generation.removed, removed);
            assert_eq!(
                subject.backend.generations(std::slice::from_ref(&counter)).await.unwrap(),
                [Some(generation)]
            );
        }
    }
}

pub async fn generation_lost_and_made_anew_has_no_earlier_value(subject: &Subject) {
    let counter = subject.key("lost");
    let before = subject.backend.bump_generation(&counter, Invalidation::Expire).await.unwrap();
    subject.backend.delete(&counter).await.unwrap();
    subject.elapse(Duration::from_millis(2)).await;
    let after = subject.backend.seed_generation(&counter).await.unwrap();
    assert!(after.created && after.generation.latest > before.latest, "{before:?} then {after:?}");
}

pub async fn lease_has_one_holder_until_it_is_released_or_over(subject: &Subject) {
    if !subject.backend.capabilities().leases {
        assert!(subject.backend.try_lease(&subject.key("lease"), Lifetime::MAX).await.is_err());
        return;
    }
    let (key, lifetime) = (subject.key("lease"), Lifetime::new(LONG).unwrap());
    let first = subject.backend.try_lease(&key, lifetime).await.unwrap().unwrap();
    assert_eq!(subject.backend.try_lease(&key, lifetime).await.unwrap(), None);
    subject.backend.release(&first).await.unwrap();
    let brief = subject.backend.try_lease(&key, Lifetime::new(SHORT).unwrap()).await.unwrap().unwrap();
    subject.elapse(SHORT * 2).await;
    assert!(!subject.backend.renew(&brief, lifetime).await.unwrap(), "what is over is not renewed");
    let third = subject.backend.try_lease(&key, lifetime).await.unwrap().unwrap();
    assert!(!subject.backend.renew(&brief, lifetime).await.unwrap(), "a stranger renewed it");
    subject.backend.release(&brief).await.unwrap();
    assert_eq!(subject.backend.try_lease(&key, lifetime).await.unwrap(), None, "a stranger released it");
    subject.backend.release(&third).await.unwrap();
    let kept = subject.backend.try_lease(&key, Lifetime::new(SHORT).unwrap()).await.unwrap().unwrap();
    assert!(subject.backend.renew(&kept, lifetime).await.unwrap());
    subject.elapse(SHORT * 2).await;
    assert_eq!(subject.backend.try_lease(&key, lifetime).await.unwrap(), None, "it was renewed");
    subject.backend.release(&kept).await.unwrap();
}

pub async fn scan_lists_what_matches_with_its_lifetime(subject: &Subject) {
    let pattern = Pattern::new(&subject.namespace, "conformance:scan:*").unwrap();
    if !subject.backend.capabilities().patterns || !subject.keeps() {
        return;
    }
    for key in ["scan:1", "scan:2", "other:3"] {
        subject.set(key, b"v", LONG).await;
    }
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = subject.backend.scan(&pattern, cursor.as_deref(), 10).await.unwrap();
        found.extend(page.keys);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found.dedup_by(|a, b| a.key == b.key);
    let names: Vec<_> = found.iter().map(|stored| stored.key.clone()).collect();
    let expected = ["scan:1", "scan:2"].map(|key| Bytes::from(subject.key(key).to_string()));
    assert_eq!(names, expected);
    assert!(found.iter().all(|stored| stored.lifetime.is_some_and(|left| left <= LONG)), "{found:?}");
    let one = subject.backend.stored_key(&subject.key("scan:1")).await.unwrap().unwrap();
    assert_eq!((&one.key, one.bytes), (&found[0].key, found[0].bytes), "told alone as it is listed");
    assert!(one.lifetime.is_some_and(|left| left <= LONG), "{one:?}");
    assert_eq!(subject.backend.stored_key(&subject.key("scan:none")).await.unwrap(), None);
}

pub async fn answers_a_ping(subject: &Subject) {
    subject.backend.ping().await.unwrap();
}

/// Makes one named test per promise for one backend.
///
/// The second argument is a future of `Option<Subject>`; `None` means that the backend is not configured here, which
/// skips, and fails when `REQUIRE_BACKENDS` is set. The caller needs tokio with `macros` and `rt`.
#[macro_export]
macro_rules! conformance_suite {
    ($backend:ident, $make:expr) => {
        mod $backend {
            #[allow(unused_imports, reason = "the expression may name anything of the file it stands in")]
            use super::*;
            $crate::conformance_suite!(@checks $backend, $make;
                absent_key_is_a_miss,
                value_set_is_read_back,
                empty_value_is_not_a_miss,
                second_set_replaces_value_and_lifetime,
                value_is_gone_after_its_lifetime,
                longest_lifetime_is_accepted,
                deleting_an_absent_key_succeeds,
                deleted_value_is_a_miss,
                any_bytes_are_kept_as_they_are,
                value_of_some_mebibytes_is_kept,
                odd_keys_are_kept_apart,
                many_keys_answer_in_their_order,
                pattern_deletes_what_matches_and_nothing_else,
                pattern_stops_at_its_limit_and_says_so,
                absent_generation_is_none_until_it_is_seeded,
                bumped_generation_is_one_it_never_had,
                generation_lost_and_made_anew_has_no_earlier_value,
                lease_has_one_holder_until_it_is_released_or_over,
                scan_lists_what_matches_with_its_lifetime,
                answers_a_ping,
            );
        }
    };
    (@checks $backend:ident, $make:expr; $($check:ident,)+) => {$(
        #[tokio::test]
        async fn $check() {
            let Some(subject) = $make.await else {
                assert!(
                    std::env::var_os("REQUIRE_BACKENDS").is_none(),
                    "backend `{}` is required and not configured",
                    stringify!($backend),
                );
                return;
            };
            $crate::testkit::conformance::$check(&subject).await;
        }
    )+};
}
