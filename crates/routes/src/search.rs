//! Finding a security by its code, its name or the initials of its name.

use actix_web::{HttpRequest, HttpResponse, web};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use stockpile_cache::Kind;
use stockpile_market::{Board, SecurityKind, TsCode, fold};

use crate::{
    STALE_WINDOW, THROTTLE,
    cached::{self, Body, Place},
    format::{Form, List, Row},
    parameters::Parameters,
    problem::Problem,
    state::AppState,
};

const SEARCH: Kind<Body> = Kind::new("search").stale(STALE_WINDOW).throttle(THROTTLE);
const MAX_LENGTH: usize = 32;
const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 50;

#[derive(Serialize)]
struct SearchAnswer<'a> {
    data: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Found<'a> {
    ts_code: TsCode,
    name: Option<&'a str>,
    board: Option<Board>,
    kind: SecurityKind,
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

pub(crate) async fn search(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::new(request.query_string(), &["q", "limit", "kind", "format"]);
    let form = Form::of_list(&request, &mut parameters);
    parameters.require("q");
    let text = parameters.text("q", MAX_LENGTH).unwrap_or_default();
    let limit = parameters.number("limit", 1..=MAX_LIMIT).unwrap_or(DEFAULT_LIMIT);
    let kind = parameters.choice("kind", &SecurityKind::ALL.map(|kind| (kind.name(), kind)));
    parameters.finish()?;

    let reference = state.reference().await?;
    // What reads the same finds the same. Encoded, so that no text can pass for the key of something else.
    let folded = fold(&text);
    let written = utf8_percent_encode(&folded, NON_ALPHANUMERIC);
    let kind_name = kind.map_or("all", SecurityKind::name);
    let key = format!("{kind_name}:{limit}:{written}");
    let place = Place::new(&SEARCH, &key, state.lifetimes.basic, &reference);
    let store = reference.store.clone();
    cached::respond(&request, &state, form, place, move |format| async move {
        let index = reference.search_index(&store).await?;
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
