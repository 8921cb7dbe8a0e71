//! Bars of many securities: of all on a day, or of some over many days.

mod codes;
mod cursor;
mod day;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use stockpile_cache::Kind;
use stockpile_market::{DailyBar, SecurityKind, TradeDate, TsCode};
use utoipa::ToSchema;

use crate::{
    STALE_WINDOW, THROTTLE,
    cached::Body,
    format::{Form, List, Row},
    openapi::{query, route::Route, types},
    parameters::Parameters,
    problem::Problem,
    state::AppState,
};

const BARS: Kind<Body> = Kind::new("bars").stale(STALE_WINDOW).throttle(THROTTLE);

#[derive(Serialize, ToSchema)]
struct Bars {
    data: Vec<Bar>,
    /// Where the next page begins; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
    /// Why there is no data; absent when there is some.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
struct Bar {
    #[schema(value_type = types::Code)]
    ts_code: TsCode,
    #[schema(value_type = types::Day)]
    trade_date: TradeDate,
    /// First price.
    #[schema(required, extensions(("x-unit" = json!("CNY; points for an index"))))]
    open: Option<f64>,
    /// Highest price.
    #[schema(required, extensions(("x-unit" = json!("CNY; points for an index"))))]
    high: Option<f64>,
    /// Lowest price.
    #[schema(required, extensions(("x-unit" = json!("CNY; points for an index"))))]
    low: Option<f64>,
    /// Last price.
    #[schema(extensions(("x-unit" = json!("CNY; points for an index"))))]
    close: f64,
    /// Close of the day before, lowered on an ex-rights day.
    #[schema(required, extensions(("x-unit" = json!("CNY; points for an index"))))]
    pre_close: Option<f64>,
    /// `close - pre_close`.
    #[schema(required, extensions(("x-unit" = json!("CNY; points for an index"))))]
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

impl List for Bars {
    type Row = Bar;

    fn rows(&self) -> &[Bar] {
        &self.data
    }
}

impl Row for Bar {
    const COLUMNS: &'static [&'static str] = &[
        "ts_code",
        "trade_date",
        "open",
        "high",
        "low",
        "close",
        "pre_close",
        "change",
        "pct_chg",
        "vol",
        "amount",
    ];
}

impl From<DailyBar> for Bar {
    fn from(bar: DailyBar) -> Self {
        Self {
            ts_code: bar.ts_code,
            trade_date: bar.trade_date,
            open: bar.open,
            high: bar.high,
            low: bar.low,
            close: bar.close,
            pre_close: bar.pre_close,
            change: bar.change,
            pct_chg: bar.pct_chg,
            vol: bar.vol,
            amount: bar.amount,
        }
    }
}

/// The form of `codes` as the document tells it.
const CODES: &str = "^([0-9]{6}(\\.(SH|SZ|BJ|sh|sz|bj))?|(SH|SZ|BJ|sh|sz|bj)[0-9]{6})(,([0-9]{6}(\\.(SH|SZ|BJ|sh|sz|bj))?|(SH|SZ|BJ|sh|sz|bj)[0-9]{6})){0,99}$";

pub(crate) fn route() -> Route {
    let kinds = SecurityKind::ALL.map(|kind| (kind.name(), kind));
    Route::get("/api/daily", "bars", "Bars of all securities on a day, or of some over many days", bars)
        .about(
            "Either `date`, with `cursor`, `limit` and `kind`, or `codes`, with `start` and `end`; by code, then date. A cursor \
             stays valid while its day is unchanged. With `codes` and no range, the last 250 bars of each; more than \
             25,000 bars in all are refused.",
        )
        .cached::<Bars>(include_str!("../openapi/examples/bars.json"))
        .header("200", "X-Next-Cursor", "The next cursor again, for formats that have no room for it.")
        .refuses("404", "With `codes`: one of them is nobody's.")
        .refuses("409", "The day has changed since the cursor.")
        .parameter(query::date("date", "Day at the exchange.", Some("20250205")))
        .parameter(query::form("cursor", "`next_cursor` of the page before.", "^[0-9a-f]{32}$"))
        .parameter(query::number("limit", "Bars at most.", 1..=day::MAX_LIMIT, day::DEFAULT_LIMIT))
        .parameter(query::choice("kind", "Kind of security.", &kinds, Some(kinds[0].0)))
        .parameter(query::form("codes", "Up to 100 codes with commas between them.", CODES))
        .parameter(query::date("start", "First day.", None))
        .parameter(query::date("end", "Last day.", None))
        .list()
}

pub(crate) async fn bars(request: HttpRequest, state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    let known = ["date", "cursor", "limit", "kind", "codes", "start", "end", "format"];
    let mut parameters = Parameters::new(request.query_string(), &known);
    let form = Form::of_list(&request, &mut parameters);
    let (by_day, by_code) = (parameters.is_given("date"), parameters.is_given("codes"));
    if by_day == by_code {
        parameters.refuse(if by_day { "codes" } else { "date" }, "give either `date` or `codes`");
    }
    let (others, reason) = if by_code {
        (&["cursor", "limit", "kind"][..], "only with `date`")
    } else {
        (&["start", "end"][..], "only with `codes`")
    };
    for other in others
        .iter()
        .filter(|other| by_day != by_code && parameters.is_given(other))
        .copied()
        .collect::<Vec<_>>()
    {
        parameters.refuse(other, reason);
    }
    if by_code {
        codes::respond(&request, &state, form, parameters).await
    } else {
        day::respond(&request, &state, form, parameters).await
    }
}
