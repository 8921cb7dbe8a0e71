//! Distinct arguments, distinct keys; and what two functions share.

use std::collections::HashSet;

use stockpile_cache::{Cache, Kind, cached};

use crate::world::{Down, Source, TEXT, world};

#[cached(cache = cache, kind = TEXT, key = "{a}:{b}", skip(source))]
async fn pair(cache: &Cache, source: &Source, a: &str, b: Option<&str>) -> Result<String, Down> {
    source.ask(&format!("{a}/{b:?}")).await
}

#[tokio::test]
async fn no_two_pairs_of_arguments_share_an_entry() {
    let (cache, source) = world();
    let parts = ["", ":", "%", "a", "a:", ":a", "%3A", "%25", "%-", "a%", "-", "é"];
    let (mut keys, mut texts) = (HashSet::new(), HashSet::new());
    for a in parts {
        for b in parts.into_iter().map(Some).chain([None]) {
            keys.insert(pair::key(a, b));
            texts.insert(pair(&cache, &source, a, b).await.unwrap().to_string());
        }
    }
    let all = parts.len() * (parts.len() + 1);
    assert_eq!((keys.len(), texts.len(), source.calls()), (all, all, all as u64));
}

struct User {
    id: u64,
    #[expect(dead_code, reason = "not in the key")]
    seen: u64,
}

impl Clone for User {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

#[cached(cache = cache, kind = TEXT, key = "{{user}}:{user.id}:{place.0.1}", skip(source))]
async fn by_field(
    cache: &Cache,
    source: &Source,
    user: &User,
    place: ((u8, u8), u8),
) -> Result<String, Down> {
    let _ = place;
    source.ask(&user.id.to_string()).await
}

#[tokio::test]
async fn field_stands_for_its_argument() {
    let (cache, source) = world();
    by_field(&cache, &source, &User { id: 1, seen: 1 }, ((1, 2), 3)).await.unwrap();
    by_field(&cache, &source, &User { id: 1, seen: 2 }, ((0, 2), 4)).await.unwrap();
    assert_eq!(source.calls(), 1);
    assert_eq!(by_field::key(&User { id: 1, seen: 3 }, ((1, 2), 3)), "{user}:1:2");
}

const OTHER: Kind<String> = Kind::new("other");

#[cached(cache = cache, kind = OTHER, key = "{a}:{b}", skip(source))]
async fn other_kind(cache: &Cache, source: &Source, a: &str, b: &str) -> Result<String, Down> {
    source.ask(&format!("other {a}/{b}")).await
}

#[cached(cache = cache, kind = TEXT, key = "same:{a}:{b}", skip(source))]
async fn other_prefix(cache: &Cache, source: &Source, a: &str, b: &str) -> Result<String, Down> {
    source.ask(&format!("same {a}/{b}")).await
}

#[tokio::test]
async fn functions_of_two_kinds_or_two_templates_do_not_see_each_other() {
    let (cache, source) = world();
    let one = pair(&cache, &source, "a", Some("b")).await.unwrap();
    let two = other_kind(&cache, &source, "a", "b").await.unwrap();
    let three = other_prefix(&cache, &source, "a", "b").await.unwrap();
    assert_eq!([one.as_str(), &two, &three], [r#"<a/Some("b")>"#, "<other a/b>", "<same a/b>"]);
}

#[tokio::test]
async fn what_is_set_under_the_key_is_what_the_function_gives() {
    let (cache, source) = world();
    cache.set(&TEXT, &pair::key("a", None), "set".into()).await;
    assert_eq!(*pair(&cache, &source, "a", None).await.unwrap(), "set");
    assert_eq!(source.calls(), 0);
}
