//! The latest price of a security.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::{SignedDuration, Timestamp, tz::Offset};
use serde::Serialize;
use stockpile_cache::Kind;
use stockpile_market::{EXCHANGE_UTC_OFFSET_S, TradeDate, TsCode};
use stockpile_storage::BarRange;
use utoipa::ToSchema;

use super::lookup::{self, Found};
use crate::{
    STALE_WINDOW, THROTTLE,
    cached::{self, Body, Place},
    format::Form,
    json,
    openapi::{query, route::Route, types},
    parameters::Parameters,
    problem::Problem,
    quotes::Quote,
    reference_data::ReferenceData,
    state::AppState,
};

pub(crate) const QUOTE: Kind<Body> = Kind::new("quote").stale(STALE_WINDOW).throttle(THROTTLE);
/// The closing auction ends a day, seconds after midnight at the exchange.
const CLOSE_S: i64 = 15 * 60 * 60;

#[derive(Serialize, ToSchema)]
#[schema(as = LatestQuote)]
struct Answer<'a> {
    #[schema(value_type = types::Code)]
    ts_code: TsCode,
    #[schema(required)]
    name: Option<&'a str>,
    /// When the price was made, at the exchange's offset.
    #[schema(required, format = DateTime)]
    time: Option<String>,
    /// Last price; null for a security that has never traded.
    #[schema(required, extensions(("x-unit" = json!("CNY; points for an index"))))]
    price: Option<f64>,
    /// First price of the day.
    #[schema(required, extensions(("x-unit" = json!("CNY; points for an index"))))]
    open: Option<f64>,
    /// Highest price so far.
    #[schema(required, extensions(("x-unit" = json!("CNY; points for an index"))))]
    high: Option<f64>,
    /// Lowest price so far.
    #[schema(required, extensions(("x-unit" = json!("CNY; points for an index"))))]
    low: Option<f64>,
    /// Close of the day before, lowered on an ex-rights day.
    #[schema(required, extensions(("x-unit" = json!("CNY; points for an index"))))]
    pre_close: Option<f64>,
    /// `price - pre_close`.
    #[schema(required, extensions(("x-unit" = json!("CNY; points for an index"))))]
    change: Option<f64>,
    /// Change against `pre_close`.
    #[schema(required, extensions(("x-unit" = json!("percent"))))]
    pct_chg: Option<f64>,
    /// Volume so far.
    #[schema(required, extensions(("x-unit" = json!("lots of 100 shares"))))]
    vol: Option<f64>,
    /// Turnover so far.
    #[schema(required, extensions(("x-unit" = json!("thousand CNY"))))]
    amount: Option<f64>,
    source: Source,
}

/// What a price rests on.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = QuoteSource)]
pub(crate) enum Source {
    /// A quote of the running day.
    Live,
    /// The last daily bar.
    Daily,
    /// An invented quote.
    Demo,
}

pub(super) fn route() -> Route {
    Route::get("/api/stock/{code}/quote", "stock", "The latest price of a security", quote)
        .about(
            "A quote of the running day where one is fetched, until that day has its bars; else the last daily bar. In the demo \
             market an invented quote that moves during the hours of the exchange.",
        )
        .cached::<Answer<'_>>(include_str!("../openapi/examples/quote.json"))
        .refuses("404", "No security has this code, or two stocks have these digits.")
        .parameter(query::code())
}

pub(super) async fn quote(request: HttpRequest, state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    let query = lookup::code(&request)?;
    Parameters::new(request.query_string(), &[]).finish()?;

    let reference = state.reference().await?;
    let found = lookup::find(&state, &reference, query).await?;
    if let Some(live) = state.respond_live(&request, Form::json(&request), &reference, found).await? {
        return Ok(live);
    }
    let place = Place::new(&QUOTE, found.code.text().as_str(), state.lifetimes.quote, &reference);
    let owned = state.clone();
    cached::respond(&request, &state, Form::json(&request), place, move |_| async move {
        let name = reference.name(found.code, found.kind);
        match owned.quote(&reference, found.code) {
            Some(quote) => written(found.code, name, Some(&quote), Source::Demo),
            None => written(found.code, name, last_bar(&reference, found).await?.as_ref(), Source::Daily),
        }
    })
    .await
}

/// The last bar as a quote; a security without bars has none.
pub(crate) async fn last_bar(reference: &ReferenceData, found: Found) -> Result<Option<Quote>, Problem> {
    let bars = reference.store.bars.of(found.kind, found.code, BarRange::Last(1), 1).await?;
    Ok(bars.into_iter().next().map(|stored| Quote {
        time: close_of(stored.bar.trade_date),
        price: stored.bar.close,
        open: stored.bar.open,
        high: stored.bar.high,
        low: stored.bar.low,
        pre_close: stored.bar.pre_close,
        change: stored.bar.change,
        pct_chg: stored.bar.pct_chg,
        vol: stored.bar.vol,
        amount: stored.bar.amount,
    }))
}

fn close_of(day: TradeDate) -> Timestamp {
    let midnight = Offset::UTC.to_timestamp(day.civil().at(0, 0, 0, 0)).unwrap_or(Timestamp::UNIX_EPOCH);
    midnight.saturating_add(SignedDuration::from_secs(CLOSE_S - EXCHANGE_UTC_OFFSET_S)).unwrap_or(midnight)
}

fn exchange_time(time: Timestamp) -> String {
    let offset =
        i32::try_from(EXCHANGE_UTC_OFFSET_S).ok().and_then(|seconds| Offset::from_seconds(seconds).ok());
    time.display_with_offset(offset.unwrap_or(Offset::UTC)).to_string()
}

/// A quote as JSON.
pub(crate) fn written(
    ts_code: TsCode,
    name: Option<&str>,
    quote: Option<&Quote>,
    source: Source,
) -> Result<Vec<u8>, Problem> {
    json(&Answer {
        ts_code,
        name,
        time: quote.map(|quote| exchange_time(quote.time)),
        price: quote.map(|quote| quote.price),
        open: quote.and_then(|quote| quote.open),
        high: quote.and_then(|quote| quote.high),
        low: quote.and_then(|quote| quote.low),
        pre_close: quote.and_then(|quote| quote.pre_close),
        change: quote.and_then(|quote| quote.change),
        pct_chg: quote.and_then(|quote| quote.pct_chg),
        vol: quote.and_then(|quote| quote.vol),
        amount: quote.and_then(|quote| quote.amount),
        source,
    })
}
