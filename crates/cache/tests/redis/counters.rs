//! Generation counters and leases, beyond what every backend promises.

use std::time::{SystemTime, UNIX_EPOCH};

use stockpile_cache::{Backend, Generation, Invalidation, Lifetime};

use stockpile_redis_local::Server;

use crate::{backend, key};

#[tokio::test]
async fn counter_is_readable_text_of_microseconds_that_expires() {
    let Some(server) = Server::start("") else { return };
    let backend = backend(&server).await;
    let seeded = backend.seed_generation(&key("c")).await.unwrap();
    let here = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    let here = u64::try_from(here).unwrap();
    assert!(seeded.now.abs_diff(here) < 60_000_000, "{seeded:?}");
    let text = server.ask(&["GET", key("c").as_str()]).text();
    assert_eq!(text, format!("{}:0", seeded.generation.latest));
    let left = server.ask(&["PTTL", key("c").as_str()]).number();
    assert!(u64::try_from(left).unwrap() > Generation::LIFETIME.as_millis() - 60_000);
}

#[tokio::test]
async fn counter_grows_by_one_when_the_clock_does_not_pass_it() {
    let Some(server) = Server::start("") else { return };
    let backend = backend(&server).await;
    let far = 9_007_199_254_730_000_u64;
    server.ask(&["SET", key("c").as_str(), &format!("{far}:17")]);
    let bump = async |how| backend.bump_generation(&key("c"), how).await.unwrap();
    assert_eq!(bump(Invalidation::Expire).await, Generation { latest: far + 1, removed: 17 });
    assert_eq!(bump(Invalidation::Remove).await, Generation { latest: far + 2, removed: far + 2 });
    assert_eq!(bump(Invalidation::Expire).await, Generation { latest: far + 3, removed: far + 2 });
    assert_eq!(backend.generations(&[key("c")]).await.unwrap()[0].unwrap().latest, far + 3);
}

#[tokio::test]
async fn what_is_no_counter_counts_as_absent() {
    let Some(server) = Server::start("") else { return };
    let backend = backend(&server).await;
    for text in ["", "junk", "1", "-1:0", "1:2:3", "1e3:0", "99999999999999999999:0"] {
        server.ask(&["SET", key("c").as_str(), text]);
        let seeded = backend.seed_generation(&key("c")).await.unwrap();
        assert!(seeded.created && seeded.generation == Generation::first(seeded.now), "{text}: {seeded:?}");
        server.ask(&["SET", key("c").as_str(), text]);
        let bumped = backend.bump_generation(&key("c"), Invalidation::Expire).await.unwrap();
        assert!(bumped.latest >= seeded.now && bumped.removed == 0, "{text}: {bumped:?}");
    }
    server.ask(&["DEL", key("c").as_str()]);
    server.ask(&["RPUSH", key("c").as_str(), "1"]);
    assert!(backend.seed_generation(&key("c")).await.unwrap().created);
}

#[tokio::test]
async fn bumps_from_many_tasks_never_give_a_value_twice() {
    let Some(server) = Server::start("") else { return };
    let backend = backend(&server).await;
    let bumps = (0..200).map(|_| {
        let backend = backend.clone();
        tokio::spawn(
            async move { backend.bump_generation(&key("c"), Invalidation::Expire).await.unwrap().latest },
        )
    });
    let mut values = Vec::new();
    for bump in bumps.collect::<Vec<_>>() {
        values.push(bump.await.unwrap());
    }
    values.sort_unstable();
    values.dedup();
    assert_eq!(values.len(), 200);
}

#[tokio::test]
async fn lease_tokens_differ_and_expire_with_their_key() {
    let Some(server) = Server::start("") else { return };
    let backend = backend(&server).await;
    let mut tokens = Vec::new();
    for name in ["a", "b", "c"] {
        let lease = backend.try_lease(&key(name), Lifetime::MAX).await.unwrap().unwrap();
        assert!(server.ask(&["PTTL", key(name).as_str()]).number() > 0);
        tokens.push(lease.token());
    }
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2] && tokens[0] != tokens[2]);
    assert!(tokens.iter().all(|token| token >> 64 != 0), "{tokens:?}");
}
