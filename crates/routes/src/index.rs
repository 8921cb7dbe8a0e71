//! `/api`: what there is.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use crate::{parameters::Parameters, problem::Problem, state::AppState};

#[derive(Serialize)]
struct Index {
    name: &'static str,
    version: &'static str,
    links: &'static [&'static str],
}

/// Every route, as a template.
const LINKS: &[&str] = &[
    "/health",
    "/livez",
    "/readyz",
    "/api/overview/hot-stocks{?date,sort_by,limit,exchange}",
    "/api/overview/hot-etfs{?date,sort_by,limit,exchange}",
    "/api/overview/market-stats{?date}",
    "/api/overview/indices{?date}",
    "/api/stock/{code}/basic",
    "/api/stock/{code}/daily{?start,end,adjust}",
    "/api/stock/{code}/quote",
    "/api/crypto/prices{?symbols}",
    "/api/crypto/{symbol}/ohlcv{?interval,limit}",
    "/api/daily{?date,cursor,limit,kind,codes,start,end}",
    "/api/stocks/search{?q,limit,kind}",
];

pub(crate) async fn index(request: HttpRequest, state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    Parameters::new(request.query_string(), &[]).finish()?;
    Ok(HttpResponse::Ok().json(Index { name: "Stockpile", version: state.version, links: LINKS }))
}
