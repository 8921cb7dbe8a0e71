//! The description of the service in OpenAPI 3.1, made from the routes and the types of their answers.

pub(crate) mod query;
pub(crate) mod route;
pub(crate) mod types;
mod viewer;

use std::sync::LazyLock;

use utoipa::{
    ToSchema as _,
    openapi::{
        ComponentsBuilder, HttpMethod, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathsBuilder,
        path::PathItem,
    },
};

pub(crate) use viewer::routes;

use crate::{problem::Written, stored::Stored};

const ABOUT: &str = "Market data of the Chinese exchanges. Units are Tushare's and stand with each field (`x-unit`); a \
                     number the source lacks is null, never 0. While the store has no bars, answers show an invented \
                     market (of coins: while it has none of these either), with `X-Data: demo` and `\"demo\": true`. Dates are `YYYYMMDD`, in parameters also `YYYY-MM-DD`. \
                     Whether an answer is stale shows in its headers.";

/// Describes every route of the service.
fn document() -> OpenApi {
    let mut nested = Vec::new();
    Written::schemas(&mut nested);
    let components = ComponentsBuilder::new().schemas_from_iter(nested).schema_from::<Written<'_>>();
    let (paths, components) =
        crate::routes().into_iter().fold((PathsBuilder::new(), components), |(paths, components), route| {
            let path = route.path;
            let (operation, components) = route.document(components);
            (paths.path(path, PathItem::new(HttpMethod::Get, operation)), components)
        });
    let license = LicenseBuilder::new().name("MIT OR Apache-2.0").build();
    let info = InfoBuilder::new()
        .title("Stockpile")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(license));
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components.build())).build()
}

static DOCUMENT: LazyLock<Stored> = LazyLock::new(|| {
    let text = serde_json::to_vec(&document()).unwrap_or_default();
    Stored::new("application/json", text)
});
