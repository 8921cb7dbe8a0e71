//! A load never undoes a change.

use std::time::Duration;

use stockpile_cache::Answer;

use super::{
    everywhere,
    kit::{Held, PAGE, eventually, namespace, node, onlooker, ready, text},
    site::Site,
};

everywhere!(
    value_of_a_load_is_not_stored_when_its_entry_was_deleted_meanwhile,
    value_of_a_load_is_not_stored_when_its_entry_was_set_meanwhile,
    value_of_a_load_is_not_stored_when_its_tag_was_removed_meanwhile,
    value_of_a_load_is_not_valid_when_another_node_removed_its_tag_meanwhile,
    value_of_a_load_is_not_valid_when_another_node_cleared_the_cache_meanwhile,
    value_of_a_load_is_not_stored_when_another_node_was_heard_to_delete_its_entry,
);

const TAGS: &[&str] = &["t"];

async fn value_of_a_load_is_not_stored_when_its_entry_was_deleted_meanwhile(site: Site<'_>) {
    let namespace = namespace();
    let one = ready(node(&site.url, &namespace)).await;
    let load = Held::load(&one, "k", "old", &[]).await;
    assert!(one.delete(&PAGE, "k").await.complete);
    let (value, outcome) = load.finish().await.unwrap();
    assert_eq!(value, text("old"), "its caller has it all the same");
    assert!(matches!(outcome.answer, Answer::Loaded { stored: false, .. }), "{outcome:?}");
    assert!(one.flush(Duration::from_secs(30)).await);
    assert!(!site.has(&format!("{namespace}:page:k")));
    assert_eq!(one.get(&PAGE, "k").await, None);
}

async fn value_of_a_load_is_not_stored_when_its_entry_was_set_meanwhile(site: Site<'_>) {
    let namespace = namespace();
    let one = ready(node(&site.url, &namespace)).await;
    let load = Held::load(&one, "k", "old", &[]).await;
    one.set(&PAGE, "k", text("new")).await;
    load.finish().await.unwrap();
    assert!(one.flush(Duration::from_secs(30)).await);
    assert_eq!(one.get(&PAGE, "k").await, Some(text("new")));
    assert_eq!(onlooker(&site.url, &namespace).await.get(&PAGE, "k").await, Some(text("new")));
}

async fn value_of_a_load_is_not_stored_when_its_tag_was_removed_meanwhile(site: Site<'_>) {
    let namespace = namespace();
    let one = ready(node(&site.url, &namespace)).await;
    let load = Held::load(&one, "k", "old", TAGS).await;
    assert!(one.remove_tag("t").await.complete);
    assert_eq!(load.finish().await.unwrap().0, text("old"));
    assert_eq!(one.get(&PAGE, "k").await, None);
    assert_eq!(onlooker(&site.url, &namespace).await.get(&PAGE, "k").await, None);
}

async fn value_of_a_load_is_not_valid_when_another_node_removed_its_tag_meanwhile(site: Site<'_>) {
    let namespace = namespace();
    let one = ready(node(&site.url, &namespace)).await;
    let other = onlooker(&site.url, &namespace).await;
    let load = Held::load(&one, "k", "old", TAGS).await;
    assert!(other.remove_tag("t").await.complete);
    assert_eq!(load.finish().await.unwrap().0, text("old"));
    assert!(one.flush(Duration::from_secs(30)).await);
    for node in [&other, &onlooker(&site.url, &namespace).await] {
        assert_eq!(node.get(&PAGE, "k").await, None);
        assert!(node.entry(&PAGE, "k").get_or_stale().await.is_none());
    }
}

async fn value_of_a_load_is_not_valid_when_another_node_cleared_the_cache_meanwhile(site: Site<'_>) {
    let namespace = namespace();
    let one = ready(node(&site.url, &namespace)).await;
    let other = onlooker(&site.url, &namespace).await;
    let load = Held::load(&one, "k", "old", &[]).await;
    assert!(other.clear().await.complete);
    load.finish().await.unwrap();
    assert!(one.flush(Duration::from_secs(30)).await);
    for node in [&other, &onlooker(&site.url, &namespace).await] {
        assert_eq!(node.get(&PAGE, "k").await, None);
        assert!(node.entry(&PAGE, "k").get_or_stale().await.is_none());
    }
}

async fn value_of_a_load_is_not_stored_when_another_node_was_heard_to_delete_its_entry(site: Site<'_>) {
    let namespace = namespace();
    let one = ready(node(&site.url, &namespace)).await;
    let other = ready(node(&site.url, &namespace)).await;
    let load = Held::load(&one, "k", "old", &[]).await;
    let heard = one.stats().bus.unwrap().received;
    other.delete(&PAGE, "k").await;
    // The bus may carry a sign of life as well: the deletion of a second key comes after that of the first.
    one.set(&PAGE, "mark", text("v")).await;
    assert_eq!(other.get(&PAGE, "mark").await, Some(text("v")));
    other.delete(&PAGE, "mark").await;
    eventually("the deletions were heard", async || one.try_get_local(&PAGE, "mark").is_none()).await;
    assert!(one.stats().bus.unwrap().received > heard);
    load.finish().await.unwrap();
    assert!(one.flush(Duration::from_secs(30)).await);
    assert!(!site.has(&format!("{namespace}:page:k")));
    assert_eq!(one.get(&PAGE, "k").await, None);
}
