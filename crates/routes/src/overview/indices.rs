//! The indices of a day.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use stockpile_market::{SecurityKind, TradeDate, TsCode};
use utoipa::ToSchema;

use super::Day;
use crate::{
    cached,
    format::{Form, List, Row},
    openapi::{query, route::Route, types},
    parameters::Parameters,
    problem::Problem,
    state::AppState,
};

#[derive(Serialize, ToSchema)]
struct Indices<'a> {
    #[schema(required, value_type = Option<types::Day>)]
    trade_date: Option<TradeDate>,
    data: Vec<Index<'a>>,
    /// Why there is no data; absent when there is some.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = IndexDay)]
struct Index<'a> {
    #[schema(value_type = types::Code)]
    ts_code: TsCode,
    #[schema(required)]
    name: Option<&'a str>,
    /// Last price.
    #[schema(extensions(("x-unit" = json!("points"))))]
    close: f64,
    /// `close - pre_close`.
    #[schema(required, extensions(("x-unit" = json!("points"))))]
    change: Option<f64>,
    /// Change against `pre_close`.
    #[schema(required, extensions(("x-unit" = json!("percent"))))]
    pct_chg: Option<f64>,
    /// Volume.
    #[schema(required, extensions(("x-unit" = json!("lots of 100 shares"))))]
    vol: Option<f64>,
    /// Turnover.
    #[schema(required, extensions(("x-unit" = json!("thousand CNY"))))]
    amount: Option<f64>,
}

impl<'a> List for Indices<'a> {
    type Row = Index<'a>;

    fn rows(&self) -> &[Index<'a>] {
        &self.data
    }
}

impl Row for Index<'_> {
    const COLUMNS: &'static [&'static str] =
        &["ts_code", "name", "close", "change", "pct_chg", "vol", "amount"];
}

pub(super) fn route() -> Route {
    Route::get("/api/overview/indices", "overview", "The indices of a day", indices)
        .cached::<Indices<'_>>(include_str!("../openapi/examples/indices.json"))
        .parameter(query::date("date", super::DATE, Some("20250205")))
        .list()
}

pub(super) async fn indices(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::new(request.query_string(), &["date", "format"]);
    let form = Form::of_list(&request, &mut parameters);
    let date = parameters.date("date");
    parameters.finish()?;

    let reference = state.reference().await?;
    let day = Day::of(&reference, SecurityKind::Index, date);
    let place = day.place(&state, &reference, "indices", "");
    cached::respond(&request, &state, form, place, move |format| async move {
        let bars = match day.date.filter(|_| day.has_bars) {
            Some(date) => reference.store.bars.on(SecurityKind::Index, date).await?,
            None => Vec::new(),
        };
        let data = bars
            .iter()
            .map(|bar| Index {
                ts_code: bar.ts_code,
                name: reference.name(bar.ts_code, SecurityKind::Index),
                close: bar.close,
                change: bar.change,
                pct_chg: bar.pct_chg,
                vol: bar.vol,
                amount: bar.amount,
            })
            .collect();
        format.write(&Indices { trade_date: day.date, data, note: day.note })
    })
    .await
}
