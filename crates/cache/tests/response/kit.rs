//! A handler's world: how often it was asked, and what it is to answer.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use stockpile_cache::{
    Cache, Kind,
    response::{ResponseCache, StoredResponse},
    testkit::ManualClock,
};
use tokio::sync::Semaphore;

/// Fresh for 10 seconds, usable for 60 more.
pub(crate) const PAGES: Kind<StoredResponse> =
    Kind::new("pages").ttl(Duration::from_secs(10)).stale(Duration::from_secs(60));

/// What a handler is to answer: status, headers, and a body after the number of the call.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: String,
    /// Sends the body in pieces, so that its length is not known before.
    pub(crate) streams: bool,
}

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) cache: Cache,
    pub(crate) clock: ManualClock,
    calls: Arc<AtomicU64>,
    script: Arc<Mutex<Script>>,
    gate: Arc<Mutex<Option<Arc<Semaphore>>>>,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::new();
        let script = Script { status: 200, headers: Vec::new(), body: "x".into(), streams: false };
        Self {
            cache: Cache::builder().clock(clock.shared()).build().unwrap(),
            clock,
            calls: Arc::default(),
            script: Arc::new(Mutex::new(script)),
            gate: Arc::default(),
        }
    }

    pub(crate) fn rules(&self) -> ResponseCache {
        ResponseCache::new(&self.cache, PAGES)
    }

    pub(crate) fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(SeqCst)
    }

    /// Makes handlers wait until permits are added.
    pub(crate) fn shut(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *self.gate.lock().unwrap() = Some(Arc::clone(&gate));
        gate
    }

    /// What a handler does: counts, waits, and answers by the script.
    pub(crate) async fn handle(&self) -> Script {
        let call = self.calls.fetch_add(1, SeqCst) + 1;
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        let mut script = self.script.lock().unwrap().clone();
        script.body = format!("{call}{}", script.body);
        script
    }
}

/// Lets every other task run as far as it can.
pub(crate) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// An answer, of no framework.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Body and `X-Cache`.
    pub(crate) fn brief(&self) -> (&str, &str) {
        (&self.body, self.header("x-cache").unwrap_or("-"))
    }
}

