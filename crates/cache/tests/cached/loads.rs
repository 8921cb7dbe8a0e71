//! Hits, loads, failures.

use std::{sync::Arc, time::Duration};

use stockpile_cache::{Cache, LoadError, cached};

use crate::world::{Down, Source, TEXT, clocked, settle, world};

#[cached(cache = cache, kind = TEXT, key = "{name}", skip(source))]
async fn text(cache: &Cache, source: &Source, name: &str) -> Result<String, Down> {
    source.ask(name).await
}

#[tokio::test]
async fn second_call_is_a_hit_and_shares_the_value() {
    let (cache, source) = world();
    let first = text(&cache, &source, "a").await.unwrap();
    let second = text(&cache, &source, "a").await.unwrap();
    assert_eq!((first.as_str(), source.calls()), ("<a>", 1));
    assert!(Arc::ptr_eq(&first, &second));
    let stats = cache.stats().kind("text");
    assert_eq!((stats.calls(), stats.misses), (2, 1));
}

#[tokio::test]
async fn other_arguments_are_another_entry() {
    let (cache, source) = world();
    text(&cache, &source, "a").await.unwrap();
    assert_eq!(*text(&cache, &source, "b").await.unwrap(), "<b>");
    assert_eq!(source.calls(), 2);
}

#[tokio::test]
async fn concurrent_calls_load_once() {
    let (cache, source) = world();
    let gate = source.shut();
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let (cache, source) = (cache.clone(), source.clone());
            tokio::spawn(async move { text(&cache, &source, "a").await })
        })
        .collect();
    settle().await;
    gate.add_permits(100);
    for call in calls {
        assert_eq!(*call.await.unwrap().unwrap(), "<a>");
    }
    assert_eq!(source.calls(), 1);
}

#[tokio::test]
async fn load_ends_although_its_caller_is_gone() {
    let (cache, source) = world();
    let gate = source.shut();
    let call = {
        let (cache, source) = (cache.clone(), source.clone());
        tokio::spawn(async move { text(&cache, &source, "a").await })
    };
    settle().await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    gate.add_permits(1);
    settle().await;
    assert_eq!(cache.try_get_local(&TEXT, "a").as_deref(), Some(&"<a>".to_owned()));
    assert_eq!(source.calls(), 1);
}

#[tokio::test]
async fn error_is_given_and_not_kept() {
    let (cache, source) = world();
    source.down(true);
    let error = text(&cache, &source, "a").await.unwrap_err();
    assert_eq!(error.loader(), Some(&Down));
    source.down(false);
    assert_eq!(*text(&cache, &source, "a").await.unwrap(), "<a>");
    assert_eq!(source.calls(), 2);
}

#[tokio::test]
async fn stale_value_is_given_while_the_body_fails() {
    let (cache, source, clock) = clocked();
    text(&cache, &source, "a").await.unwrap();
    clock.advance(Duration::from_secs(11));
    source.down(true);
    assert_eq!(*text(&cache, &source, "a").await.unwrap(), "<a>");
    assert_eq!(source.calls(), 2);
}

#[cached(cache = cache, kind = TEXT, key = "{name}", skip(source), ttl = "1m 30s", stale = Duration::ZERO)]
async fn long(cache: &Cache, source: &Source, name: &str) -> Result<String, Down> {
    source.ask(name).await
}

#[tokio::test]
async fn times_of_the_attribute_win_over_those_of_the_kind() {
    let (cache, source, clock) = clocked();
    long(&cache, &source, "a").await.unwrap();
    clock.advance(Duration::from_millis(89_999));
    long(&cache, &source, "a").await.unwrap();
    assert_eq!(source.calls(), 1);
    clock.advance(Duration::from_millis(1));
    source.down(true);
    assert!(matches!(long(&cache, &source, "a").await, Err(LoadError::Loader(_))));
}

