//! `/health`, `/livez`, `/readyz`.

use std::{collections::BTreeMap, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde::Serialize;
use stockpile_cache::KindStats;
use utoipa::ToSchema;

use crate::{
    cached::PACKED, openapi::route::Route, parameters::Parameters, problem::Problem, state::AppState,
};

/// A store that takes longer than this to say anything cannot serve anybody.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Serialize, ToSchema)]
struct Health {
    status: &'static str,
    version: &'static str,
    #[schema(extensions(("x-unit" = json!("seconds"))))]
    uptime_s: u64,
    services: BTreeMap<&'static str, &'static str>,
    cache: CacheHealth,
    /// What this process fetches from by itself; empty when it fetches nothing.
    sources: Vec<SourceHealth>,
}

/// How the last round of a source went that a server fetches from.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceHealth {
    /// `tushare`, `quotes` or `coins`.
    pub source: &'static str,
    /// When it ended; null before the first.
    #[schema(required)]
    pub last_round: Option<String>,
    /// Runs that it committed; of quotes, the interfaces that answered.
    pub run_count: u64,
    /// What went wrong, in a word such as `unreachable`; null when nothing did.
    #[schema(required)]
    pub error: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
struct CacheHealth {
    available: bool,
    hits: u64,
    misses: u64,
    stale_hits: u64,
    /// Null before the first read.
    #[schema(required)]
    hit_ratio: Option<f64>,
    keys: u64,
}

const EXAMPLE: &str = include_str!("openapi/examples/health.json");

pub(crate) fn routes() -> Vec<Route> {
    let whole = |path: &'static str| {
        Route::get(path, "health", "The service, what it depends on, and its cache", health)
            .answers::<Health>("200", "It serves. Counters are those of this process.", Some(EXAMPLE))
            .answers::<Health>("503", "The store cannot answer.", None)
            .refuses("400", "A parameter; there are none.")
    };
    vec![
        whole("/health"),
        whole("/api/v1/health"),
        Route::get("/livez", "health", "The process runs", livez)
            .text("200", "text/plain", "`ok`.")
            .refuses("400", "A parameter; there are none."),
        Route::get("/readyz", "health", "The process can serve", readyz)
            .text("200", "text/plain", "`ready`.")
            .text("503", "text/plain", "The store does not answer.")
            .refuses("400", "A parameter; there are none."),
    ]
}

/// The whole picture; 503 when the store cannot answer.
pub(crate) async fn health(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, Problem> {
    Parameters::new(request.query_string(), &[]).finish()?;
    let connected = store_answers(&state).await;
    // Redis is the only backend a server's cache can have.
    let redis = state.cache.remote_health().map_or("disabled", |remote| match remote.health {
        stockpile_cache::Health::Down => "disconnected",
        _ => "connected",
    });
    let stats = state.cache.stats();
    let answers = || stats.kinds.iter().filter(|kind| kind.name != PACKED.name());
    let sum = |count: fn(&KindStats) -> u64| answers().map(count).sum::<u64>();
    let (hits, stale_hits, misses) =
        (sum(KindStats::hits), sum(KindStats::stale_hits), sum(|kind| kind.misses));
    let reads = hits + stale_hits + misses;
    let health = Health {
        status: match (connected, redis) {
            (false, _) => "unhealthy",
            (true, "disconnected") => "degraded",
            (true, _) => "healthy",
        },
        version: state.version,
        uptime_s: state.started.elapsed().as_secs(),
        services: BTreeMap::from([
            (state.store.engine, if connected { "connected" } else { "disconnected" }),
            ("redis", redis),
            ("langfuse", "disabled"),
        ]),
        cache: CacheHealth {
            available: stats.l1_max_bytes > 0 || redis == "connected",
            hits,
            misses,
            stale_hits,
            hit_ratio: (reads > 0).then(|| (hits + stale_hits) as f64 / reads as f64),
            keys: stats.l1_keys,
        },
        sources: state.sources(),
    };
    let status = if connected { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok(HttpResponse::build(status).insert_header(("cache-control", "no-store")).json(health))
}

/// The process runs.
pub(crate) async fn livez(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Parameters::new(request.query_string(), &[]).finish()?;
    Ok(text(StatusCode::OK, "ok"))
}

/// The process can serve: the store answers.
pub(crate) async fn readyz(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, Problem> {
    Parameters::new(request.query_string(), &[]).finish()?;
    Ok(if store_answers(&state).await {
        text(StatusCode::OK, "ready")
    } else {
        text(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer")
    })
}

fn text(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header(("cache-control", "no-store"))
        .content_type("text/plain; charset=utf-8")
        .body(text)
}

async fn store_answers(state: &AppState) -> bool {
    match tokio::time::timeout(PROBE_TIMEOUT, state.store.ingest.revision()).await {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the store does not answer");
            false
        }
        Err(_) => {
            tracing::warn!("the store does not answer in time");
            false
        }
    }
}
