//! `key`, `evict` and `refresh`.

use std::sync::Arc;

use stockpile_cache::{Cache, MemoryBackend, cached};

use crate::world::{Down, Source, TEXT, settle, world};

#[cached(cache = cache, kind = TEXT, key = "{name}:{day}", skip(source))]
async fn text(cache: &Cache, source: &Source, name: &str, day: u32) -> Result<String, Down> {
    source.ask(&format!("{name}{day}")).await
}

#[tokio::test]
async fn key_is_that_of_the_stored_entry() {
    let (cache, source) = world();
    let given = text(&cache, &source, "a:b", 7).await.unwrap();
    assert_eq!(text::key("a:b", 7), "a%3Ab:7");
    assert_eq!(cache.get(&TEXT, &text::key("a:b", 7)).await, Some(given));
}

#[tokio::test]
async fn evicted_entry_is_loaded_again_and_others_stay() {
    let (cache, source) = world();
    for day in [1, 2] {
        text(&cache, &source, "a", day).await.unwrap();
    }
    assert!(text::evict(&cache, "a", 1).await.existed);
    assert!(!text::evict(&cache, "a", 1).await.existed);
    for day in [1, 2] {
        text(&cache, &source, "a", day).await.unwrap();
    }
    assert_eq!(source.calls(), 3);
}

#[tokio::test]
async fn refresh_loads_although_the_entry_is_fresh_and_stores_what_came() {
    for cache in [Cache::in_memory(), tiered()] {
        let source = Source::default();
        text(&cache, &source, "a", 1).await.unwrap();
        source.set("a1", "new");
        assert_eq!(*text(&cache, &source, "a", 1).await.unwrap(), "<a1>");
        assert_eq!(*text::refresh(&cache, &source, "a", 1).await.unwrap(), "new");
        assert_eq!(*text(&cache, &source, "a", 1).await.unwrap(), "new");
        assert_eq!(source.calls(), 2);
        assert_eq!(cache.stats().in_flight, 0);
    }
}

#[tokio::test]
async fn refreshed_value_reaches_the_backend() {
    let backend = Arc::new(MemoryBackend::new(1 << 20));
    let node = || Cache::builder().backend(backend.clone()).build().unwrap();
    let (here, source) = (node(), Source::default());
    text(&here, &source, "a", 1).await.unwrap();
    source.set("a1", "new");
    text::refresh(&here, &source, "a", 1).await.unwrap();
    settle().await;
    assert_eq!(*text(&node(), &source, "a", 1).await.unwrap(), "new");
    assert_eq!(source.calls(), 2);
}

#[tokio::test]
async fn failed_refresh_gives_its_error_and_leaves_the_entry() {
    let (cache, source) = world();
    text(&cache, &source, "a", 1).await.unwrap();
    source.down(true);
    let error = text::refresh(&cache, &source, "a", 1).await.unwrap_err();
    assert_eq!(error.loader(), Some(&Down));
    assert_eq!(*text(&cache, &source, "a", 1).await.unwrap(), "<a1>");
}

#[tokio::test]
async fn callers_get_the_old_value_while_a_refresh_runs_and_it_ends_without_its_caller() {
    let (cache, source) = world();
    text(&cache, &source, "a", 1).await.unwrap();
    source.set("a1", "new");
    let gate = source.shut();
    let refresh = {
        let (cache, source) = (cache.clone(), source.clone());
        tokio::spawn(async move { text::refresh(&cache, &source, "a", 1).await })
    };
    settle().await;
    assert_eq!(*text(&cache, &source, "a", 1).await.unwrap(), "<a1>");
    refresh.abort();
    refresh.await.unwrap_err();
    gate.add_permits(1);
    settle().await;
    assert_eq!(*text(&cache, &source, "a", 1).await.unwrap(), "new");
}

#[tokio::test]
async fn entry_evicted_during_a_refresh_stays_away() {
    let (cache, source) = world();
    let gate = source.shut();
    let refresh = {
        let (cache, source) = (cache.clone(), source.clone());
        tokio::spawn(async move { text::refresh(&cache, &source, "a", 1).await })
    };
    settle().await;
    text::evict(&cache, "a", 1).await;
    gate.add_permits(1);
    assert_eq!(*refresh.await.unwrap().unwrap(), "<a1>");
    assert_eq!(cache.get(&TEXT, &text::key("a", 1)).await, None);
}

#[tokio::test]
async fn load_that_began_before_a_refresh_does_not_overwrite_it() {
    for cache in [Cache::in_memory(), tiered()] {
        let source = Source::default();
        let gate = source.shut();
        let load = {
            let (cache, source) = (cache.clone(), source.clone());
            tokio::spawn(async move {
                cache
                    .entry(&TEXT, "a:1")
                    .get_or_load(move |_| async move {
                        let _ = source.ask("first").await;
                        Ok::<_, Down>("old".to_owned())
                    })
                    .await
            })
        };
        settle().await;
        let open = Source::default();
        assert_eq!(*text::refresh(&cache, &open, "a", 1).await.unwrap(), "<a1>");
        gate.add_permits(1);
        assert_eq!(*load.await.unwrap().unwrap(), "old");
        settle().await;
        assert_eq!(*text(&cache, &open, "a", 1).await.unwrap(), "<a1>");
    }
}

fn tiered() -> Cache {
    Cache::builder().backend(Arc::new(MemoryBackend::new(1 << 20))).build().unwrap()
}
