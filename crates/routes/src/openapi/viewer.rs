//! `/api/openapi.json` and a page that shows it, all out of this program: nothing is fetched from elsewhere.

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse};

use super::{DOCUMENT, route::Route};
use crate::{problem::Problem, stored::Stored};

static PAGE: LazyLock<Stored> = LazyLock::new(|| {
    Stored::new("text/html; charset=utf-8", include_bytes!("../../viewer/index.html").to_vec())
});
/// `RapiDoc` 9.3.8; its licences lie beside it.
static SCRIPT: LazyLock<Stored> = LazyLock::new(|| {
    Stored::new("text/javascript; charset=utf-8", include_bytes!("../../viewer/rapidoc-min.js").to_vec())
});

pub(crate) fn routes() -> Vec<Route> {
    vec![
        described(Route::get("/api/openapi.json", "about", "This document", openapi), "application/json"),
        described(
            Route::get("/api/docs", "about", "A page to read and try this document", docs),
            "text/html",
        ),
        described(
            Route::get("/api/docs/rapidoc-min.js", "about", "The program of that page", script),
            "text/javascript",
        ),
    ]
}

fn described(route: Route, media_type: &str) -> Route {
    let route = match media_type {
        "application/json" => route.answers::<Anything>("200", "The document.", None),
        _ => route.text("200", media_type, "The file."),
    };
    route.empty("304", "The client has it already.").refuses("406", "No encoding that the client accepts.")
}

/// An OpenAPI document, whose schema is OpenAPI's own.
#[derive(utoipa::ToSchema)]
#[schema(as = OpenApi)]
#[allow(dead_code, reason = "only its schema is used")]
struct Anything {
    /// Version of OpenAPI.
    #[schema(pattern = "^3\\.1\\.")]
    openapi: String,
}

async fn openapi(request: HttpRequest) -> Result<HttpResponse, Problem> {
    DOCUMENT.respond(&request).await
}

async fn docs(request: HttpRequest) -> Result<HttpResponse, Problem> {
    PAGE.respond(&request).await
}

async fn script(request: HttpRequest) -> Result<HttpResponse, Problem> {
    SCRIPT.respond(&request).await
}
