//! `/api`: what there is.

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{openapi::route::Route, parameters::Parameters, problem::Problem, state::AppState};

#[derive(Serialize, ToSchema)]
struct Index {
    name: &'static str,
    version: &'static str,
    /// Templates (RFC 6570).
    #[schema(value_type = Vec<String>)]
    links: &'static [String],
}

static LINKS: LazyLock<Vec<String>> = LazyLock::new(|| crate::routes().iter().map(Route::link).collect());

pub(crate) fn routes() -> Vec<Route> {
    let example = include_str!("openapi/examples/index.json");
    ["/api", "/api/"]
        .map(|path| {
            Route::get(path, "about", "Name, version and every route", index)
                .answers::<Index>("200", "What there is.", Some(example))
                .refuses("400", "A parameter; there are none.")
        })
        .into()
}

async fn index(request: HttpRequest, state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    Parameters::new(request.query_string(), &[]).finish()?;
    Ok(HttpResponse::Ok().json(Index { name: "Stockpile", version: state.version, links: LINKS.as_slice() }))
}
