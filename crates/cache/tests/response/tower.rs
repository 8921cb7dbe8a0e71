//! An axum router behind the layer.

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Request, Response, StatusCode},
    routing::any,
};
use http_body_util::BodyExt;
use stockpile_cache::response::ResponseCache;
use tower::ServiceExt;

use crate::kit::{Got, promises};

fn router(world: &World, rules: ResponseCache) -> Router {
    let world = world.clone();
    let handler = move |headers: HeaderMap| {
        let world = world.clone();
        async move {
            let script = world.handle().await;
            let bytes = Bytes::from(script.body);
            let body = if script.streams {
                Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(bytes)]))
            } else {
                Body::from(bytes)
            };
            let mut response = Response::new(body);
            *response.status_mut() = StatusCode::from_u16(script.status).unwrap();
            for (name, value) in script.headers {
                response.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            let saw = if headers.contains_key("if-none-match") { "yes" } else { "no" };
            response.headers_mut().insert("saw-condition", HeaderValue::from_static(saw));
            response
        }
    };
    Router::new().route("/{name}", any(handler)).layer(rules.layer())
}

macro_rules! app {
    ($world:ident, $rules:expr) => {
        router(&$world, $rules)
    };
}

async fn ask(router: &Router, method: &str, target: &str, headers: &[(&str, &str)]) -> Got {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let headers = parts.headers.iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Got { status: parts.status.as_u16(), headers, body }
}

promises!(tokio::test, app, ask);

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let world = World::new();
    let router = router(&world, world.rules());
    ask(&router, "GET", "/a", &[]).await;
    let head = ask(&router, "HEAD", "/a", &[]).await;
    assert_eq!((head.body.as_str(), head.header("content-length")), ("", Some("2")));
}

#[tokio::test]
async fn stale_response_is_given_while_the_handler_still_works() {
    let world = World::new();
    let router =
        router(&world, ResponseCache::new(&world.cache, crate::kit::PAGES.soft_timeout(Duration::ZERO)));
    ask(&router, "GET", "/a", &[]).await;
    world.clock.advance(Duration::from_secs(11));
    assert_eq!(ask(&router, "GET", "/a", &[]).await.brief(), ("1x", "stale"));
    settle().await;
    assert_eq!(ask(&router, "GET", "/a", &[]).await.brief(), ("2x", "hit"));
}

#[tokio::test]
async fn response_near_its_end_is_replaced_behind_the_client() {
    let world = World::new();
    let router = router(&world, ResponseCache::new(&world.cache, crate::kit::PAGES.eager(0.5)));
    ask(&router, "GET", "/a", &[]).await;
    world.clock.advance(Duration::from_secs(9));
    assert_eq!(ask(&router, "GET", "/a", &[]).await.brief(), ("1x", "hit"));
    settle().await;
    assert_eq!(ask(&router, "GET", "/a", &[]).await.brief(), ("2x", "hit"));
}

#[tokio::test]
async fn handler_that_takes_too_long_is_a_504() {
    let world = World::new();
    let kind = crate::kit::PAGES.hard_timeout(Duration::from_millis(5));
    let router = router(&world, ResponseCache::new(&world.cache, kind));
    let gate = world.shut();
    let late = ask(&router, "GET", "/a", &[]).await;
    assert_eq!((late.status, late.header("cache-control")), (504, Some("no-store")));
    gate.add_permits(1);
    settle().await;
    assert_eq!(ask(&router, "GET", "/a", &[]).await.brief(), ("1x", "hit"));
}

#[tokio::test]
async fn stored_response_is_read_back_from_the_backend() {
    let (world, backend) = (World::new(), std::sync::Arc::new(stockpile_cache::MemoryBackend::new(1 << 20)));
    let node = || {
        let cache = stockpile_cache::Cache::builder().backend(backend.clone()).build().unwrap();
        router(&world, ResponseCache::new(&cache, crate::kit::PAGES))
    };
    world.script(|script| script.headers = vec![("x-own", "1")]);
    let first = ask(&node(), "GET", "/a", &[]).await;
    settle().await;
    let second = ask(&node(), "GET", "/a", &[]).await;
    assert_eq!((second.brief(), second.header("x-own")), (("1x", "hit"), Some("1")));
    assert_eq!(first.header("etag"), second.header("etag"));
}

#[tokio::test]
async fn paths_that_clients_make_up_leave_a_bounded_number_of_counters() {
    use stockpile_cache::{Backend, Namespace, Pattern};
    let (world, backend) = (World::new(), std::sync::Arc::new(stockpile_cache::MemoryBackend::new(64 << 20)));
    let cache = stockpile_cache::Cache::builder().backend(backend.clone()).build().unwrap();
    let router = router(&world, ResponseCache::new(&cache, crate::kit::PAGES));
    world.script(|script| script.status = 404);
    for number in 0..6000 {
        ask(&router, "GET", &format!("/{number}"), &[]).await;
    }
    let counters = Pattern::new(&Namespace::default(), ":generation:*").unwrap();
    let counters = backend.scan(&counters, None, 10_000).await.unwrap().keys.len();
    assert!((2000..=4097).contains(&counters), "{counters}");
}

#[tokio::test]
async fn tag_of_a_path_removes_what_is_kept_of_it() {
    let world = World::new();
    let router = router(&world, world.rules());
    ask(&router, "GET", "/a?b=1", &[]).await;
    ask(&router, "GET", "/b", &[]).await;
    world.cache.remove_tag(&world.rules().path_tag("/a")).await;
    assert_eq!(ask(&router, "GET", "/a?b=1", &[]).await.brief(), ("3x", "miss"));
    assert_eq!(ask(&router, "GET", "/b", &[]).await.brief(), ("2x", "hit"));
}
