use std::io::Read as _;

use reqwest::Method;

use crate::app::TestApp;

const STATS: &str = "/api/overview/market-stats?date=20250205";

#[tokio::test]
async fn the_second_read_is_a_hit_with_the_same_body() {
    let app = TestApp::with_a_small_market().await;
    for target in [
        STATS,
        "/api/overview/hot-stocks",
        "/api/overview/hot-etfs",
        "/api/overview/indices",
        "/api/stock/600519.SH/basic",
        "/api/stock/600519.SH/daily",
    ] {
        let miss = app.get(target).await;
        assert_eq!(miss.headers()["x-cache"], "miss", "{target}");
        let tag = miss.headers()["etag"].clone();
        let body = miss.bytes().await.unwrap();
        let hit = app.get(target).await;
        assert_eq!(
            (&hit.headers()["x-cache"], &hit.headers()["etag"]),
            (&"hit".parse().unwrap(), &tag),
            "{target}"
        );
        assert_eq!(hit.bytes().await.unwrap(), body, "{target}");
    }
}

#[tokio::test]
async fn each_parameter_set_has_a_body_of_its_own() {
    let app = TestApp::with_a_small_market().await;
    for target in
        ["limit=1", "limit=2", "limit=1&sort_by=pct_chg", "limit=1&exchange=bse", "limit=1&date=20250124"]
    {
        let response = app.get(&format!("/api/overview/hot-stocks?{target}")).await;
        assert_eq!(response.headers()["x-cache"], "miss", "{target}");
    }
    // Another spelling of the same request is the same request.
    for target in [
        "/api/overview/hot-stocks?sort_by=amount&limit=1",
        "/api/overview/hot-stocks?limit=1&date=2025-02-05&exchange=all",
    ] {
        assert_eq!(app.get(target).await.headers()["x-cache"], "hit", "{target}");
    }
    app.get("/api/stock/600519/basic").await;
    assert_eq!(app.get("/api/stock/sh600519/basic").await.headers()["x-cache"], "hit");
}

#[tokio::test]
async fn freshness_is_told_in_headers() {
    let app = TestApp::with_a_small_market().await;
    // What has a CSV form too is chosen by `Accept`, unless the request names the form.
    let (one, two) = ("Accept-Encoding", "Accept, Accept-Encoding");
    for (target, ttl, vary) in [
        (STATS, 300, one),
        ("/api/overview/market-stats?date=20991231", 60, one),
        ("/api/stock/600519.SH/basic", 3600, one),
        ("/api/stock/600519.SH/daily?end=20250205", 86_400, two),
        ("/api/stock/600519.SH/daily", 60, two),
        ("/api/stock/600519.SH/daily?format=csv", 60, one),
        ("/api/daily?date=20250205", 86_400, two),
        ("/api/daily?date=20250206", 60, two),
        ("/api/daily?codes=600519&format=json", 60, one),
        ("/api/stocks/search?q=1", 3600, two),
    ] {
        let response = app.get(target).await;
        let control = response.headers()["cache-control"].to_str().unwrap().to_owned();
        assert_eq!(control, format!("public, max-age={ttl}, stale-while-revalidate={ttl}"), "{target}");
        assert_eq!(response.headers()["age"], "0");
        assert_eq!(response.headers()["vary"], vary, "{target}");
    }
}

#[tokio::test]
async fn a_known_tag_saves_the_body() {
    let app = TestApp::with_a_small_market().await;
    let tag = app.get(STATS).await.headers()["etag"].to_str().unwrap().to_owned();
    for given in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
        let response = app.get_with(STATS, &[("if-none-match", &given)]).await;
        assert_eq!(response.status(), 304, "{given}");
        assert_eq!(response.headers()["etag"], tag.as_str());
        assert!(response.headers().contains_key("cache-control"));
        assert!(response.bytes().await.unwrap().is_empty());
    }
    let response = app.get_with(STATS, &[("if-none-match", "\"other\"")]).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn every_encoding_unpacks_to_the_same_body_under_a_tag_of_its_own() {
    let app = TestApp::with_a_small_market().await;
    let mut rows = crate::app::HEADER.to_owned();
    for number in 600_000..600_050 {
        rows += &format!("{number}.SH,20250205,10,10,10,10,10,0,0,1,1\n");
    }
    app.ingest("more.csv", rows).await;
    let target = "/api/overview/hot-stocks?limit=50";
    let plain = app.get(target).await;
    let plain_tag = plain.headers()["etag"].clone();
    let plain = plain.bytes().await.unwrap();
    let mut tags = vec![plain_tag];
    for encoding in ["gzip", "br", "zstd"] {
        for _ in 0..2 {
            let response = app.get_with(target, &[("accept-encoding", encoding)]).await;
            assert_eq!(response.headers()["content-encoding"], encoding);
            // The answer was found; only its form may be new.
            assert_eq!(response.headers()["x-cache"], "hit", "{encoding}");
            tags.push(response.headers()["etag"].clone());
            let packed = response.bytes().await.unwrap();
            assert!(packed.len() * 2 < plain.len(), "{encoding}: {} of {}", packed.len(), plain.len());
            let mut unpacked = Vec::new();
            match encoding {
                "gzip" => flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap(),
                "br" => brotli::Decompressor::new(&packed[..], 4096).read_to_end(&mut unpacked).unwrap(),
                _ => zstd::Decoder::new(&packed[..]).unwrap().read_to_end(&mut unpacked).unwrap(),
            };
            assert_eq!(unpacked, plain, "{encoding}");
        }
    }
    tags.dedup();
    assert_eq!(tags.len(), 4);
}

#[tokio::test]
async fn a_small_body_is_not_packed() {
    let app = TestApp::with_a_small_market().await;
    let response = app.get_with("/api/stock/600519.SH/basic", &[("accept-encoding", "gzip, br")]).await;
    assert!(!response.headers().contains_key("content-encoding"));
    assert_eq!(response.json::<serde_json::Value>().await.unwrap()["name"], "贵州茅台");
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let app = TestApp::with_a_small_market().await;
    let get = app.get(STATS).await;
    let head = app.send(Method::HEAD, STATS).await;
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()["etag"], get.headers()["etag"]);
    assert_eq!(head.headers()["content-length"], get.headers()["content-length"]);
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn without_a_cache_every_read_is_a_miss() {
    let app = TestApp::start_with(&[("CACHE_URL", "none://")]).await;
    app.ingest_the_small_market().await;
    for _ in 0..2 {
        assert_eq!(app.get(STATS).await.headers()["x-cache"], "miss");
    }
    let health = app.json("/health").await;
    assert_eq!(health["cache"]["available"], false);
}

#[tokio::test]
async fn a_configured_lifetime_takes_effect() {
    let app = TestApp::start_with(&[("CACHE_TTL_OVERVIEW", "7"), ("CACHE_TTL_BASIC", "8")]).await;
    app.ingest_the_small_market().await;
    for (target, max_age) in [(STATS, "max-age=7,"), ("/api/stock/600519.SH/basic", "max-age=8,")] {
        let control = app.get(target).await.headers()["cache-control"].to_str().unwrap().to_owned();
        assert!(control.contains(max_age), "{control}");
    }
}
