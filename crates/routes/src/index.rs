//! `/api`: what there is.

use std::sync::LazyLock;

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{openapi::route::Route, state::AppState};

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
            Route::get(path, "about", "Name, version and every route", index).answers::<Index>(
                "200",
                "What there is.",
                Some(example),
            )
        })
        .into()
}

async fn index(state: web::Data<AppState>) -> HttpResponse {
    HttpResponse::Ok().json(Index { name: "Stockpile", version: state.version, links: LINKS.as_slice() })
}
