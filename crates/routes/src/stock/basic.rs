//! The facts of a security.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use stockpile_cache::Kind;
use stockpile_market::{Board, DailyBasic, ListStatus, SecurityKind, TradeDate, TsCode};
use utoipa::ToSchema;

use super::lookup;
use crate::{
    STALE_WINDOW, THROTTLE,
    cached::{self, Body, Place},
    format::Form,
    json,
    openapi::{query, route::Route, types},
    parameters::Parameters,
    problem::Problem,
    state::AppState,
};

const BASIC: Kind<Body> = Kind::new("basic").stale(STALE_WINDOW).throttle(THROTTLE);

#[derive(Serialize, ToSchema)]
struct Basic<'a> {
    #[schema(value_type = types::Code)]
    ts_code: TsCode,
    symbol: &'a str,
    #[schema(required)]
    name: Option<&'a str>,
    #[schema(value_type = types::Kind)]
    kind: SecurityKind,
    #[schema(required)]
    area: Option<&'a str>,
    #[schema(required)]
    industry: Option<&'a str>,
    #[schema(required, value_type = Option<types::BoardName>)]
    board: Option<Board>,
    #[schema(value_type = types::ExchangeName)]
    exchange: &'static str,
    #[schema(required, value_type = Option<types::Day>)]
    list_date: Option<TradeDate>,
    #[schema(required, value_type = Option<types::Status>)]
    list_status: Option<ListStatus>,
    /// The newest one; null when none was ingested.
    #[schema(required)]
    valuation: Option<Valuation>,
}

/// What a stock costs by its figures.
#[derive(Serialize, ToSchema)]
struct Valuation {
    #[schema(value_type = types::Day)]
    trade_date: TradeDate,
    /// Price by earnings of the last four quarters; null at a loss.
    #[schema(required, extensions(("x-unit" = json!("ratio"))))]
    pe_ttm: Option<f64>,
    /// Price by book value.
    #[schema(required, extensions(("x-unit" = json!("ratio"))))]
    pb: Option<f64>,
    /// Value of all shares.
    #[schema(required, extensions(("x-unit" = json!("10,000 CNY"))))]
    total_mv: Option<f64>,
    /// Value of the traded shares.
    #[schema(required, extensions(("x-unit" = json!("10,000 CNY"))))]
    circ_mv: Option<f64>,
    /// Volume by all traded shares.
    #[schema(required, extensions(("x-unit" = json!("percent"))))]
    turnover_rate: Option<f64>,
}

impl From<DailyBasic> for Valuation {
    fn from(basic: DailyBasic) -> Self {
        Self {
            trade_date: basic.trade_date,
            pe_ttm: basic.pe_ttm,
            pb: basic.pb,
            total_mv: basic.total_mv,
            circ_mv: basic.circ_mv,
            turnover_rate: basic.turnover_rate,
        }
    }
}

pub(super) fn route() -> Route {
    Route::get("/api/stock/{code}/basic", "stock", "The facts of a security", basic)
        .about("A security with bars but no facts is answered with nulls.")
        .cached::<Basic<'_>>(include_str!("../openapi/examples/basic.json"))
        .refuses("404", "No security has this code, or two stocks have these digits.")
        .parameter(query::code())
}

pub(super) async fn basic(request: HttpRequest, state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    let query = lookup::code(&request)?;
    Parameters::new(request.query_string(), &[]).finish()?;

    let reference = state.reference().await?;
    let found = lookup::find(&state, &reference, query).await?;
    let place = Place::new(&BASIC, found.code.text().as_str(), state.lifetimes.basic, &reference);
    cached::respond(&request, &state, Form::json(&request), place, move |_| async move {
        let facts = reference.security(found.code);
        let valuation = reference.store.basics.latest(found.code).await?;
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
            valuation: valuation.map(Valuation::from),
        })
    })
    .await
}
