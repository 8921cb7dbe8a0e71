//! Deleting and listing by pattern.

use std::time::Duration;

use bytes::Bytes;
use stockpile_cache::{Backend, Namespace, Pattern, ScanLimit, redis::RedisBackend};

use stockpile_redis_local::Server;

use crate::{connected, groups::Cluster, key, set};

fn fill(server: &Server, count: u32) {
    let script = "for i = 1, ARGV[1] do redis.call('SET', 'cache:test:' .. i, 'v', 'PX', 600000) end";
    server.ask(&["EVAL", script, "0", &count.to_string()]);
}

async fn patient(server: &Server) -> RedisBackend {
    connected(RedisBackend::builder(server.url("")).sweep_timeout(Duration::from_secs(60))).await
}

fn pattern(glob: &str) -> Pattern {
    Pattern::new(&Namespace::default(), glob).unwrap()
}

#[tokio::test]
async fn hundred_thousand_keys_go_by_scan_and_unlink_only_and_strangers_stay() {
    let Some(server) = Server::start("") else { return };
    fill(&server, 100_000);
    server.wire().ask(&[&b"SET"[..], b"other\xff\xfe", b"v"]).unwrap();
    // Matches, and is no text.
    server.wire().ask(&[&b"SET"[..], b"cache:test:\xff\xfe", b"v"]).unwrap();
    server.ask(&["SET", "cachet:test:1", "v"]);
    server.ask(&["CONFIG", "RESETSTAT"]);
    let backend = patient(&server).await;
    let deleted = backend.delete_pattern(&pattern("test:*"), ScanLimit::default()).await.unwrap();
    assert_eq!((deleted.keys, deleted.complete), (100_001, true));
    assert_eq!(server.keys_in(0), 2);
    let sent = server.ask(&["INFO", "commandstats"]).text();
    assert!(sent.contains("cmdstat_scan:") && sent.contains("cmdstat_unlink:"), "{sent}");
    for forbidden in ["cmdstat_keys:", "cmdstat_flush", "cmdstat_del:", "cmdstat_eval:"] {
        assert!(!sent.contains(forbidden), "{sent}");
    }
}

#[tokio::test]
async fn sweep_that_has_no_time_says_that_it_is_not_complete() {
    let Some(server) = Server::start("") else { return };
    fill(&server, 20_000);
    let backend =
        connected(RedisBackend::builder(server.url("")).sweep_timeout(Duration::from_nanos(1))).await;
    let deleted = backend.delete_pattern(&pattern("*"), ScanLimit::default()).await.unwrap();
    assert!(!deleted.complete && deleted.keys < 20_000, "{deleted:?}");
    assert_eq!(u64::try_from(server.keys_in(0)).unwrap(), 20_000 - deleted.keys);
}

#[tokio::test]
async fn limit_is_exact() {
    let Some(server) = Server::start("") else { return };
    fill(&server, 5000);
    let deleted = patient(&server).await.delete_pattern(&pattern("*"), ScanLimit::keys(1234)).await.unwrap();
    assert_eq!((deleted.keys, deleted.complete), (1234, false));
    let rest =
        patient(&server).await.delete_pattern(&pattern("*"), ScanLimit::keys(5000 - 1234)).await.unwrap();
    assert_eq!((rest.keys, rest.complete), (5000 - 1234, true));
}

#[tokio::test]
async fn nothing_matching_is_complete_and_a_server_that_is_down_is_an_error() {
    let Some(mut server) = Server::start("") else { return };
    let backend = patient(&server).await;
    let deleted = backend.delete_pattern(&pattern("none:*"), ScanLimit::default()).await.unwrap();
    assert_eq!((deleted.keys, deleted.complete), (0, true));
    server.kill();
    assert!(backend.delete_pattern(&pattern("*"), ScanLimit::default()).await.is_err());
}

#[tokio::test]
async fn listing_tells_sizes_and_lifetimes_of_any_key() {
    let Some(server) = Server::start("") else { return };
    let backend = patient(&server).await;
    set(&backend, "a", "v").await.unwrap();
    server.wire().ask(&[&b"SET"[..], b"cache:test:\xff", b"v"]).unwrap();
    let mut found = backend.scan(&pattern("*"), None, 100).await.unwrap();
    found.keys.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(found.next, None);
    let [ours, theirs] = &found.keys[..] else { panic!("{found:?}") };
    assert_eq!((&*ours.key, &*theirs.key), (key("a").as_str().as_bytes(), &b"cache:test:\xff"[..]));
    assert!(ours.bytes.is_some_and(|bytes| bytes > 10) && ours.lifetime.is_some());
    assert_eq!(theirs.lifetime, None, "it was stored for ever");
}

#[tokio::test]
async fn pages_of_a_cluster_go_over_every_primary_and_so_does_deletion() {
    let Some(cluster) = Cluster::start() else { return };
    let backend = connected(RedisBackend::builder(cluster.url())).await;
    let lifetime = stockpile_cache::Lifetime::new(Duration::from_secs(60)).unwrap();
    let items: Vec<_> =
        (0..3000).map(|number| (key(&number.to_string()), Bytes::from_static(b"v"), lifetime)).collect();
    backend.set_many(&items).await.unwrap();
    assert!(cluster.nodes[..3].iter().all(|node| node.keys_in(0) > 0));
    let (mut names, mut next) = (std::collections::HashSet::new(), None);
    loop {
        let page = backend.scan(&pattern("*"), next.as_deref(), 100).await.unwrap();
        names.extend(page.keys.into_iter().map(|stored| stored.key));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(names.len(), 3000);
    let deleted = backend.delete_pattern(&pattern("*"), ScanLimit::default()).await.unwrap();
    assert_eq!((deleted.keys, deleted.complete, cluster.keys()), (3000, true, 0));
}
