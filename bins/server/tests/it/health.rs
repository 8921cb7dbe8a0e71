use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn health_tells_services_and_cache() {
    let app = TestApp::with_a_small_market().await;
    for _ in 0..3 {
        app.json("/api/overview/indices").await;
    }
    for target in ["/health", "/api/v1/health"] {
        let health = app.json(target).await;
        assert_eq!(health["status"], "healthy");
        let redis = if app.backends.is_embedded() { "disabled" } else { "connected" };
        assert_eq!(
            health["services"],
            json!({app.backends.engine: "connected", "redis": redis, "langfuse": "disabled"})
        );
        let cache = &health["cache"];
        assert_eq!(
            (&cache["available"], &cache["hits"], &cache["misses"]),
            (&json!(true), &json!(2), &json!(1))
        );
        assert_eq!((&cache["stale_hits"], &cache["keys"]), (&json!(0), &json!(1)));
        assert!((cache["hit_ratio"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9);
        assert!(health["uptime_s"].is_u64() && health["version"].is_string());
    }
}

#[tokio::test]
async fn the_hit_ratio_is_unknown_before_the_first_read() {
    let app = TestApp::start().await;
    assert_eq!(app.json("/health").await["cache"]["hit_ratio"], json!(null));
}

#[tokio::test]
async fn a_store_that_was_replaced_is_not_healthy() {
    let app = TestApp::with_a_small_market().await;
    if !app.backends.is_embedded() {
        return;
    }
    app.json("/api/overview/indices").await;
    std::fs::remove_file(app.folder.path().join("stockpile.db")).unwrap();
    for target in ["/health", "/readyz"] {
        assert_eq!(app.get(target).await.status(), 503, "{target}");
    }
    let health: serde_json::Value = app.get("/health").await.json().await.unwrap();
    assert_eq!(
        (&health["status"], &health["services"]["sqlite"]),
        (&json!("unhealthy"), &json!("disconnected"))
    );
    assert_eq!(app.get("/livez").await.status(), 200);
    // What is known is still told.
    assert_eq!(app.get("/api/overview/indices").await.status(), 200);
}

#[tokio::test]
async fn probes_answer() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/livez").await.status(), 200);
    assert_eq!(app.get("/readyz").await.status(), 200);
}

#[tokio::test]
async fn a_request_keeps_the_id_of_its_client_or_gets_one() {
    let app = TestApp::start().await;
    let response = app.get_with("/livez", &[("x-request-id", "abc-123")]).await;
    assert_eq!(response.headers()["x-request-id"], "abc-123");
    let made = app.get("/livez").await.headers()["x-request-id"].clone();
    assert_eq!(made.len(), 32);
    let unsafe_id = app.get_with("/livez", &[("x-request-id", "a b\"c")]).await;
    assert_eq!(unsafe_id.headers()["x-request-id"].len(), 32);
}

#[tokio::test]
async fn other_origins_are_let_in_only_when_named() {
    let closed = TestApp::start().await;
    let response = closed.get_with("/api", &[("origin", "https://example.org")]).await;
    assert!(!response.headers().contains_key("access-control-allow-origin"));
    let open = TestApp::start_with(&[("CORS_ORIGINS", "https://example.org")]).await;
    let response = open.get_with("/api", &[("origin", "https://example.org")]).await;
    assert_eq!(response.headers()["access-control-allow-origin"], "https://example.org");
}

#[tokio::test]
async fn the_api_lists_its_routes() {
    let app = TestApp::start().await;
    for target in ["/api", "/api/"] {
        let index = app.json(target).await;
        assert_eq!(index["name"], "Stockpile");
        assert!(index["links"].as_array().unwrap().contains(&json!("/api/stock/{code}/basic")));
    }
}
