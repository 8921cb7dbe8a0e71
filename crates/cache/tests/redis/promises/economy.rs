//! How much a server is asked, and what it never is.

use std::{
    sync::atomic::{AtomicU32, Ordering::SeqCst},
    time::Duration,
};

use futures_util::future::join_all;

use super::{
    kit::{PAGE, eventually, fail, load_tagged, namespace, node, ready, text},
    on_its_own,
    site::Own,
};

on_its_own!(
    thousand_callers_of_one_moment_cost_one_read_one_load_and_one_write,
    nothing_is_sent_but_what_the_least_rights_allow,
);

async fn thousand_callers_of_one_moment_cost_one_read_one_load_and_one_write(own: Own) {
    let site = own.site();
    let one = ready(node(&site.url, &namespace())).await;
    // From here on the counters are known.
    load_tagged(&one, "first", "v", &["t"]).await.unwrap();
    assert!(one.flush(Duration::from_secs(30)).await);
    site.count_anew();

    let loads = AtomicU32::new(0);
    let loads: &'static AtomicU32 = Box::leak(Box::new(loads));
    // On one thread all of them ask before the loader runs.
    let callers = (0..1000).map(|_| {
        one.entry(&PAGE, "k").tags(["t"]).get_or_load(move |_| async move {
            loads.fetch_add(1, SeqCst);
            Ok::<_, &str>(text("v"))
        })
    });
    assert!(join_all(callers).await.into_iter().all(|answer| answer.unwrap() == text("v")));
    assert!(one.flush(Duration::from_secs(30)).await);
    eventually("the load is written", async || site.commands().contains_key("set")).await;
    let commands = site.commands();
    let count = |name: &str| commands.get(name).copied().unwrap_or_default();
    assert_eq!((loads.load(SeqCst), count("get"), count("set")), (1, 1, 1), "{commands:?}");
    assert_eq!((count("mget"), count("eval")), (0, 0), "{commands:?}");
    let kind = one.stats().kind("page");
    assert_eq!((kind.loads, kind.joins), (2, 999));
}

/// As in [`LEAST_RIGHTS`](crate::LEAST_RIGHTS); and what scripts call, and this test.
const ALLOWED: &[&str] = &[
    "hello",
    "auth",
    "ping",
    "echo",
    "select",
    "reset",
    "quit",
    "client",
    "info",
    "get",
    "mget",
    "set",
    "unlink",
    "scan",
    "pttl",
    "memory",
    "eval",
    "time",
    "publish",
    "subscribe",
    "ssubscribe",
    "cluster",
    "role",
    "config",
    "replconf",
    "psync",
    "readonly",
    "command",
];

async fn nothing_is_sent_but_what_the_least_rights_allow(own: Own) {
    let site = own.site();
    site.count_anew();
    let one = ready(node(&site.url, &namespace())).await;
    for key in ["a", "b", "c", "d"] {
        load_tagged(&one, key, "v", &["t"]).await.unwrap();
        one.set(&PAGE, key, text("v")).await;
    }
    one.get_many(&PAGE, &["a", "b", "x", "y"]).await;
    let keys = ["a", "y", "z"];
    let load = |missing: Vec<String>| async move {
        Ok::<_, &str>(missing.into_iter().map(|key| (key, text("v"))).collect::<Vec<_>>())
    };
    assert!(one.entries(&PAGE, &keys).get_or_load_many(load).await.iter().all(Result::is_ok));
    let leased = one.entry(&PAGE, "leased").policy(PAGE.lease(Duration::from_secs(1)).policy());
    leased.get_or_load(|_| async { Ok::<_, &str>(text("v")) }).await.unwrap();
    one.delete(&PAGE, "a").await;
    one.expire_tag("t").await;
    one.remove_tag("t").await;
    drop(fail(&one, "b").await);
    assert!(one.delete_pattern("*").await.complete);
    assert!(one.expire_all().await.complete);
    assert!(one.clear().await.complete);
    assert!(one.shutdown(Duration::from_secs(30)).await);
    let commands = site.commands();
    for name in commands.keys() {
        let command = name.split('|').next().unwrap();
        assert!(ALLOWED.contains(&command), "{name} of {commands:?}");
    }
    for used in ["set", "scan", "unlink", "eval", "publish"] {
        assert!(commands.contains_key(used), "{used} is missing: this test asks too little: {commands:?}");
    }
}
