//! Resources that can be read.

use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, ResponseError as _, guard, web};

use crate::problem::Problem;

/// A resource with GET and HEAD; any other method is answered with 405.
pub(crate) fn get<H, A>(path: &str, handler: H) -> Resource
where
    H: Handler<A>,
    A: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    web::resource(path)
        .route(web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(handler))
        .default_service(web::to(not_allowed))
}

async fn not_allowed() -> HttpResponse {
    Problem::MethodNotAllowed("GET, HEAD").error_response()
}
