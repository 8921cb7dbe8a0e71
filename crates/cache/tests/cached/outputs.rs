//! `Result`, its aliases, `Option` and plain values, told apart by type.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use stockpile_cache::{Cache, Kind, LoadError, LoadResult, cached};

use crate::world::{Down, Source, TEXT, clocked, world};

type Answer = std::result::Result<String, Down>;
type Text = String;
type Fallible<T, E = Down> = Result<T, E>;

#[cached(cache = cache, kind = TEXT, key = "alias", skip(source))]
async fn alias(cache: &Cache, source: &Source) -> Answer {
    source.ask("alias").await
}

#[cached(cache = cache, kind = TEXT, key = "default", skip(source))]
async fn alias_with_default(cache: &Cache, source: &Source) -> Fallible<Text> {
    source.ask("alias").await
}

#[tokio::test]
async fn error_behind_an_alias_is_not_kept() {
    let (cache, source) = world();
    source.down(true);
    let first: LoadResult<String, Down> = alias(&cache, &source).await;
    assert!(first.is_err());
    assert!(alias_with_default(&cache, &source).await.is_err());
    source.down(false);
    assert_eq!(*alias(&cache, &source).await.unwrap(), "<alias>");
    assert_eq!(*alias_with_default(&cache, &source).await.unwrap(), "<alias>");
}

#[cached(cache = cache, kind = TEXT, key = "plain", skip(source))]
async fn plain(cache: &Cache, source: &Source) -> Text {
    source.ask("plain").await.unwrap_or_default()
}

#[tokio::test]
async fn plain_value_behind_an_alias_is_kept() {
    let (cache, source) = world();
    let first: Result<Arc<String>, LoadError<Infallible>> = plain(&cache, &source).await;
    assert_eq!(*first.unwrap(), "<plain>");
    plain(&cache, &source).await.unwrap();
    assert_eq!(source.calls(), 1);
}

const MAYBE: Kind<Option<String>> =
    Kind::new("maybe").ttl(Duration::from_secs(60)).negative(Duration::from_secs(5));

#[cached(cache = cache, kind = MAYBE, key = "{name}", skip(source))]
async fn maybe(cache: &Cache, source: &Source, name: &str) -> Option<String> {
    source.ask(name).await.ok()
}

#[cached(cache = cache, kind = MAYBE, key = "result:{name}", skip(source))]
async fn maybe_or_error(cache: &Cache, source: &Source, name: &str) -> Result<Option<String>, Down> {
    source.ask(name).await.map(|text| (text != "gone").then_some(text))
}

#[tokio::test]
async fn absent_value_is_kept_for_the_negative_time_of_its_kind() {
    let (cache, source, clock) = clocked();
    source.down(true);
    source.set("b", "gone");
    for _ in 0..2 {
        assert_eq!(*maybe(&cache, &source, "a").await.unwrap(), None);
    }
    assert_eq!(source.calls(), 1);
    source.down(false);
    for _ in 0..2 {
        assert_eq!(*maybe_or_error(&cache, &source, "b").await.unwrap(), None);
    }
    assert_eq!(source.calls(), 2);
    clock.advance(Duration::from_secs(5));
    assert_eq!(maybe(&cache, &source, "a").await.unwrap().as_deref(), Some("<a>"));
    clock.advance(Duration::from_secs(5));
    maybe(&cache, &source, "a").await.unwrap();
    assert_eq!(source.calls(), 3);
}

const BODY: Kind<Bytes> = Kind::new("body");

#[cached(cache = cache, kind = BODY, key = "{number}")]
async fn body(cache: &Cache, number: i64) -> Result<Bytes, Box<dyn std::error::Error + Send + Sync>> {
    let _ = cache;
    let text = format!("{number}");
    let parsed: u8 = text.parse()?;
    Ok(Bytes::from(vec![parsed]))
}

#[tokio::test]
async fn question_mark_converts_errors_and_bytes_come_as_bytes() {
    let cache = Cache::in_memory();
    let given: Bytes = body(&cache, 7).await.unwrap();
    assert_eq!(&given[..], [7]);
    let error = body(&cache, 300).await.unwrap_err();
    assert_eq!(error.loader().unwrap().to_string(), "number too large to fit in target type");
}

/// Docs.
#[cached(cache = cache, kind = TEXT, key = "marked")]
#[deprecated(note = "kept")]
#[expect(unused_variables, reason = "expected where the body is")]
async fn marked(cache: &Cache) -> Result<String, Down> {
    let unused = 1;
    Ok("marked".into())
}

#[tokio::test]
async fn attributes_stay_where_they_belong() {
    #[expect(deprecated, reason = "the attribute is kept")]
    let given = marked(&Cache::in_memory()).await;
    assert_eq!(*given.unwrap(), "marked");
}

mod inner {
    pub(super) mod deep {
        use super::super::{Cache, Down, TEXT, cached};

        #[cached(cache = cache, kind = TEXT, key = "deep")]
        pub(in crate::outputs) async fn visible(cache: &Cache) -> Result<String, Down> {
            assert!(cache.stats().in_flight > 0);
            Ok("deep".into())
        }
    }
}

#[tokio::test]
async fn function_and_companions_are_as_visible_as_written() {
    let cache = Cache::in_memory();
    inner::deep::visible(&cache).await.unwrap();
    assert_eq!(inner::deep::visible::key(), "deep");
    assert!(inner::deep::visible::evict(&cache).await.existed);
}

#[tokio::test]
async fn cached_function_may_live_inside_a_function() {
    struct Local;
    const LOCAL: Kind<String> = Kind::new("local");
    #[cached(cache = cache, kind = LOCAL, key = "{name}")]
    async fn local(cache: &Cache, name: String) -> Result<String, Down> {
        let _: (Local, &Cache) = (Local, cache);
        Ok(name)
    }
    let cache = Cache::in_memory();
    local(&cache, "x".into()).await.unwrap();
    assert_eq!(local::key("x".into()), "x");
    assert!(local::evict(&cache, "x".into()).await.existed);
}
