//! The bars of some securities.

use actix_web::{HttpRequest, HttpResponse};
use stockpile_market::{CodeQuery, TradeDate};
use stockpile_storage::BarRange;

use super::{BARS, Bar, Bars};
use crate::{
    cached::{self, Made, Place},
    format::Form,
    parameters::Parameters,
    problem::Problem,
    state::AppState,
    stock::lookup,
};

const MAX_CODES: usize = 100;
/// Bars of each security without a range: a year of trading days.
const DEFAULT_BARS: u32 = 250;
/// Bars of one answer: 100 securities over a year, about 4 MB.
const MAX_BARS: u32 = 25_000;

pub(super) async fn respond(
    request: &HttpRequest,
    state: &AppState,
    form: Form,
    mut parameters: Parameters<'_>,
) -> Result<HttpResponse, Problem> {
    let queries = parameters.list("codes", MAX_CODES, "codes such as 600519.SH, SH600519 or 600519");
    let (start, end) = (parameters.date("start"), parameters.date("end"));
    if start.zip(end).is_some_and(|(start, end)| start > end) {
        parameters.refuse("end", "before `start`");
    }
    parameters.finish()?;
    let mut queries: Vec<CodeQuery> = queries.unwrap_or_default();
    // The order in which codes are given changes nothing, so that it need not change the body.
    queries.sort_unstable();
    queries.dedup();

    let reference = state.reference().await?;
    let range = match (start, end) {
        (None, None) => BarRange::Last(DEFAULT_BARS),
        (start, end) => BarRange::Between(start.unwrap_or(TradeDate::MIN), end.unwrap_or(TradeDate::MAX)),
    };
    let day = |day: Option<TradeDate>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
    let written: Vec<String> = queries.iter().map(ToString::to_string).collect();
    let closed = end.is_some_and(|end| end < state.today());
    let ttl = if closed { state.lifetimes.daily } else { state.lifetimes.daily_live };
    let key = format!("codes:{}:{}:{}", written.join(","), day(start), day(end));
    let place = Place::new(&BARS, &key, ttl, &reference);
    let state_of_load = state.clone();
    cached::respond(request, state, form, place, move |format| async move {
        let mut found = lookup::find_all(&state_of_load, &reference, &queries).await?;
        found.sort_unstable_by_key(|found| found.code);
        found.dedup();
        let mut data = Vec::new();
        for found in found {
            let left = MAX_BARS - data.len() as u32;
            let bars = reference.store.bars.of(found.kind, found.code, range, left + 1).await?;
            if bars.len() > left as usize {
                let message = format!("more than {MAX_BARS} bars in all; ask for fewer codes or days");
                return Err(Problem::parameter("codes", message));
            }
            data.extend(bars.into_iter().map(|bar| Bar::from(bar.bar)));
        }
        let bytes = format.write(&Bars { data, next_cursor: None, note: None })?;
        Ok(Made { bytes, next_cursor: None })
    })
    .await
}
