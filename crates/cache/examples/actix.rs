//! An actix-web service whose answers are kept.
//!
//! `cargo run -p stockpile-cache --features actix --example actix`, then twice
//! `curl -i 'http://127.0.0.1:8080/quotes?symbol=600519.SH'`

use std::{io, time::Duration};

use actix_web::{App, HttpServer, Responder, web};
use stockpile_cache::{
    Cache, Kind,
    response::{ResponseCache, StoredResponse},
};

const QUOTES: Kind<StoredResponse> = Kind::new("quotes")
    .ttl(Duration::from_secs(10))
    .stale(Duration::from_secs(3600))
    .soft_timeout(Duration::from_millis(200));

#[derive(serde::Deserialize)]
struct Query {
    symbol: String,
}

/// Takes two seconds, as a slow store would.
async fn quotes(query: web::Query<Query>) -> impl Responder {
    tokio::time::sleep(Duration::from_secs(2)).await;
    web::Json(serde_json::json!({"symbol": query.symbol, "price": 1436.0}))
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let cache = Cache::in_memory();
    HttpServer::new(move || {
        let kept = ResponseCache::new(&cache, QUOTES).query(["symbol"]);
        App::new().wrap(kept).route("/quotes", web::get().to(quotes))
    })
    .bind(("127.0.0.1", 8080))?
    .run()
    .await
}