#[cached(cache = cache, kind = TEXT, key = "{name}", skip(source), soft_timeout = "0s", hard_timeout = "20ms")]
async fn hurried(cache: &Cache, source: &Source, name: &str) -> Result<String, Down> {
    source.ask(name).await
}

#[tokio::test(start_paused = true)]
async fn caller_waits_no_longer_than_the_timeouts_of_the_attribute() {
    let (cache, source, clock) = clocked();
    let gate = source.shut();
    let late = hurried(&cache, &source, "a").await.unwrap_err();
    assert!(matches!(late, LoadError::Timeout(after) if after == Duration::from_millis(20)));
    gate.add_permits(1);
    settle().await;
    clock.advance(Duration::from_secs(11));
    assert_eq!(*hurried(&cache, &source, "a").await.unwrap(), "<a>");
}

#[cached(cache = cache, kind = TEXT, key = "{name}", skip(source), cache_if = |text| text.len() > 3)]
async fn long_texts(cache: &Cache, source: &Source, name: &str) -> Result<String, Down> {
    source.ask(name).await
}

#[tokio::test]
async fn value_that_is_not_to_be_kept_is_given_and_loaded_again() {
    let (cache, source) = world();
    for (name, loads) in [("a", 2), ("abc", 3)] {
        long_texts(&cache, &source, name).await.unwrap();
        long_texts(&cache, &source, name).await.unwrap();
        assert_eq!(source.calls(), loads);
    }
}

#[tokio::test]
async fn panic_of_the_body_is_an_error_of_the_call() {
    #[cached(cache = cache, kind = TEXT, key = "all")]
    async fn broken(cache: &Cache) -> Result<String, Down> {
        if cache.stats().in_flight > 0 {
            panic!("broken");
        }
        Err(Down)
    }
    let error = broken(&Cache::in_memory()).await.unwrap_err();
    assert!(matches!(error, LoadError::Panicked(message) if &*message == "broken"));
}

#[cached(cache = cache, kind = TEXT, key = "{name}:{day}", tags = ["name:{name}", "all"], skip(source))]
async fn tagged(cache: &Cache, source: &Source, name: &str, day: u32) -> Result<String, Down> {
    source.ask(&format!("{name}{day}")).await
}

#[tokio::test]
async fn tag_made_of_an_argument_invalidates_what_was_loaded_with_it() {
    let (cache, source) = world();
    for (name, day) in [("a:b", 1), ("a:b", 2), ("c", 1)] {
        tagged(&cache, &source, name, day).await.unwrap();
    }
    tagged::refresh(&cache, &source, "a:b", 1).await.unwrap();
    assert_eq!(source.calls(), 4);
    cache.remove_tag("name:a:b").await;
    tagged(&cache, &source, "a:b", 1).await.unwrap();
    tagged(&cache, &source, "c", 1).await.unwrap();
    assert_eq!(source.calls(), 5);
    cache.remove_tag("all").await;
    tagged(&cache, &source, "c", 1).await.unwrap();
    assert_eq!(source.calls(), 6);
}

const EARLY: stockpile_cache::Kind<String> =
    stockpile_cache::Kind::new("early").ttl(Duration::from_secs(10)).eager(0.5);

#[cached(cache = cache, kind = EARLY, key = "{name}", skip(source))]
async fn early(cache: &Cache, source: &Source, name: &str) -> Result<String, Down> {
    source.ask(name).await
}

#[tokio::test]
async fn hit_near_its_end_loads_ahead_and_counts_once() {
    let (cache, source, clock) = clocked();
    early(&cache, &source, "a").await.unwrap();
    clock.advance(Duration::from_secs(9));
    source.set("a", "new");
    assert_eq!(*early(&cache, &source, "a").await.unwrap(), "<a>");
    settle().await;
    assert_eq!(*early(&cache, &source, "a").await.unwrap(), "new");
    assert_eq!((source.calls(), cache.stats().kind("early").calls()), (2, 3));
}
