//! Bars of many securities: of all on a day, or of some over many days.

mod codes;
mod cursor;
mod day;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use stockpile_cache::Kind;
use stockpile_market::{DailyBar, TradeDate, TsCode};

use crate::{
    STALE_WINDOW, THROTTLE,
    cached::Body,
    format::{Form, List, Row},
    parameters::Parameters,
    problem::Problem,
    state::AppState,
};

const BARS: Kind<Body> = Kind::new("bars").stale(STALE_WINDOW).throttle(THROTTLE);

#[derive(Serialize)]
struct Bars {
    data: Vec<Bar>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

#[derive(Serialize)]
struct Bar {
    ts_code: TsCode,
    trade_date: TradeDate,
    open: Option<f64>,
    high: Option<f64>,
    low: Option<f64>,
    close: f64,
    pre_close: Option<f64>,
    change: Option<f64>,
    pct_chg: Option<f64>,
    vol: Option<f64>,
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
