//! The daily bars of a security, as they were or adjusted.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use stockpile_cache::Kind;
use stockpile_market::{Adjust, AdjustmentFactors, DailyBar, TradeDate, TsCode};
use stockpile_storage::{BarRange, Store, StoredBar};
use utoipa::ToSchema;

use super::lookup::{self, Found};
use crate::{
    STALE_WINDOW, THROTTLE,
    cached::{self, Body, Place},
    format::{Form, List, Row},
    openapi::{query, route::Route, types},
    parameters::Parameters,
    problem::Problem,
    state::AppState,
};

const DAILY: Kind<Body> = Kind::new("daily").stale(STALE_WINDOW).throttle(THROTTLE);
/// Bars without a range: a year of trading days.
const DEFAULT_BARS: u32 = 250;
const MAX_BARS: u32 = 5000;
const MODES: [(&str, Adjust); 3] = [("none", Adjust::None), ("qfq", Adjust::Qfq), ("hfq", Adjust::Hfq)];

#[derive(Serialize, ToSchema)]
struct Daily {
    #[schema(value_type = types::Code)]
    ts_code: TsCode,
    #[schema(value_type = types::AdjustMode)]
    adjust: Adjust,
    /// Day of the factor that qfq prices rest on.
    #[schema(required, value_type = Option<types::Day>)]
    anchor: Option<TradeDate>,
    data: Vec<Bar>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = BarOfOne)]
struct Bar {
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

impl List for Daily {
    type Row = Bar;

    fn rows(&self) -> &[Bar] {
        &self.data
    }
}

impl Row for Bar {
    const COLUMNS: &'static [&'static str] =
        &["trade_date", "open", "high", "low", "close", "pre_close", "change", "pct_chg", "vol", "amount"];
}

pub(super) fn route() -> Route {
    Route::get("/api/stock/{code}/daily", "stock", "The daily bars of a security", daily)
        .about(
            "Ascending. Without `start` and `end` the last 250 bars; more than 5,000 are refused. `qfq` prices rest on the \
             latest factor known (`anchor` is its day), whatever the window.",
        )
        .cached::<Daily>(include_str!("../openapi/examples/daily.json"))
        .refuses("404", "No security has this code, or two stocks have these digits.")
        .refuses("409", "Prices cannot be adjusted: no factors, or the source has adjusted them already.")
        .parameter(query::code())
        .parameter(query::date("start", "First day.", Some("20250124")))
        .parameter(query::date("end", "Last day.", Some("20250205")))
        .parameter(query::choice("adjust", "Basis of prices.", &MODES, Some("none")))
        .list()
}

pub(super) async fn daily(request: HttpRequest, state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    let query = lookup::code(&request)?;
    let mut parameters = Parameters::new(request.query_string(), &["start", "end", "adjust", "format"]);
    let form = Form::of_list(&request, &mut parameters);
    let (start, end) = (parameters.date("start"), parameters.date("end"));
    let adjust = parameters.choice("adjust", &MODES).unwrap_or(Adjust::None);
    if start.zip(end).is_some_and(|(start, end)| start > end) {
        parameters.refuse("end", "before `start`");
    }
    parameters.finish()?;

    let reference = state.reference().await?;
    let found = lookup::find(&state, &reference, query).await?;
    let range = match (start, end) {
        (None, None) => BarRange::Last(DEFAULT_BARS),
        (start, end) => BarRange::Between(start.unwrap_or(TradeDate::MIN), end.unwrap_or(TradeDate::MAX)),
    };
    let day = |day: Option<TradeDate>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
    let closed = end.is_some_and(|end| end < state.today());
    let ttl = if closed { state.lifetimes.daily } else { state.lifetimes.daily_live };
    let key = format!("{}:{}:{}:{adjust}", found.code, day(start), day(end));
    let place = Place::new(&DAILY, &key, ttl, &reference);
    cached::respond(&request, &state, form, place, move |format| async move {
        let bars = reference.store.bars.of(found.kind, found.code, range, MAX_BARS + 1).await?;
        if bars.len() > MAX_BARS as usize {
            return Err(Problem::parameter(
                "start",
                format!("more than {MAX_BARS} bars; ask for fewer days"),
            ));
        }
        let (bars, anchor) = adjusted(&reference.store, found, adjust, bars).await?;
        format.write(&Daily {
            ts_code: found.code,
            adjust,
            anchor,
            data: bars.into_iter().map(Bar::from).collect(),
        })
    })
    .await
}

/// The bars on the basis asked for, and the day that basis rests on.
async fn adjusted(
    store: &Store,
    found: Found,
    adjust: Adjust,
    stored: Vec<StoredBar>,
) -> Result<(Vec<DailyBar>, Option<TradeDate>), Problem> {
    let already = stored.iter().find(|bar| bar.adjusted).map(|bar| bar.bar.trade_date);
    let mut bars: Vec<DailyBar> = stored.into_iter().map(|bar| bar.bar).collect();
    if adjust == Adjust::None {
        return Ok((bars, None));
    }
    if let Some(day) = already {
        let why = format!("the source has already adjusted the bar of {day}; ask with adjust=none");
        return Err(Problem::NoAdjustment(why));
    }
    let factors = store.adj_factors.of(found.code).await?;
    let no_adjustment = |error: stockpile_market::Error| Problem::NoAdjustment(error.to_string());
    let factors = AdjustmentFactors::new(factors.into_iter().map(|row| (row.trade_date, row.adj_factor)))
        .map_err(no_adjustment)?;
    factors.apply(adjust, &mut bars).map_err(no_adjustment)?;
    Ok((bars, (adjust == Adjust::Qfq).then(|| factors.anchor())))
}

impl From<DailyBar> for Bar {
    fn from(bar: DailyBar) -> Self {
        Self {
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