/// The promises that both frameworks keep, over a macro that makes an application of a world and rules.
macro_rules! promises {
    ($test:path, $app:ident, $ask:ident) => {
        use std::time::Duration;

        use crate::kit::{World, settle};

        const PLAIN: &[(&str, &str)] = &[];

        #[$test]
        async fn second_request_is_a_hit_with_age_tag_and_lifetime() {
            let world = World::new();
            let app = $app!(world, world.rules());
            let first = $ask(&app, "GET", "/a?b=1", PLAIN).await;
            assert_eq!((first.brief(), first.header("age")), (("1x", "miss"), None));
            world.clock.advance(Duration::from_secs(3));
            let second = $ask(&app, "GET", "/a?b=1", PLAIN).await;
            assert_eq!((second.brief(), second.header("age")), (("1x", "hit"), Some("3")));
            assert_eq!(second.header("cache-control"), Some("max-age=10"));
            let etag = second.header("etag").unwrap();
            assert!(etag.starts_with('"') && Some(etag) == first.header("etag"));
            assert_eq!($ask(&app, "GET", "/a?b=2", PLAIN).await.brief(), ("2x", "miss"));
        }

        #[$test]
        async fn client_that_has_the_response_is_told_so() {
            let world = World::new();
            let app = $app!(world, world.rules());
            let etag = $ask(&app, "GET", "/a", PLAIN).await.header("etag").unwrap().to_owned();
            for tags in [etag.clone(), format!("W/{etag}"), format!("\"other, one\", {etag}"), "*".into()] {
                let known = $ask(&app, "GET", "/a", &[("if-none-match", tags.as_str())]).await;
                assert_eq!((known.status, known.brief()), (304, ("", "hit")), "{tags}");
                assert_eq!(known.header("etag"), Some(etag.as_str()));
            }
            let other = $ask(&app, "GET", "/a", &[("if-none-match", "\"other\"")]).await;
            assert_eq!((other.status, other.brief()), (200, ("1x", "hit")));
            assert_eq!(world.calls(), 1);
        }

        #[$test]
        async fn condition_of_the_first_client_does_not_reach_the_handler() {
            let world = World::new();
            let app = $app!(world, world.rules());
            let first = $ask(&app, "GET", "/a", &[("if-none-match", "\"old\"")]).await;
            assert_eq!((first.status, first.header("saw-condition")), (200, Some("no")));
        }

        #[$test]
        async fn what_is_for_one_client_alone_is_never_kept() {
            let refusals: [&[(&str, &str)]; 8] = [
                &[("expires", "0")],
                &[("set-cookie", "a=b")],
                &[("cache-control", "no-store")],
                &[("cache-control", "max-age=60, private")],
                &[("cache-control", "no-cache")],
                &[("vary", "*")],
                &[("vary", "accept-language")],
                &[("cache-control", "max-age=0")],
            ];
            for headers in refusals {
                let world = World::new();
                let app = $app!(world, world.rules());
                world.script(|script| script.headers = headers.to_vec());
                assert_eq!($ask(&app, "GET", "/a", PLAIN).await.body, "1x", "{headers:?}");
                let second = $ask(&app, "GET", "/a", PLAIN).await;
                assert_eq!(second.body, "2x", "{headers:?}");
                assert_eq!(second.header(headers[0].0), Some(headers[0].1));
            }
        }

        #[$test]
        async fn other_statuses_long_bodies_and_streams_pass_unchanged() {
            let changes: [fn(&mut crate::kit::Script); 3] = [
                |script| script.status = 404,
                |script| script.body = "x".repeat(100),
                |script| script.streams = true,
            ];
            for change in changes {
                let world = World::new();
                let app = $app!(world, world.rules().max_body_bytes(50));
                world.script(change);
                let first = $ask(&app, "GET", "/a", PLAIN).await;
                let second = $ask(&app, "GET", "/a", PLAIN).await;
                assert_eq!((first.body.len(), second.status), (second.body.len(), first.status));
                assert_eq!((world.calls(), world.cache.stats().l1_keys), (2, 0));
            }
        }

        #[$test]
        async fn status_that_was_asked_for_is_kept() {
            let world = World::new();
            let app = $app!(world, world.rules().statuses(["404".parse().unwrap()]));
            world.script(|script| script.status = 404);
            $ask(&app, "GET", "/a", PLAIN).await;
            let second = $ask(&app, "GET", "/a", PLAIN).await;
            assert_eq!((second.status, second.brief()), (404, ("1x", "hit")));
        }

        #[$test]
        async fn request_with_credentials_is_neither_answered_from_the_cache_nor_kept() {
            let world = World::new();
            let app = $app!(world, world.rules());
            for header in [("authorization", "Bearer x"), ("cookie", "a=b"), ("cache-control", "no-store")] {
                let before = world.calls();
                $ask(&app, "GET", "/a", &[header]).await;
                $ask(&app, "GET", "/a", &[header]).await;
                assert_eq!((world.calls(), world.cache.stats().l1_keys), (before + 2, 0));
            }
        }

        #[$test]
        async fn listed_headers_and_parameters_tell_responses_apart() {
            let world = World::new();
            let vary = ["accept".parse().unwrap()];
            let app = $app!(world, world.rules().query(["page"]).vary(vary));
            let csv = [("accept", "text/csv")];
            assert_eq!($ask(&app, "GET", "/a?page=1&utm=1", PLAIN).await.brief(), ("1x", "miss"));
            assert_eq!($ask(&app, "GET", "/a?utm=2&page=1", PLAIN).await.brief(), ("1x", "hit"));
            let other = $ask(&app, "GET", "/a?page=1", &csv).await;
            assert_eq!((other.brief(), other.header("vary")), (("2x", "miss"), Some("accept")));
            assert_eq!($ask(&app, "GET", "/a?page=2", PLAIN).await.brief(), ("3x", "miss"));
        }

        #[$test]
        async fn head_is_answered_from_what_a_get_stored_and_stores_nothing() {
            let world = World::new();
            let app = $app!(world, world.rules());
            $ask(&app, "HEAD", "/a", PLAIN).await;
            assert_eq!((world.calls(), world.cache.stats().l1_keys), (1, 0));
            let got = $ask(&app, "GET", "/a", PLAIN).await;
            let head = $ask(&app, "HEAD", "/a", PLAIN).await;
            assert_eq!((head.header("x-cache"), head.header("etag")), (Some("hit"), got.header("etag")));
            assert_eq!(world.calls(), 2);
        }

        #[$test]
        async fn lifetime_is_what_the_handler_says() {
            let world = World::new();
            let app = $app!(world, world.rules());
            world.script(|script| {
                script.headers = vec![("cache-control", "public, max-age=100"), ("age", "40")]
            });
            $ask(&app, "GET", "/a", PLAIN).await;
            world.clock.advance(Duration::from_secs(59));
            let hit = $ask(&app, "GET", "/a", PLAIN).await;
            assert_eq!((hit.brief(), hit.header("age")), (("1x", "hit"), Some("99")));
            assert_eq!(hit.header("cache-control"), Some("public, max-age=100"));
            world.clock.advance(Duration::from_secs(1));
            assert_eq!($ask(&app, "GET", "/a", PLAIN).await.brief(), ("2x", "miss"));
        }

        #[$test]
        async fn stale_response_stands_in_for_a_failing_handler() {
            let world = World::new();
            let app = $app!(world, world.rules());
            $ask(&app, "GET", "/a", PLAIN).await;
            world.clock.advance(Duration::from_secs(11));
            world.script(|script| script.status = 503);
            let stale = $ask(&app, "GET", "/a", PLAIN).await;
            assert_eq!((stale.status, stale.brief()), (200, ("1x", "stale")));
            assert_eq!((stale.header("age"), stale.header("cache-control")), (Some("11"), Some("max-age=0")));
            let unknown = $ask(&app, "GET", "/b", PLAIN).await;
            assert_eq!((unknown.status, unknown.brief()), (503, ("3x", "miss")));
        }

        #[$test]
        async fn stale_response_is_gone_once_the_handler_says_it_is_private_or_gone() {
            for status in [200, 404] {
                let world = World::new();
                let app = $app!(world, world.rules());
                $ask(&app, "GET", "/a", PLAIN).await;
                world.clock.advance(Duration::from_secs(11));
                world.script(|script| {
                    script.status = status;
                    script.headers = vec![("cache-control", "private")];
                });
                assert_eq!($ask(&app, "GET", "/a", PLAIN).await.body, "2x");
                world.script(|script| script.status = 500);
                assert_eq!($ask(&app, "GET", "/a", PLAIN).await.status, 500);
            }
        }

        #[$test]
        async fn change_of_a_path_outdates_what_is_kept_of_it() {
            let world = World::new();
            let app = $app!(world, world.rules());
            $ask(&app, "GET", "/a?b=1", PLAIN).await;
            $ask(&app, "GET", "/b", PLAIN).await;
            world.script(|script| script.status = 400);
            $ask(&app, "POST", "/a", PLAIN).await;
            assert_eq!($ask(&app, "GET", "/a?b=1", PLAIN).await.brief(), ("1x", "hit"));
            world.script(|script| script.status = 200);
            $ask(&app, "POST", "/a", PLAIN).await;
            assert_eq!($ask(&app, "GET", "/a?b=1", PLAIN).await.brief(), ("5x", "miss"));
            assert_eq!($ask(&app, "GET", "/b", PLAIN).await.brief(), ("2x", "hit"));
        }

        #[$test]
        async fn concurrent_requests_ask_the_handler_once() {
            let world = World::new();
            let app = $app!(world, world.rules());
            let gate = world.shut();
            let open = async {
                settle().await;
                gate.add_permits(10);
            };
            let ask = || $ask(&app, "GET", "/a", PLAIN);
            let (a, b, c, ()) = tokio::join!(ask(), ask(), ask(), open);
            for got in [a, b, c] {
                assert_eq!(got.brief(), ("1x", "miss"));
            }
            assert_eq!(world.calls(), 1);
        }

        #[$test]
        async fn those_who_waited_for_a_response_of_one_client_ask_for_their_own() {
            let world = World::new();
            let app = $app!(world, world.rules());
            world.script(|script| script.headers = vec![("set-cookie", "a=b")]);
            let gate = world.shut();
            let open = async {
                settle().await;
                gate.add_permits(10);
            };
            let ask = || $ask(&app, "GET", "/a", PLAIN);
            let (a, b, ()) = tokio::join!(ask(), ask(), open);
            assert_ne!(a.body, b.body);
            assert_eq!(world.calls(), 2);
        }

        #[$test]
        async fn those_who_waited_for_a_failure_share_it() {
            let world = World::new();
            let app = $app!(world, world.rules());
            world.script(|script| script.status = 500);
            let gate = world.shut();
            let open = async {
                settle().await;
                gate.add_permits(10);
            };
            let ask = || $ask(&app, "GET", "/a", PLAIN);
            let (a, b, ()) = tokio::join!(ask(), ask(), open);
            assert_eq!(
                (a.status, a.brief(), b.status, b.brief()),
                (500, ("1x", "miss"), 500, ("1x", "miss"))
            );
            assert_eq!($ask(&app, "GET", "/a", PLAIN).await.body, "2x");
        }

        #[$test]
        async fn response_is_kept_although_its_client_is_gone() {
            let world = World::new();
            let app = $app!(world, world.rules());
            let gate = world.shut();
            {
                let gone = std::pin::pin!($ask(&app, "GET", "/a", PLAIN));
                tokio::select! {
                    biased;
                    _ = gone => panic!("the gate is shut"),
                    () = settle() => {}
                }
            }
            gate.add_permits(1);
            settle().await;
            assert_eq!($ask(&app, "GET", "/a", PLAIN).await.brief(), ("1x", "hit"));
        }
    };
}

pub(crate) use promises;
