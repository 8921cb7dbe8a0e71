use reqwest::Method;

use crate::app::TestApp;

/// The value of a line, 0 when it is not there.
fn value(metrics: &str, line: &str) -> f64 {
    let found = metrics.lines().find_map(|written| written.strip_prefix(line)?.strip_prefix(' '));
    found.map_or(0.0, |number| number.parse().unwrap())
}

async fn metrics(app: &TestApp) -> String {
    let response = app.get("/metrics").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(response.headers()["cache-control"], "no-store");
    response.text().await.unwrap()
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_code() {
    let app = TestApp::with_a_small_market().await;
    for target in ["600519.SH/basic", "000001.SZ/basic", "688981.SH/basic", "600519.SH/daily", "1/basic"] {
        app.get(&format!("/api/stock/{target}")).await;
    }
    app.get("/nobody/600519.SH").await;
    app.send(Method::HEAD, "/api/stock/600519.SH/basic").await;
    app.send(Method::from_bytes(b"BREW").unwrap(), "/livez").await;
    let metrics = metrics(&app).await;
    let route = "http_requests_total{route=\"/api/stock/{code}";
    for (line, count) in [
        (format!("{route}/basic\",method=\"GET\",status=\"200\"}}"), 3.0),
        (format!("{route}/basic\",method=\"GET\",status=\"400\"}}"), 1.0),
        (format!("{route}/basic\",method=\"HEAD\",status=\"200\"}}"), 1.0),
        (format!("{route}/daily\",method=\"GET\",status=\"200\"}}"), 1.0),
        ("http_requests_total{route=\"none\",method=\"GET\",status=\"404\"}".to_owned(), 1.0),
        ("http_requests_total{route=\"/livez\",method=\"other\",status=\"405\"}".to_owned(), 1.0),
        (
            "http_request_duration_seconds_count{route=\"/api/stock/{code}/basic\",method=\"GET\"}"
                .to_owned(),
            4.0,
        ),
        (
            "http_request_duration_seconds_bucket{route=\"/livez\",method=\"other\",le=\"+Inf\"}".to_owned(),
            1.0,
        ),
    ] {
        assert_eq!(value(&metrics, &line), count, "{line}\n{metrics}");
    }
    // Names and labels alone: the digits of a code may well stand in a duration.
    let series: Vec<_> = metrics.lines().filter_map(|line| Some(line.rsplit_once(' ')?.0)).collect();
    for word in ["600519", "000001", "688981", "nobody", "BREW"] {
        assert!(!series.iter().any(|series| series.contains(word)), "{word}\n{metrics}");
    }
}

#[tokio::test]
async fn the_cache_the_program_and_its_streams_are_told_of() {
    let app = TestApp::with_a_small_market().await;
    for _ in 0..3 {
        app.json("/api/stock/600519.SH/basic").await;
    }
    let _stream = app.get("/api/stream/quotes?codes=600519").await;
    let metrics = metrics(&app).await;
    for (line, count) in [
        ("stockpile_cache_hits_total{kind=\"basic\",tier=\"l1\"}", 2.0),
        ("stockpile_cache_hits_total{kind=\"basic\",tier=\"l2\"}", 0.0),
        ("stockpile_cache_misses_total{kind=\"basic\"}", 1.0),
        ("stockpile_cache_loads_total{kind=\"basic\"}", 1.0),
        ("stockpile_streams_open", 1.0),
        (concat!("stockpile_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}"), 1.0),
    ] {
        assert_eq!(value(&metrics, line), count, "{line}\n{metrics}");
    }
    assert!(metrics.contains("stockpile_cache_hits_total{kind=\"basic\",tier=\"l2\"} 0"), "{metrics}");
    assert!(value(&metrics, "stockpile_cache_l1_bytes") > 0.0);
    // After the first of November 2023, at any rate.
    assert!(value(&metrics, "process_start_time_seconds") > 1.6988e9, "{metrics}");
    for (name, kind) in [("http_requests_total", "counter"), ("http_request_duration_seconds", "histogram")] {
        assert!(metrics.contains(&format!("# TYPE {name} {kind}\n")), "{metrics}");
        assert!(metrics.contains(&format!("# HELP {name} ")), "{metrics}");
    }
}

#[tokio::test]
async fn metrics_can_be_turned_off() {
    let app = TestApp::start_with(&[("METRICS_ACCESS", "off")]).await;
    assert_eq!(app.get("/metrics").await.status(), 404);
    assert_eq!(app.get("/health").await.status(), 200);
}

#[tokio::test]
async fn a_header_does_not_change_where_a_request_comes_from() {
    let app = TestApp::start().await;
    for header in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        let response = app.get_with("/metrics", &[(header, "203.0.113.9")]).await;
        assert_eq!(response.status(), 200, "{header}");
    }
}
