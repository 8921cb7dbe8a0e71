//! An outage undoes nothing.

use std::time::{Duration, Instant};

use stockpile_cache::{Cache, Event, Stored, testkit::Recorder};
use stockpile_redis_local::{Proxy, Reply, Server};

use super::{
    everywhere,
    kit::{PAGE, eventually, impatient, load_tagged, namespace, onlooker, ready, text},
    site::Own,
};

/// What a request may spend on Redis, on a busy machine too.
const BUDGET: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(30);

everywhere!(@ single, super::Own::lasting_single();
    changes_made_while_a_server_was_killed_reach_it,
    changes_made_while_a_server_was_frozen_reach_it,
    invalidations_made_while_a_server_was_killed_reach_it,
    write_that_lands_late_does_not_bring_back_what_was_deleted);
everywhere!(@ cluster, super::Own::lasting_cluster();
    changes_made_while_a_server_was_killed_reach_it,
    changes_made_while_a_server_was_frozen_reach_it,
    invalidations_made_while_a_server_was_killed_reach_it,
    write_that_lands_late_does_not_bring_back_what_was_deleted);

async fn changes_made_while_a_server_was_killed_reach_it(own: Own) {
    change_through(own, Own::kill, Own::restart).await;
}

async fn changes_made_while_a_server_was_frozen_reach_it(own: Own) {
    change_through(own, |own| own.freeze(), |own| own.thaw()).await;
}

async fn change_through(mut own: Own, end: impl Fn(&mut Own), begin: impl Fn(&mut Own)) {
    let (url, namespace) = (own.site().url, namespace());
    let (builder, mut events) = Recorder::of(impatient(&url, &namespace, BUDGET));
    let one = ready(builder).await;
    for key in ["set", "deleted"] {
        stored(&one, key, "old").await;
    }

    end(&mut own);
    assert_eq!(one.set(&PAGE, "set", text("new")).await.l2, Stored::Queued);
    let removed = one.delete(&PAGE, "deleted").await;
    assert_eq!((removed.complete, removed.queued), (false, true));
    events.wait_for(|event| matches!(event, Event::BackendDown { .. })).await;
    // In this process it holds at once, and costs nothing.
    let begun = Instant::now();
    assert_eq!(one.get(&PAGE, "deleted").await, None);
    assert_eq!(one.get(&PAGE, "set").await, Some(text("new")));
    assert_eq!(one.set(&PAGE, "added", text("v")).await.l2, Stored::Queued);
    assert_eq!(load_tagged(&one, "loaded", "v", &[]).await.unwrap().0, text("v"));
    assert!(begun.elapsed() < BUDGET, "{:?}", begun.elapsed());

    begin(&mut own);
    events.wait_for(|event| matches!(event, Event::BackendUp { .. })).await;
    assert!(one.flush(PATIENCE).await, "{:?}", one.remote_health());
    let late = onlooker(&url, &namespace).await;
    assert_eq!(late.get(&PAGE, "deleted").await, None);
    assert!(!own.site().has(&format!("{namespace}:page:deleted")));
    for (key, value) in [("set", "new"), ("added", "v"), ("loaded", "v")] {
        assert_eq!(late.get(&PAGE, key).await, Some(text(value)), "{key}");
    }
}

async fn stored(cache: &Cache, key: &str, value: &'static str) {
    eventually("it is stored", async || cache.set(&PAGE, key, text(value)).await.l2 == Stored::Stored).await;
    assert!(cache.flush(PATIENCE).await);
}

async fn invalidations_made_while_a_server_was_killed_reach_it(mut own: Own) {
    let (url, namespace) = (own.site().url, namespace());
    let one = ready(impatient(&url, &namespace, BUDGET)).await;
    for (key, tag) in [("expired", "e"), ("removed", "r")] {
        eventually("it is stored", async || {
            one.entry(&PAGE, key).tags([tag]).set(text("old")).await.l2 == Stored::Stored
        })
        .await;
    }
    assert!(one.flush(PATIENCE).await);

    own.kill();
    for told in [one.expire_tag("e").await, one.remove_tag("r").await] {
        assert_eq!((told.complete, told.queued), (false, true));
    }
    for key in ["expired", "removed"] {
        assert_eq!(one.get(&PAGE, key).await, None, "here it holds at once");
    }
    own.restart();
    assert!(one.flush(PATIENCE).await, "{:?}", one.remote_health());
    let late = onlooker(&url, &namespace).await;
    for key in ["expired", "removed"] {
        assert!(own.site().has(&format!("{namespace}:page:{key}")), "the server kept its data");
        assert_eq!(late.get(&PAGE, key).await, None);
    }
    assert_eq!(late.entry(&PAGE, "expired").get_or_stale().await, Some(text("old")));
    assert_eq!(late.entry(&PAGE, "removed").get_or_stale().await, None);
}

