//! All bars of a day, page by page.

use actix_web::{HttpRequest, HttpResponse};
use stockpile_market::{SecurityKind, TsCode};
use stockpile_storage::DayPage;

use super::{BARS, Bar, Bars, cursor::Cursor};
use crate::{
    cached::{self, Made, Place},
    format::Form,
    parameters::Parameters,
    problem::Problem,
    state::AppState,
};

pub(super) const DEFAULT_LIMIT: u32 = 1000;
pub(super) const MAX_LIMIT: u32 = 6000;

pub(super) async fn respond(
    request: &HttpRequest,
    state: &AppState,
    form: Form,
    mut parameters: Parameters<'_>,
) -> Result<HttpResponse, Problem> {
    let date = parameters.date("date");
    let kinds = SecurityKind::ALL.map(|kind| (kind.name(), kind));
    let kind = parameters.choice("kind", &kinds).unwrap_or(SecurityKind::Stock);
    let limit = parameters.number("limit", 1..=MAX_LIMIT).unwrap_or(DEFAULT_LIMIT);
    let cursor: Option<Cursor> = parameters.parsed("cursor", "not a cursor of this server");
    if cursor.is_some_and(|cursor| Some(cursor.date) != date || cursor.kind != kind) {
        parameters.refuse("cursor", "of another day or kind");
    }
    parameters.finish()?;
    let Some(date) = date else { return Err(Problem::parameter("date", "missing")) };

    let reference = state.reference().await?;
    let has_bars = reference.days(kind).rows(date) > 0;
    let written = cursor.map_or_else(|| "first".to_owned(), |cursor| cursor.to_string());
    let closed = has_bars && date < state.today();
    let ttl = if closed { state.lifetimes.daily } else { state.lifetimes.daily_live };
    let key = format!("day:{}:{date}:{written}:{limit}", kind.name());
    let place = Place::new(&BARS, &key, ttl, &reference);
    cached::respond(request, state, form, place, move |format| async move {
        let after: Option<TsCode> = cursor.map(|cursor| cursor.last);
        // One more than asked for tells whether there is another page.
        let DayPage { mark, mut bars } = reference.store.bars.page(kind, date, after, limit + 1).await?;
        if cursor.is_some_and(|cursor| cursor.mark != mark) {
            return Err(Problem::Conflict(
                "the day has changed since this cursor; begin again without it".to_owned(),
            ));
        }
        let more = bars.len() > limit as usize;
        bars.truncate(limit as usize);
        let last = bars.last().filter(|_| more).map(|bar| bar.ts_code);
        let next_cursor = last.map(|last| Cursor { kind, date, last, mark }.to_string());
        let note = (!has_bars).then(|| reference.why_no_bars(Some(date)));
        let page = Bars { data: bars.into_iter().map(Bar::from).collect(), next_cursor, note };
        Ok(Made { bytes: format.write(&page)?, next_cursor: page.next_cursor })
    })
    .await
}
