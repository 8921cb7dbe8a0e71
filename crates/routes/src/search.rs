//! Finding a security by its code, its name or the pinyin of its name.

use actix_web::{HttpRequest, HttpResponse, web};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use stockpile_cache::Kind;
use stockpile_market::{Board, SecurityKind, TsCode, fold};
use utoipa::ToSchema;

use crate::{
    STALE_WINDOW, THROTTLE,
    cached::{self, Body, Place},
    format::{Form, List, Row},
    openapi::{query, route::Route, types},
    parameters::Parameters,
    problem::Problem,
    state::AppState,
};

const SEARCH: Kind<Body> = Kind::new("search").stale(STALE_WINDOW).throttle(THROTTLE);
const MAX_LENGTH: usize = 32;
const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 50;

#[derive(Serialize, ToSchema)]
struct SearchAnswer<'a> {
    data: Vec<Found<'a>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = FoundSecurity)]
struct Found<'a> {
    #[schema(value_type = types::Code)]
    ts_code: TsCode,
    #[schema(required)]
    name: Option<&'a str>,
    #[schema(required, value_type = Option<types::BoardName>)]
    board: Option<Board>,
    #[schema(value_type = types::Kind)]
    kind: SecurityKind,
    #[schema(value_type = types::MatchedBy)]
    r#match: &'static str,
}

impl<'a> List for SearchAnswer<'a> {
    type Row = Found<'a>;

    fn rows(&self) -> &[Found<'a>] {
        &self.data
    }
}

impl Row for Found<'_> {
    const COLUMNS: &'static [&'static str] = &["ts_code", "name", "board", "kind", "match"];
}

pub(crate) fn route() -> Route {
    Route::get("/api/stocks/search", "stock", "Find a security by code, name or pinyin", search)
        .about(
            "In this order: the code itself, codes that begin so, the name itself, names that begin so, names whose pinyin \
             begins so, names with this in them, names with this pinyin in them. Pinyin in full, as initials or mixed \
             (`guizhoumaotai`, `gzmt`, `guizhoumt`), each reading of a character; within a name (`maotai`) its first character \
             in full. Width, case and spaces do not matter. A security without facts is found by its code while it trades.",
        )
        .cached::<SearchAnswer<'_>>(include_str!("openapi/examples/search.json"))
        .parameter(query::required(query::text("q", "What to find.", 1..=MAX_LENGTH, Some("gzmt"))))
        .parameter(query::number("limit", "Rows at most.", 1..=MAX_LIMIT, DEFAULT_LIMIT))
        .parameter(query::choice("kind", "One kind only.", &kinds(), None))
        .list()
}

fn kinds() -> [(&'static str, SecurityKind); 3] {
    SecurityKind::ALL.map(|kind| (kind.name(), kind))
}

pub(crate) async fn search(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::new(request.query_string(), &["q", "limit", "kind", "format"]);
    let form = Form::of_list(&request, &mut parameters);
    parameters.require("q");
    let text = parameters.text("q", MAX_LENGTH).unwrap_or_default();
    let limit = parameters.number("limit", 1..=MAX_LIMIT).unwrap_or(DEFAULT_LIMIT);
    let kind = parameters.choice("kind", &kinds());
    parameters.finish()?;

    let reference = state.reference().await?;
    // What reads the same finds the same. Encoded, so that no text can pass for the key of something else.
    let folded = fold(&text);
    let written = utf8_percent_encode(&folded, NON_ALPHANUMERIC);
    let kind_name = kind.map_or("all", SecurityKind::name);
    let key = format_args!("{kind_name}:{limit}:{written}");
    let place = Place::new(&SEARCH, key, state.lifetimes.basic, &reference);
    cached::respond(&request, &state, form, place, move |format| async move {
        let index = reference.search_index().await?;
        let hits = index.search(&folded, kind, limit as usize);
        let data = hits.into_iter().map(|hit| Found {
            ts_code: hit.security.ts_code,
            name: hit.security.name.as_deref(),
            board: if hit.security.kind == SecurityKind::Stock {
                Board::of(hit.security.ts_code)
            } else {
                None
            },
            kind: hit.security.kind,
            r#match: hit.by.name(),
        });
        format.write(&SearchAnswer { data: data.collect() })
    })
    .await
}
