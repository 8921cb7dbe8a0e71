//! What is taken back on one node is taken back on all, whether they hear of it or ask.

use std::time::Duration;

use stockpile_cache::{Answer, Cache, Invalidated, Why};

use super::{
    everywhere,
    kit::{PAGE, eventually, fail, load_tagged, namespace, node, onlooker, ready, text},
    site::Site,
};

everywhere!(
    expired_tag_leaves_its_entries_to_stand_in_on_every_node,
    removed_tag_takes_its_entries_from_every_node,
    everything_expired_may_stand_in_on_every_node,
    cleared_cache_is_empty_on_every_node,
    cleared_cache_leaves_other_namespaces_alone,
);

async fn expired_tag_leaves_its_entries_to_stand_in_on_every_node(site: Site<'_>) {
    take_back(site, Rest::StandsIn, Others::Stay, async |node| node.expire_tag("t").await).await;
}

async fn removed_tag_takes_its_entries_from_every_node(site: Site<'_>) {
    take_back(site, Rest::Gone, Others::Stay, async |node| node.remove_tag("t").await).await;
}

async fn everything_expired_may_stand_in_on_every_node(site: Site<'_>) {
    take_back(site, Rest::StandsIn, Others::GoToo, async |node| node.expire_all().await).await;
}

async fn cleared_cache_is_empty_on_every_node(site: Site<'_>) {
    take_back(site, Rest::Gone, Others::GoToo, async |node| node.clear().await).await;
}

#[derive(Clone, Copy, PartialEq)]
enum Rest {
    StandsIn,
    Gone,
}

#[derive(Clone, Copy, PartialEq)]
enum Others {
    Stay,
    GoToo,
}

async fn take_back(site: Site<'_>, rest: Rest, others: Others, take: impl AsyncFn(&Cache) -> Invalidated) {
    let namespace = namespace();
    let one = ready(node(&site.url, &namespace)).await;
    let hearing = ready(node(&site.url, &namespace)).await;
    let asking = onlooker(&site.url, &namespace).await;
    for (key, tags) in [("k", &["t", "u"][..]), ("l", &["u"])] {
        let value = text("old");
        one.entry(&PAGE, key).tags(tags.iter().copied()).set(value.clone()).await;
        assert_eq!(hearing.get(&PAGE, key).await, Some(value.clone()));
        assert_eq!(asking.get(&PAGE, key).await, Some(value));
    }

    let taken = take(&one).await;
    assert!(taken.complete && !taken.queued, "{taken:?}");
    for node in [&one, &asking] {
        assert_eq!(node.get(&PAGE, "k").await, None, "at once");
    }
    eventually("the other hears of it", async || hearing.get(&PAGE, "k").await.is_none()).await;
    let after = onlooker(&site.url, &namespace).await;
    for node in [&one, &hearing, &asking, &after] {
        assert_eq!(node.get(&PAGE, "l").await.is_some(), others == Others::Stay);
        match (fail(node, "k").await, rest) {
            (Ok((value, outcome)), Rest::StandsIn) => {
                assert_eq!(value, text("old"));
                assert!(
                    matches!(outcome.answer, Answer::Stale { why: Why::LoaderFailed, .. }),
                    "{outcome:?}"
                );
            }
            (Err(_), Rest::Gone) => {}
            (answer, _) => panic!("{answer:?}"),
        }
    }
    // What is made after it is good everywhere.
    one.entry(&PAGE, "k").tags(["t", "u"]).set(text("new")).await;
    for node in [&one, &asking, &after] {
        assert_eq!(node.get(&PAGE, "k").await, Some(text("new")));
    }
    eventually("the other reads it", async || hearing.get(&PAGE, "k").await == Some(text("new"))).await;
}

async fn cleared_cache_leaves_other_namespaces_alone(site: Site<'_>) {
    let name = namespace();
    let one = ready(node(&site.url, &name)).await;
    // Starts as the other does.
    let longer = ready(node(&site.url, &format!("{name}:x"))).await;
    for node in [&one, &longer] {
        load_tagged(node, "k", "v", &["t"]).await.unwrap();
        assert!(node.flush(Duration::from_secs(30)).await);
    }
    assert!(one.clear().await.complete);
    assert!(one.remove_tag("t").await.complete);
    assert_eq!(one.get(&PAGE, "k").await, None);
    assert_eq!(longer.get(&PAGE, "k").await, Some(text("v")));
    let asking = onlooker(&site.url, &format!("{name}:x")).await;
    eventually("the load is written", async || asking.get(&PAGE, "k").await == Some(text("v"))).await;
}
