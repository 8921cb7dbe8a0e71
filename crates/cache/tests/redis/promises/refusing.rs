//! Servers that are full, or not ready yet.

use std::time::Duration;

use stockpile_cache::{Answer, Stored};
use stockpile_redis_local::{Reply, Server};

use super::{
    kit::{PAGE, eventually, fail, load, namespace, node, onlooker, ready, text},
    site::Site,
};

/// Writes what nobody needs into a full server until it has let go of `key`.
fn push_out(server: &Server, key: &str) {
    let (mut wire, filler) = (server.wire(), "x".repeat(1024));
    let mut names = (0..100_000).map(|number: u32| format!("filler:{number}"));
    while wire.ask(&["EXISTS", key]).unwrap().number() == 1 {
        for _ in 0..20 {
            wire.send(&["SET", &names.next().unwrap(), &filler]).unwrap();
        }
        for _ in 0..20 {
            assert_eq!(wire.read().unwrap(), Reply::Text("OK".to_owned()));
        }
    }
}

#[tokio::test]
async fn entry_whose_counter_a_full_server_let_go_is_never_valid_again() {
    let Some(server) = Server::start("maxmemory-policy allkeys-lru") else { return };
    let site = Site { url: server.url(""), primaries: std::slice::from_ref(&server) };
    // Which key goes first is the server's choice: again until the entry outlived its counter.
    for attempt in 0..100 {
        let namespace = namespace();
        let one = ready(node(&site.url, &namespace)).await;
        one.entry(&PAGE, "k").tags(["t"]).set(text("old")).await;
        let (counter, entry) = (site.counter_of_the_tag(&namespace), format!("{namespace}:page:k"));
        let used: u64 = server.info("memory", "used_memory").unwrap().parse().unwrap();
        server.ask(&["CONFIG", "SET", "maxmemory", &(used + 100_000).to_string()]);
        push_out(&server, &counter);
        server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
        if !site.has(&entry) {
            assert!(attempt < 99, "the entry never outlived its counter");
            continue;
        }
        let asking = onlooker(&site.url, &namespace).await;
        for _ in 0..2 {
            assert_eq!(asking.get(&PAGE, "k").await, None);
            if let Ok((value, outcome)) = fail(&asking, "k").await {
                assert_eq!(value, text("old"));
                assert!(matches!(outcome.answer, Answer::Stale { .. }), "{outcome:?}");
            }
        }
        // Neither the counter that is made anew nor one that is raised makes it valid again.
        one.entry(&PAGE, "other").tags(["t"]).set(text("v")).await;
        assert_eq!(asking.get(&PAGE, "k").await, None);
        assert!(one.expire_tag("t").await.complete);
        assert_eq!(asking.get(&PAGE, "k").await, None);
        assert_eq!(one.get(&PAGE, "k").await, None);
        return;
    }
}

#[tokio::test]
async fn entry_known_to_be_removed_stands_in_for_nothing_when_a_full_server_let_its_counter_go() {
    let Some(server) = Server::start("maxmemory-policy allkeys-lru") else { return };
    let site = Site { url: server.url(""), primaries: std::slice::from_ref(&server) };
    let namespace = namespace();
    let one = ready(node(&site.url, &namespace)).await;
    one.entry(&PAGE, "k").tags(["t"]).set(text("old")).await;
    let counter = site.counter_of_the_tag(&namespace);
    assert!(one.remove_tag("t").await.complete);
    let used: u64 = server.info("memory", "used_memory").unwrap().parse().unwrap();
    server.ask(&["CONFIG", "SET", "maxmemory", &(used + 100_000).to_string()]);
    push_out(&server, &counter);
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(one.get(&PAGE, "k").await, None);
    assert!(fail(&one, "k").await.is_err(), "removed, not expired");
    assert_eq!(onlooker(&site.url, &namespace).await.get(&PAGE, "k").await, None);
}

#[tokio::test]
async fn server_that_reads_its_data_is_a_miss_and_asked_again_after_it() {
    // It looks at its connections after each key it has read: none is packed.
    let config = "enable-debug-command yes\nloading-process-events-interval-bytes 1024\nrdbcompression no";
    let Some(server) = Server::start(config) else { return };
    let namespace = namespace();
    let one = ready(node(&server.url(""), &namespace).l1_max_bytes(0)).await;
    one.set(&PAGE, "k", text("v")).await;
    server.ask(&["DEBUG", "POPULATE", "2000", "filler", "1024"]);
    server.ask(&["CONFIG", "SET", "key-load-delay", "5000"]);
    // It stores its data, forgets it and reads it again, which takes 10 s, or until it is told to hurry.
    let mut reloading = server.wire();
    reloading.send(&["DEBUG", "RELOAD"]).unwrap();
    eventually("the server reads its data", async || {
        matches!(server.wire().ask(&["GET", "x"]), Ok(Reply::Refusal(text)) if text.starts_with("LOADING"))
    })
    .await;
    assert_eq!(one.get(&PAGE, "k").await, None, "a miss, and no error");
    assert_eq!(load(&one, "k", "loaded").await.unwrap().0, text("loaded"));
    let removed = one.delete(&PAGE, "gone").await;
    assert!(!removed.complete, "{removed:?}");
    server.ask(&["CONFIG", "SET", "key-load-delay", "0"]);
    assert_eq!(reloading.read().unwrap(), Reply::Text("OK".to_owned()));
    eventually("the server is asked again", async || {
        one.set(&PAGE, "l", text("v")).await.l2 == Stored::Stored
    })
    .await;
    assert!(one.flush(Duration::from_secs(30)).await);
    assert_eq!(onlooker(&server.url(""), &namespace).await.get(&PAGE, "l").await, Some(text("v")));
}
