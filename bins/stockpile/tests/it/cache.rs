//! `stockpile cache` against a server of the test's own.

use std::{
    net::TcpListener,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde_json::{Value, json};
use stockpile_cache::{Cache, Kind, Stored};

use stockpile_redis_local::Reply;

use crate::redis::{Port, Server};

const QUOTE: Kind<Value> = Kind::new("quote").ttl(Duration::from_secs(300)).stale(Duration::from_secs(600));
const PACKED: Kind<Bytes> = Kind::new("packed").ttl(Duration::from_secs(300));

struct Ran {
    code: i32,
    out: Vec<u8>,
    err: String,
}

impl Ran {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }

    fn json(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn cache_at(url: &str, args: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_stockpile"))
        .arg("cache")
        .args(args)
        .current_dir(folder.path())
        .env_clear()
        .env("CACHE_URL", url)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran { code: status.code().unwrap(), out: stdout, err: String::from_utf8(stderr).unwrap() }
}

fn cache(server: &Server, args: &[&str]) -> Ran {
    cache_at(&server.url(), args)
}

/// What a running server is to the command: a cache with copies in its process, on the same bus.
async fn running(server: &Server) -> Cache {
    let builder = Cache::builder().namespace("stock:").budget(Duration::from_secs(5));
    let running = builder.url(&server.url()).unwrap().build().unwrap();
    running.get(&QUOTE, "nothing").await;
    until("the bus is connected", || running.stats().bus.unwrap().connected).await;
    // What is written in the very millisecond of that is checked once more before it is given.
    tokio::time::sleep(Duration::from_millis(2)).await;
    running
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < end, "still not: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Two quotes, one of them with signs of the glob language, and a packed body.
async fn filled(server: &Server) -> Cache {
    let running = running(server).await;
    for (key, close) in [("600519.SH", 1500), ("6[0]*.SH", 1)] {
        assert!(running.set(&QUOTE, key, json!({"close": close})).await.l2 == Stored::Stored);
    }
    assert!(
        running.set(&PACKED, "day", Bytes::from_static(b"\x1f\x8b\x00packed")).await.l2 == Stored::Stored
    );
    assert_eq!(server.ask(&[b"SET", b"stock:plain", b"words"]), Reply::Text("OK".to_owned()));
    assert_eq!(server.ask(&[b"SET", b"other:quote:600519.SH", b"words"]), Reply::Text("OK".to_owned()));
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn ping_says_how_fast_the_cache_answers() {
    let Some(server) = Server::start_with(Some("open-sesame-7f")) else { return };
    let ran = cache(&server, &["ping"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.text().contains(" ms") && ran.text().contains("127.0.0.1"), "{}", ran.text());
    let ran = cache(&server, &["ping", "--json"]);
    assert_eq!((ran.code, &ran.json()[0]["ok"]), (0, &json!(true)));
    assert!(ran.json()[0]["round_trip_us"].as_u64().unwrap() > 0);
}

#[test]
fn a_wrong_password_is_named_and_never_shown() {
    let Some(server) = Server::start_with(Some("open-sesame-7f")) else { return };
    let url = server.url().replace("open-sesame-7f", "wrong-secret-3c");
    for args in [
        &["ping"][..],
        &["ping", "--json"],
        &["stats"],
        &["list", "--json"],
        &["get", "quote:1"],
        &["ttl", "quote:1"],
        &["delete", "quote:1"],
        &["clear", "--yes", "--json"],
    ] {
        let ran = cache_at(&url, args);
        let said = format!("{}{}", ran.text(), ran.err);
        assert_eq!(ran.code, 1, "{args:?}: {said}");
        assert!(said.contains("WRONGPASS") || said.contains("password"), "{args:?}: {said}");
        assert!(!said.contains("wrong-secret-3c") && !said.contains("open-sesame-7f"), "{args:?}: {said}");
    }
}

#[test]
fn a_server_that_is_gone_or_silent_is_told_within_seconds() {
    // Its connections are made by the system and answered by nobody.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = Port::free();
    for port in [nobody.number(), silent.local_addr().unwrap().port()] {
        for args in [&["ping"][..], &["get", "quote:1"], &["clear", "--yes"]] {
            let begun = Instant::now();
            let ran = cache_at(&format!("redis://127.0.0.1:{port}/1"), args);
            assert_eq!(ran.code, 1, "{}", ran.err);
            assert!(ran.err.contains(&format!("127.0.0.1:{port}")), "{}", ran.err);
            assert!(begun.elapsed() < Duration::from_secs(20), "{args:?} took {:?}", begun.elapsed());
        }
    }
    let ran = cache_at(&format!("redis://127.0.0.1:{nobody}/1"), &["ping", "--json"]);
    assert_eq!((ran.code, &ran.json()[0]["ok"]), (1, &json!(false)));
}

#[test]
fn a_cache_inside_the_servers_process_is_a_matter_of_settings() {
    for url in ["memory://", "none://"] {
        for args in [&["ping"][..], &["list"], &["clear", "--yes"]] {
            let ran = cache_at(url, args);
            assert_eq!(ran.code, 2, "{}", ran.err);
            assert!(ran.err.contains("inside the server's process"), "{}", ran.err);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn list_shows_the_keys_of_the_prefix_and_no_others() {
    let Some(server) = Server::start() else { return };
    let running = filled(&server).await;
    assert!(running.clear().await.complete);
    server.ask(&[b"SET", b"stock:quote:\xff\x1b[31m", b"binary"]);
    let ran = cache(&server, &["list"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines: Vec<&str> = ran.text().lines().collect();
    assert_eq!(lines.len(), 5, "{}", ran.text());
    assert!(ran.text().contains("stock:quote:600519.SH") && !ran.text().contains("other:"), "{}", ran.text());
    assert!(ran.text().contains(r"stock:quote:\xff\x1b[31m  (of another program)"), "{}", ran.text());
    assert!(!ran.text().contains("generation"), "{}", ran.text());
    assert!(cache(&server, &["list", "--all"]).text().contains("stock::generation:"));

    let rows = cache(&server, &["list", "--json", "quote:6[0-9]*"]).json();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!((&rows[0]["key"], &rows[0]["kind"]), (&json!("stock:quote:600519.SH"), &json!("quote")));
    let ttl = rows[0]["ttl_ms"].as_u64().unwrap();
    assert!((600_000..=900_000).contains(&ttl) && rows[0]["bytes"].as_u64().unwrap() > 0, "{rows:?}");
    let escaped = cache(&server, &["list", "--json", r"stock:quote:6\[0\]\**"]).json();
    assert_eq!(escaped[0]["key"], "stock:quote:6[0]*.SH");

    let some = cache(&server, &["list", "--limit", "2"]);
    assert_eq!(some.text().lines().count(), 2);
    assert!(some.err.contains("more than 2"), "{}", some.err);
    assert_eq!(cache(&server, &["list", "quote:[6"]).code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn get_tells_what_an_entry_says_and_holds() {
    let Some(server) = Server::start() else { return };
    let _running = filled(&server).await;
    for key in ["quote:600519.SH", "stock:quote:600519.SH"] {
        let entry = &cache(&server, &["get", key, "--json"]).json()[0];
        assert_eq!((&entry["payload"], &entry["state"]), (&json!({"close": 1500}), &json!("fresh")));
        assert_eq!((&entry["codec"], &entry["negative"]), (&json!(1), &json!(false)));
    }
    let ran = cache(&server, &["get", "quote:600519.SH"]);
    assert!(
        ran.text().contains("state     fresh") && ran.text().contains("  \"close\": 1500"),
        "{}",
        ran.text()
    );
    let packed = cache(&server, &["get", "packed:day"]);
    assert!(packed.text().contains("starts    1f 8b 00 70"), "{}", packed.text());
    assert_eq!(cache(&server, &["get", "packed:day", "--raw"]).out, b"\x1f\x8b\x00packed");

    let foreign = cache(&server, &["get", "plain"]);
    assert_eq!(foreign.code, 1);
    assert!(foreign.err.contains("something else wrote it"), "{}", foreign.err);
    assert_eq!(cache(&server, &["get", "plain", "--raw"]).out, b"words");
    let moved = b"return redis.call('SET', 'stock:quote:2', redis.call('GET', 'stock:quote:600519.SH'))";
    assert_eq!(server.ask(&[b"EVAL", moved, b"0"]), Reply::Text("OK".to_owned()));
    let other = cache(&server, &["get", "quote:2"]);
    assert!(other.code == 1 && other.err.contains("belongs to another key"), "{}", other.err);
    let missing = cache(&server, &["get", "quote:1"]);
    assert_eq!(missing.code, 1);
    assert!(missing.err.contains("is not there"), "{}", missing.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn ttl_is_that_of_the_key_alone() {
    let Some(server) = Server::start() else { return };
    let _running = filled(&server).await;
    server.ask(&[b"SET", b"stock:quote:6[0]X.SH", b"x"]);
    let ttl = &cache(&server, &["ttl", "quote:6[0]*.SH", "--json"]).json()[0];
    assert_eq!(ttl["key"], "stock:quote:6[0]*.SH");
    assert!((600_000..=900_000).contains(&ttl["ttl_ms"].as_u64().unwrap()), "{ttl}");
    assert_eq!(cache(&server, &["ttl", "plain"]).text(), "for ever\n");
    assert_eq!(server.count("scan"), 0, "one look-up, however many keys there are");
    assert_eq!(cache(&server, &["ttl", "plain", "--json"]).json()[0]["ttl_ms"], Value::Null);
    assert_eq!(cache(&server, &["ttl", "quote:1"]).code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_takes_the_named_keys_and_running_servers_hear_of_it() {
    let Some(server) = Server::start() else { return };
    let running = filled(&server).await;
    assert!(running.try_get_local(&QUOTE, "600519.SH").is_some());
    let ran =
        cache(&server, &["delete", "--json", "quote:600519.SH", "stock:plain", "quote:none", "quote:6*"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let deleted: Vec<bool> = ran.json().iter().map(|line| line["deleted"].as_bool().unwrap()).collect();
    assert_eq!(deleted, [true, true, false, false]);
    assert!(!server.has("stock:quote:600519.SH") && !server.has("stock:plain"));
    assert!(server.has("stock:quote:6[0]*.SH") && server.has("other:quote:600519.SH"));
    until("the copy is gone", || running.try_get_local(&QUOTE, "600519.SH").is_none()).await;
    assert!(running.try_get_local(&QUOTE, "6[0]*.SH").is_some());

    assert_eq!(cache(&server, &["delete", "quote:6[0]*.SH"]).text(), "deleted stock:quote:6[0]*.SH\n");
    assert_eq!(cache(&server, &["delete", "stock::generation:0000000000000000"]).code, 2);
    assert_eq!(cache(&server, &["delete"]).code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn clear_by_pattern_takes_what_matches_and_running_servers_hear_of_it() {
    let Some(server) = Server::start() else { return };
    let running = filled(&server).await;
    let refused = cache(&server, &["clear", "quote:*"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("--yes") && server.has("stock:quote:600519.SH"), "{}", refused.err);
    let ran = cache(&server, &["clear", "quote:*", "--yes"]);
    assert_eq!((ran.code, ran.text()), (0, "deleted 2 keys of stock:quote:*\n"), "{}", ran.err);
    assert!(server.has("stock:packed:day") && server.has("other:quote:600519.SH"));
    until("the copies are gone", || running.try_get_local(&QUOTE, "600519.SH").is_none()).await;
    assert!(running.try_get_local(&PACKED, "day").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn clear_empties_the_prefix_and_leaves_other_programs_alone() {
    let Some(server) = Server::start() else { return };
    let running = filled(&server).await;
    let line = &cache(&server, &["clear", "--yes", "--json"]).json()[0];
    assert_eq!((&line["deleted"], &line["complete"]), (&json!(4), &json!(true)), "{line}");
    assert!(!server.has("stock:quote:600519.SH") && !server.has("stock:plain"));
    assert!(server.has("other:quote:600519.SH"));
    let gone = || running.try_get_local(&PACKED, "day").is_none();
    until("the copies are gone", gone).await;
    assert!(running.get(&QUOTE, "600519.SH").await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn stats_count_keys_and_memory_by_kind() {
    let Some(server) = Server::start() else { return };
    let running = filled(&server).await;
    assert!(running.clear().await.complete);
    let stats = &cache(&server, &["stats", "--json"]).json()[0];
    let keys = |sum: &Value| sum["keys"].as_u64().unwrap();
    assert_eq!((keys(&stats["kinds"]["quote"]), keys(&stats["kinds"]["packed"])), (2, 1), "{stats}");
    assert_eq!((keys(&stats["foreign"]), keys(&stats["own"]), keys(&stats["total"])), (1, 1, 5), "{stats}");
    assert!(stats["kinds"]["quote"]["bytes"].as_u64().unwrap() > 0);
    assert_eq!(stats["complete"], true);
    let text = cache(&server, &["stats"]);
    assert!(
        text.text().lines().any(|line| line.starts_with("quote ") && line.contains("2 keys")),
        "{}",
        text.text()
    );
    let some = &cache(&server, &["stats", "--limit", "2", "--json"]).json()[0];
    assert_eq!((keys(&some["total"]), &some["complete"]), (2, &json!(false)));
}

#[test]
fn help_has_examples() {
    for args in [&["--help"][..], &["list", "--help"], &["get", "--help"], &["clear", "--help"]] {
        let ran = cache_at("memory://", args);
        assert_eq!(ran.code, 0);
        assert!(ran.text().contains("Examples:\n  stockpile cache "), "{}", ran.text());
    }
}

#[test]
fn stats_tell_how_full_the_server_is_and_what_it_does_then() {
    let Some(server) = Server::configured("maxmemory 64mb\nmaxmemory-policy allkeys-lru") else { return };
    server.ask(&[b"SET", b"stock:plain", b"words"]);
    let told = &cache(&server, &["stats", "--json"]).json()[0]["server"];
    assert_eq!((&told["max_bytes"], &told["policy"]), (&json!(64 << 20), &json!("allkeys-lru")), "{told}");
    assert!(told["used_bytes"].as_u64().unwrap() > 100_000, "{told}");
    assert_eq!(told["evicted_keys"], 0);
    let ran = cache(&server, &["stats"]);
    assert!(ran.text().contains("of 64.00 MiB") && ran.text().contains("allkeys-lru"), "{}", ran.text());

    server.ask(&[b"CONFIG", b"SET", b"maxmemory", b"1"]);
    server.ask(&[b"SET", b"stock:more", b"words"]);
    let told = &cache(&server, &["stats", "--json"]).json()[0]["server"];
    assert!(told["evicted_keys"].as_u64().unwrap() > 0, "{told}");

    server.ask(&[b"CONFIG", b"SET", b"maxmemory", b"0"]);
    let told = &cache(&server, &["stats", "--json"]).json()[0]["server"];
    assert_eq!(told["max_bytes"], Value::Null, "no limit: {told}");
    assert!(cache(&server, &["stats"]).text().contains("without a limit"));
}
