//! HTTP in, HTTP out: the URL map and its handlers, over repository traits and the cache.
//!
//! Parameters are checked before the store is asked; a cached answer is a finished body. Nothing here names a concrete
//! store or cache backend.

mod bars;
mod cached;
mod crypto;
mod encoding;
mod format;
mod health;
mod index;
mod live;
mod method;
mod metrics;
mod openapi;
mod overview;
mod parameters;
mod problem;
mod quotes;
mod reference_data;
mod request_id;
mod search;
mod state;
mod stock;
mod stored;
mod stream;

use std::time::Duration;

use actix_web::{HttpResponse, ResponseError as _, web};
use serde::Serialize;

pub use crate::{
    health::SourceHealth,
    metrics::{Metrics, MetricsAccess},
    problem::{InvalidParameter, Problem},
    quotes::{LiveQuote, Quote, QuoteSource},
    request_id::assign as assign_request_id,
    state::{AppState, Demo, Lifetimes, Options},
    stream::StreamOptions,
};
use crate::{metrics::RouteNumber, openapi::route::Route};

/// How long a body may stand in for one that cannot be made: a day without the store is still a day with answers.
const STALE_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a store that failed is left alone while a stale body is at hand.
const THROTTLE: Duration = Duration::from_secs(5);

/// Mounts every route of the service.
pub fn configure(service: &mut web::ServiceConfig) {
    for (number, route) in routes().into_iter().enumerate() {
        service.service(route.resource.app_data(RouteNumber(number)));
    }
    service.default_service(web::to(unknown_route));
}

/// Every route, mounted and documented from this one list.
fn routes() -> Vec<Route> {
    let mut routes = health::routes();
    routes.push(metrics::route());
    routes.extend(overview::routes());
    routes.extend(stock::routes());
    routes.extend(crypto::routes());
    routes.extend([bars::route(), search::route(), stream::route()]);
    routes.extend(index::routes());
    routes.extend(openapi::routes());
    routes
}

async fn unknown_route() -> HttpResponse {
    Problem::NotFound("no such route; /api lists them".to_owned()).error_response()
}

/// Writes an answer as JSON.
fn json(answer: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(answer).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written as JSON");
        Problem::Internal
    })
}