async fn write_that_lands_late_does_not_bring_back_what_was_deleted(own: Own) {
    let (url, namespace) = (own.site().url, namespace());
    let one = ready(impatient(&url, &namespace, BUDGET).l1_max_bytes(0)).await;
    stored(&one, "k", "old").await;
    own.freeze();
    assert_eq!(one.set(&PAGE, "k", text("ghost")).await.l2, Stored::Queued, "and on its way");
    let removed = one.delete(&PAGE, "k").await;
    assert_eq!((removed.complete, removed.queued), (false, true));
    own.thaw();
    // All the while nobody is given the ghost here, and at last it is gone from Redis.
    let laid = one.flush(PATIENCE);
    let given = async {
        loop {
            assert_eq!(one.get(&PAGE, "k").await, None);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        laid = laid => assert!(laid, "{:?}", one.remote_health()),
        () = given => {}
    }
    assert!(!own.site().has(&format!("{namespace}:page:k")));
    assert_eq!(one.get(&PAGE, "k").await, None);
    assert_eq!(onlooker(&url, &namespace).await.get(&PAGE, "k").await, None);
}

#[tokio::test]
async fn invalidations_are_sent_before_deletions_and_these_before_values() {
    let Some(server) = Server::start("slowlog-log-slower-than 0\nslowlog-max-len 100000") else { return };
    let one = ready(impatient(&server.url(""), &namespace(), BUDGET)).await;
    stored(&one, "a", "old").await;
    stored(&one, "b", "old").await;
    server.freeze();
    one.set(&PAGE, "a", text("new")).await;
    one.delete(&PAGE, "b").await;
    one.expire_tag("t").await;
    one.set(&PAGE, "c", text("new")).await;
    server.thaw();
    assert!(one.flush(PATIENCE).await, "{:?}", one.remote_health());
    let Reply::List(log) = server.ask(&["SLOWLOG", "GET", "100000"]) else { panic!("no log") };
    // The newest stands first.
    let sent: Vec<Vec<String>> = log.into_iter().rev().map(words).collect();
    let last = |command: &str, part: &str| {
        let is_it = |words: &Vec<String>| {
            words[0].eq_ignore_ascii_case(command) && words.iter().any(|word| word.contains(part))
        };
        sent.iter().rposition(is_it).unwrap_or_else(|| panic!("no {command} of {part}: {sent:?}"))
    };
    let first_value =
        sent.iter().position(|words| words[1..].iter().any(|word| word.ends_with(":page:c"))).unwrap();
    let deletion = last("UNLINK", ":page:b");
    let invalidation = last("EVAL", "generation:");
    assert!(invalidation < deletion, "{sent:#?}");
    assert!(deletion < first_value, "{sent:#?}");
}

fn words(entry: Reply) -> Vec<String> {
    let Reply::List(entry) = entry else { panic!("{entry:?}") };
    let Reply::List(words) = &entry[3] else { panic!("{entry:?}") };
    words.iter().cloned().map(Reply::text).collect()
}

#[tokio::test]
async fn slow_line_costs_a_request_its_budget_over_all_it_asks() {
    let Some(server) = Server::start("") else { return };
    let proxy = Proxy::to(server.port).await;
    let (budget, namespace) = (Duration::from_millis(400), namespace());
    let one = ready(impatient(&proxy.url(), &namespace, budget).l1_max_bytes(0).breaker(1000)).await;
    proxy.delay(budget * 8);
    // What a busy machine adds is less than one answer of this line takes.
    let most = budget * 6;
    // Each asks for more than one thing.
    in_time(most, one.entry(&PAGE, "a").tags(["t"]).set(text("v"))).await;
    assert_eq!(in_time(most, one.get(&PAGE, "b")).await, None);
    assert_eq!(in_time(most, one.get_many(&PAGE, &["c", "d"])).await, [None, None]);
    assert!(!in_time(most, one.delete(&PAGE, "e")).await.complete);
    assert!(!in_time(most, one.remove_tag("t")).await.complete);
    assert_eq!(in_time(most, load_tagged(&one, "f", "v", &["u"])).await.unwrap().0, text("v"));
    proxy.delay(Duration::ZERO);
    assert!(one.flush(PATIENCE).await, "{:?}", one.remote_health());
    let late = onlooker(&server.url(""), &namespace).await;
    assert_eq!(late.get(&PAGE, "a").await, None, "its tag was removed after it was set");
}

async fn in_time<T>(most: Duration, call: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let answer = call.await;
    assert!(begun.elapsed() < most, "took {:?}", begun.elapsed());
    answer
}
