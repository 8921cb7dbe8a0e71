//! An axum service whose answers are kept.
//!
//! `cargo run -p stockpile-cache --features tower --example axum`, then twice
//! `curl -i 'http://127.0.0.1:8080/quotes?symbol=600519.SH'`

use std::{collections::BTreeMap, io, time::Duration};

use axum::{Json, Router, extract::Query, routing::get};
use stockpile_cache::{
    Cache, Kind,
    response::{ResponseCache, StoredResponse},
};

const QUOTES: Kind<StoredResponse> = Kind::new("quotes")
    .ttl(Duration::from_secs(10))
    .stale(Duration::from_secs(3600))
    .eager(0.8)
    .soft_timeout(Duration::from_millis(200));

/// Takes two seconds, as a slow store would.
async fn quotes(Query(query): Query<BTreeMap<String, String>>) -> Json<serde_json::Value> {
    tokio::time::sleep(Duration::from_secs(2)).await;
    Json(serde_json::json!({"symbol": query.get("symbol"), "price": 1436.0}))
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let cache = Cache::in_memory();
    let kept = ResponseCache::new(&cache, QUOTES).query(["symbol"]);
    let router = Router::new().route("/quotes", get(quotes)).layer(kept.layer());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, router).await
}
