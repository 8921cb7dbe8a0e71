//! What a server refuses is told as refused, and passes when its reason does.

use std::time::{Duration, Instant};

use bytes::Bytes;
use stockpile_cache::{Backend, Error, Refusal, redis::RedisBackend};

use stockpile_redis_local::{Port, Server, wait_for};

use crate::{backend, connected, key, set, works_again};

/// What the server said; anything but a refusal is a failure.
fn said<T: std::fmt::Debug>(answer: stockpile_cache::Result<T>) -> String {
    match answer {
        Err(Error::Refused { source, .. }) => source.to_string(),
        other => panic!("{other:?}"),
    }
}

async fn refusal_of_a_login(server: &Server, login: &str) -> String {
    let backend = RedisBackend::new(&server.url("").replace("//", &format!("//{login}"))).unwrap();
    // Nothing is known before the first attempt has ended.
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        match set(&backend, "a", "v").await {
            Err(Error::Unreachable { .. } | Error::TimedOut { .. }) if Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            answer => return said(answer),
        }
    }
}

#[tokio::test]
async fn missing_or_wrong_password_is_refused_until_it_is_right() {
    let Some(server) = Server::start("requirepass first") else { return };
    let server = server.with_login(&["AUTH", "first"]);
    assert!(refusal_of_a_login(&server, "").await.starts_with("NOAUTH"));
    assert!(refusal_of_a_login(&server, ":wrong@").await.starts_with("WRONGPASS"));
    assert!(refusal_of_a_login(&server, "nobody:first@").await.starts_with("WRONGPASS"));
    let backend = RedisBackend::new(&server.url("").replace("//", "//:second@")).unwrap();
    assert!(set(&backend, "a", "v").await.is_err());
    server.ask(&["ACL", "SETUSER", "default", ">second"]);
    works_again(&backend).await;
}

#[tokio::test]
async fn full_server_refuses_and_takes_again() {
    let Some(server) = Server::start("maxmemory-policy noeviction") else { return };
    let backend = backend(&server).await;
    set(&backend, "a", "v").await.unwrap();
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    assert!(said(set(&backend, "b", "v").await).starts_with("OOM"));
    assert!(said(backend.seed_generation(&key("c")).await).contains("OOM"));
    assert!(backend.get(&key("a")).await.unwrap().is_some(), "reading still works");
    assert!(backend.delete(&key("a")).await.unwrap(), "and so does deleting");
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    set(&backend, "b", "v").await.unwrap();
}

#[tokio::test]
async fn key_of_another_type_is_told_as_such_and_is_overwritten() {
    let Some(server) = Server::start("") else { return };
    let backend = backend(&server).await;
    server.ask(&["RPUSH", key("a").as_str(), "1"]);
    assert_eq!(backend.get(&key("a")).await.unwrap_err().refusal(), Some(Refusal::WrongType));
    assert_eq!(backend.get_many(&[key("a"), key("b")]).await.unwrap(), [None, None]);
    set(&backend, "a", "v").await.unwrap();
    assert_eq!(backend.get(&key("a")).await.unwrap(), Some(Bytes::from_static(b"v")));
}

#[tokio::test]
async fn replica_refuses_writes_and_answers_reads() {
    let Some(primary) = Server::start("") else { return };
    let replica = Server::start_on(Port::free(), &format!("replicaof 127.0.0.1 {}", primary.port), false);
    let backend = backend(&replica).await;
    wait_for("the replica follows", || {
        replica.info("replication", "master_link_status").as_deref() == Some("up")
    });
    assert!(said(set(&backend, "a", "v").await).starts_with("READONLY"));
    assert!(
        said(backend.bump_generation(&key("c"), stockpile_cache::Invalidation::Expire).await)
            .contains("READONLY")
    );
    primary.ask(&["SET", key("b").as_str(), "v"]);
    wait_for("the replica has it", || replica.ask(&["EXISTS", key("b").as_str()]).number() == 1);
    assert_eq!(backend.get(&key("b")).await.unwrap(), Some(Bytes::from_static(b"v")));
}

#[tokio::test]
async fn busy_server_refuses_until_its_script_is_killed() {
    let Some(server) = Server::start("busy-reply-threshold 50") else { return };
    let backend = backend(&server).await;
    set(&backend, "a", "v").await.unwrap();
    let mut other = server.wire();
    other.send(&["EVAL", "while true do end", "0"]).unwrap();
    let refused = async {
        loop {
            if let Err(Error::Refused { source, .. }) = backend.get(&key("a")).await {
                return source.to_string();
            }
        }
    };
    let refused = tokio::time::timeout(Duration::from_secs(10), refused).await.unwrap();
    assert!(refused.starts_with("BUSY"), "{refused}");
    server.ask(&["SCRIPT", "KILL"]);
    works_again(&backend).await;
}

#[tokio::test]
async fn server_that_cannot_store_its_snapshot_refuses_writes() {
    let Some(server) = Server::start("enable-protected-configs yes") else { return };
    let backend = backend(&server).await;
    set(&backend, "a", "v").await.unwrap();
    // The folder the server stands in is gone while it tries.
    server.ask(&["CONFIG", "SET", "save", "3600 1000000", "dbfilename", "gone.rdb"]);
    let aside = server.folder.path().with_extension("aside");
    std::fs::create_dir(&aside).unwrap();
    assert_eq!(server.ask(&["CONFIG", "SET", "dir", aside.to_str().unwrap()]).text(), "OK");
    std::fs::remove_dir(&aside).unwrap();
    server.ask(&["BGSAVE"]);
    wait_for("the snapshot failed", || {
        server.info("persistence", "rdb_last_bgsave_status").as_deref() == Some("err")
    });
    assert!(said(set(&backend, "b", "v").await).starts_with("MISCONF"));
    assert!(backend.get(&key("a")).await.unwrap().is_some());
}

#[tokio::test]
async fn right_the_user_lacks_is_refused() {
    let Some(server) =
        Server::start("user ann on >secret ~cache:* -@all +@connection +info +get\nuser default off")
    else {
        return;
    };
    let url = server.url("").replace("//", "//ann:secret@");
    let backend = connected(RedisBackend::builder(url)).await;
    assert_eq!(backend.get(&key("a")).await.unwrap(), None);
    assert!(said(set(&backend, "a", "v").await).starts_with("NOPERM"));
}
