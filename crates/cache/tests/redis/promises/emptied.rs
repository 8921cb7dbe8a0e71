//! Servers that lost what they held.

use std::time::Duration;

use stockpile_cache::{
    Cache, Event,
    testkit::{ManualClock, Recorder},
};

use super::{
    kit::{PAGE, answers, eventually, fail, hears, load, namespace, node, onlooker, ready, text},
    on_its_own,
    site::Own,
};

on_its_own!(
    restarted_and_empty_server_makes_no_old_entry_valid_and_takes_new_ones,
    emptied_server_takes_the_copies_of_a_node_within_their_age,
);

async fn restarted_and_empty_server_makes_no_old_entry_valid_and_takes_new_ones(mut own: Own) {
    let (url, namespace) = (own.site().url, namespace());
    let (builder, mut events) = Recorder::of(node(&url, &namespace));
    let one = ready(builder).await;
    let other = ready(node(&url, &namespace)).await;
    one.entry(&PAGE, "k").tags(["t"]).set(text("old")).await;
    assert_eq!(other.get(&PAGE, "k").await, Some(text("old")));

    events.take();
    own.restart();
    events.wait_for(|event| *event == Event::BusDisconnected).await;
    events.wait_for(|event| *event == Event::BusConnected).await;
    for node in [&one, &other] {
        answers(node).await;
        hears(node).await;
        eventually("the copy was checked again", async || node.get(&PAGE, "k").await.is_none()).await;
    }
    // What stood under counters that are gone may stand in for a load, and is fresh no more.
    assert_eq!(load(&one, "k", "new").await.unwrap().0, text("new"));
    assert!(one.flush(Duration::from_secs(30)).await);
    for node in [&one, &other] {
        eventually("the new value is there", async || node.get(&PAGE, "k").await == Some(text("new"))).await;
    }
    // Tags and clear work as before.
    one.entry(&PAGE, "tagged").tags(["t"]).set(text("v")).await;
    assert_eq!(other.get(&PAGE, "tagged").await, Some(text("v")));
    assert!(one.remove_tag("t").await.complete);
    gone(&other, "tagged").await;
    assert_eq!(other.get(&PAGE, "k").await, Some(text("new")), "it has no such tag now");
    assert!(other.clear().await.complete);
    gone(&one, "k").await;
    assert_eq!(onlooker(&url, &namespace).await.get(&PAGE, "k").await, None);
}

async fn gone(node: &Cache, key: &str) {
    eventually("it is gone", async || node.get(&PAGE, key).await.is_none()).await;
    assert!(fail(node, key).await.is_err(), "removed, not expired");
}

async fn emptied_server_takes_the_copies_of_a_node_within_their_age(own: Own) {
    let (site, namespace, clock) = (own.site(), namespace(), ManualClock::new());
    let age = Duration::from_secs(60);
    let builder = node(&site.url, &namespace).clock(clock.shared()).l1_max_age_on_bus(age);
    let one = ready(builder).await;
    clock.advance(Duration::from_millis(1));
    one.set(&PAGE, "k", text("v")).await;
    assert_eq!(one.get(&PAGE, "k").await, Some(text("v")));
    own.empty();
    clock.advance(age);
    assert_eq!(one.get(&PAGE, "k").await, None, "no bus tells of that, and its age is over");
    assert_eq!(load(&one, "k", "new").await.unwrap().0, text("new"));
    eventually("the load is written", async || site.has(&format!("{namespace}:page:k"))).await;
    let late = ready(node(&site.url, &namespace).clock(clock.shared())).await;
    assert_eq!(late.get(&PAGE, "k").await, Some(text("new")));
}
