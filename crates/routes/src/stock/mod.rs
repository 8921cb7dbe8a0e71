//! One security: its facts and its bars.

mod basic;
mod daily;
pub(crate) mod lookup;
mod quote;

use actix_web::web;

use crate::method::get;

pub(crate) fn configure(service: &mut web::ServiceConfig) {
    service
        .service(get("/basic", basic::basic))
        .service(get("/daily", daily::daily))
        .service(get("/quote", quote::quote));
}
