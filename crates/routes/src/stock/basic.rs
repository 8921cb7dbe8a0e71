//! The facts of a security.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use stockpile_cache::Kind;
use stockpile_market::{Board, ListStatus, SecurityKind, TradeDate, TsCode};

use super::lookup;
use crate::{
    STALE_WINDOW, THROTTLE,
    cached::{self, Body, Place},
    format::Form,
    json,
    parameters::Parameters,
    problem::Problem,
    state::AppState,
};

const BASIC: Kind<Body> = Kind::new("basic").stale(STALE_WINDOW).throttle(THROTTLE);

#[derive(Serialize)]
struct Basic<'a> {
    ts_code: TsCode,
    symbol: &'a str,
    name: Option<&'a str>,
    kind: SecurityKind,
    area: Option<&'a str>,
    industry: Option<&'a str>,
    board: Option<Board>,
    exchange: &'static str,
    list_date: Option<TradeDate>,
    list_status: Option<ListStatus>,
    /// Null until valuations can be ingested.
    valuation: Option<()>,
}

pub(super) async fn basic(request: HttpRequest, state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    let query = lookup::code(&request)?;
    Parameters::new(request.query_string(), &[]).finish()?;

    let reference = state.reference().await?;
    let found = lookup::find(&state, &reference, query).await?;
    let place = Place::new(&BASIC, found.code.text().as_str(), state.lifetimes.basic, &reference);
    cached::respond(&request, &state, Form::json(&request), place, move |_| async move {
        let facts = reference.security(found.code);
        json(&Basic {
            ts_code: found.code,
            symbol: found.code.symbol(),
            name: reference.name(found.code, found.kind),
            kind: found.kind,
            area: facts.and_then(|facts| facts.area.as_deref()),
            industry: facts.and_then(|facts| facts.industry.as_deref()),
            board: if found.kind == SecurityKind::Stock { Board::of(found.code) } else { None },
            exchange: found.code.exchange().name(),
            list_date: facts.and_then(|facts| facts.list_date),
            list_status: facts.and_then(|facts| facts.list_status),
            valuation: None,
        })
    })
    .await
}
