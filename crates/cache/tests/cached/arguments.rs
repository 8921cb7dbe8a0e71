//! Arguments in all their forms reach the body as they were written.

use std::{borrow::Cow, fmt::Display, path::Path, sync::Arc};

use stockpile_cache::{Cache, cached};

use crate::world::{Down, Source, TEXT, world};

struct Query {
    name: String,
    page: u32,
}

#[cached(cache = cache, kind = TEXT, key = "{a}:{b}:{name}:{page}:{again}", skip(source))]
async fn patterns(
    cache: &Cache,
    source: Source,
    (a, mut b): (u8, u8),
    Query { name, page }: Query,
    mut again: String,
) -> Result<String, Down> {
    b += 1;
    again.push('!');
    source.ask(&format!("{a}{b}{name}{page}{again}")).await
}

#[tokio::test]
async fn patterns_and_mutable_bindings_work_and_are_all_in_the_key() {
    let (cache, source) = world();
    let query = |page| Query { name: "q".into(), page };
    for _ in 0..2 {
        let text = patterns(&cache, source.clone(), (1, 2), query(3), "x".into()).await.unwrap();
        assert_eq!(*text, "<13q3x!>");
    }
    patterns(&cache, source.clone(), (1, 2), query(4), "x".into()).await.unwrap();
    patterns(&cache, source.clone(), (2, 2), query(4), "x".into()).await.unwrap();
    assert_eq!(source.calls(), 3);
    assert_eq!(patterns::key((1, 2), query(3), "x".into()), "1:2:q:3:x");
}

#[cached(cache = cache, kind = TEXT, key = "{one}:{list}:{maybe}:{cow}:{names}:{fixed}", skip(source, path))]
#[allow(clippy::too_many_arguments, reason = "one of each")]
async fn borrowed<'a>(
    cache: &Cache,
    source: &Arc<Source>,
    one: &'a str,
    list: &[u32],
    maybe: Option<&'a str>,
    cow: Cow<'_, str>,
    names: &[&str],
    fixed: &'static str,
    path: &Path,
) -> Result<String, Down> {
    let question = format!("{one} {list:?} {maybe:?} {cow} {names:?} {fixed} {}", path.display());
    source.ask(&question).await
}

#[tokio::test]
async fn borrowed_arguments_outlive_their_caller() {
    let (cache, source) = (Cache::in_memory(), Arc::new(Source::default()));
    let gate = source.shut();
    let call = {
        let (cache, source) = (cache.clone(), Arc::clone(&source));
        tokio::spawn(async move {
            let (one, list, maybe) = ("o".to_owned(), vec![1, 2], Some("m".to_owned()));
            let names = ["n:1", "n2"].map(str::to_owned);
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let cow = Cow::Borrowed(one.as_str());
            borrowed(&cache, &source, &one, &list, maybe.as_deref(), cow, &names, "f", Path::new("/p")).await
        })
    };
    crate::world::settle().await;
    call.abort();
    call.await.unwrap_err();
    gate.add_permits(1);
    crate::world::settle().await;
    let key = borrowed::key("o", &[1, 2], Some("m"), "o".into(), &["n:1", "n2"], "f");
    assert_eq!(key, "o:1,2:m:o:n%3A1,n2:f");
    let text = cache.try_get_local(&TEXT, &key).unwrap();
    assert_eq!(*text, r#"<o [1, 2] Some("m") o ["n:1", "n2"] f /p>"#);
}

#[cached(cache = cache, kind = TEXT, key = "{id}", skip(source))]
async fn opaque(
    cache: &Cache,
    source: &Source,
    id: impl Display + Send + Sync + 'static,
) -> Result<String, Down> {
    source.ask(&id.to_string()).await
}

#[tokio::test]
async fn argument_of_an_opaque_type_is_taken() {
    let (cache, source) = world();
    assert_eq!(*opaque(&cache, &source, 7).await.unwrap(), "<7>");
    assert_eq!(*opaque(&cache, &source, "x").await.unwrap(), "<x>");
}

#[derive(Clone)]
struct State {
    cache: Arc<Cache>,
    source: Source,
}

#[cached(cache = state.cache, kind = TEXT, key = "{name}", skip(state))]
async fn through_state(state: &State, name: &str) -> Result<String, Down> {
    state.source.ask(name).await
}

#[cached(cache = state.cache, kind = TEXT, key = "{name}", skip(state))]
async fn through_owned_state(state: State, name: &str) -> Result<String, Down> {
    state.source.ask(name).await
}

#[cached(cache = cache, kind = TEXT, key = "{name}", skip(source))]
async fn through_parts(State { cache, source }: State, name: &str) -> Result<String, Down> {
    assert!(cache.stats().in_flight > 0);
    source.ask(name).await
}

#[tokio::test]
async fn cache_is_found_in_an_argument() {
    let (cache, source) = world();
    let state = State { cache: Arc::new(cache), source };
    through_state(&state, "a").await.unwrap();
    through_owned_state(state.clone(), "a").await.unwrap();
    through_parts(state.clone(), "a").await.unwrap();
    assert_eq!(state.source.calls(), 1);
    assert!(through_state::evict(&state, "a").await.existed);
    through_parts(state.clone(), "a").await.unwrap();
    assert_eq!(state.source.calls(), 2);
}

#[cached(cache = CACHE, kind = TEXT, key = "{r#type}", skip(source))]
async fn r#raw(source: &Source, r#type: &str) -> Result<String, Down> {
    source.ask(r#type).await
}

static CACHE: std::sync::LazyLock<Cache> = std::sync::LazyLock::new(Cache::in_memory);

#[tokio::test]
async fn static_cache_and_raw_names_work() {
    let source = Source::default();
    assert_eq!(*r#raw(&source, "t").await.unwrap(), "<t>");
    assert!(r#raw::evict("t").await.existed);
}
