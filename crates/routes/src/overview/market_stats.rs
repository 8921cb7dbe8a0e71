//! How the stocks of a day did, counted.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use stockpile_market::{
    Breadth, LimitBasis, LimitRules, ListingAge, PriceLimit, SecurityKind, StockDay, SuspendType, Suspension,
    TradeDate, TsCode,
};
use utoipa::ToSchema;

use super::Day;
use crate::{
    cached,
    format::Form,
    json,
    openapi::{query, route::Route, types},
    parameters::Parameters,
    problem::Problem,
    reference_data::ReferenceData,
    state::AppState,
};

#[derive(Serialize, ToSchema)]
struct MarketStats {
    #[schema(required, value_type = Option<types::Day>)]
    trade_date: Option<TradeDate>,
    #[schema(required)]
    up_count: Option<u32>,
    #[schema(required)]
    down_count: Option<u32>,
    #[schema(required)]
    flat_count: Option<u32>,
    #[schema(required)]
    limit_up_count: Option<u32>,
    #[schema(required)]
    limit_down_count: Option<u32>,
    #[schema(required, value_type = Option<types::Basis>)]
    limit_basis: Option<LimitBasis>,
    #[schema(required)]
    limit_note: Option<String>,
    /// Stocks suspended for the whole day; null when no suspensions of the day were ingested.
    #[schema(required)]
    suspended_count: Option<u32>,
    /// 100 million CNY.
    #[schema(required, extensions(("x-unit" = json!("100 million CNY"))))]
    total_amount: Option<f64>,
    /// Lots of 100 shares.
    #[schema(required, extensions(("x-unit" = json!("lots of 100 shares"))))]
    total_vol: Option<f64>,
    complete: bool,
    /// Why there is no data; absent when there is some.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

pub(super) fn route() -> Route {
    Route::get("/api/overview/market-stats", "overview", "How the stocks of a day did", market_stats)
        .about(
            "Up and down by close against the close before. A figure that cannot be known is null; `limit_note` says why. \
             `complete` is false when the day has far fewer rows than its neighbours.",
        )
        .cached::<MarketStats>(include_str!("../openapi/examples/market-stats.json"))
        .parameter(query::date("date", super::DATE, Some("20250205")))
}

pub(super) async fn market_stats(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::new(request.query_string(), &["date"]);
    let date = parameters.date("date");
    parameters.finish()?;

    let reference = state.reference().await?;
    let day = Day::of(&reference, SecurityKind::Stock, date);
    let place = day.place(&state, &reference, "market_stats", "");
    cached::respond(&request, &state, Form::json(&request), place, move |_| async move {
        let breadth = match day.date.filter(|_| day.has_bars) {
            Some(date) => breadth(&reference, date).await?,
            None => None,
        };
        let suspended_count = match day.date.filter(|_| day.has_bars) {
            Some(date) => suspended(&reference.store.suspensions.on(date).await?),
            None => None,
        };
        let complete = day.date.is_some_and(|date| reference.days(SecurityKind::Stock).is_complete(date));
        json(&MarketStats {
            trade_date: day.date,
            up_count: breadth.as_ref().map(|breadth| breadth.up),
            down_count: breadth.as_ref().map(|breadth| breadth.down),
            flat_count: breadth.as_ref().map(|breadth| breadth.flat),
            limit_up_count: breadth.as_ref().and_then(|breadth| breadth.limit_up),
            limit_down_count: breadth.as_ref().and_then(|breadth| breadth.limit_down),
            limit_basis: breadth.as_ref().and_then(|breadth| breadth.limit_basis),
            limit_note: breadth.as_ref().and_then(|breadth| breadth.limit_note).map(|note| note.to_string()),
            suspended_count,
            total_amount: breadth.as_ref().and_then(|breadth| breadth.total_amount),
            total_vol: breadth.as_ref().and_then(|breadth| breadth.total_vol),
            complete,
            note: day.note,
        })
    })
    .await
}

/// How many stocks did not trade on a day with rows about suspensions.
fn suspended(rows: &[Suspension]) -> Option<u32> {
    let whole_day = |row: &&Suspension| {
        let stock = SecurityKind::of(row.ts_code) == Some(SecurityKind::Stock);
        stock && row.suspend_type == SuspendType::Suspended && row.suspend_timing.is_none()
    };
    (!rows.is_empty()).then(|| u32::try_from(rows.iter().filter(whole_day).count()).unwrap_or(u32::MAX))
}

async fn breadth(reference: &ReferenceData, date: TradeDate) -> Result<Option<Breadth>, Problem> {
    let closes = reference.store.bars.closes(SecurityKind::Stock, date).await?;
    let published = reference.store.price_limits.on(date).await?;
    let stocks = closes.iter().map(|bar| {
        let list_date = reference.security(bar.ts_code).and_then(|security| security.list_date);
        StockDay {
            ts_code: bar.ts_code,
            close: bar.close,
            pre_close: bar.pre_close,
            amount: bar.amount,
            vol: bar.vol,
            adjusted: bar.adjusted,
            published: limits_of(&published, bar.ts_code).map(PriceLimit::limits),
            age: ListingAge::on(date, list_date, &reference.calendar),
            st: None,
        }
    });
    Ok(Breadth::of_day(date, stocks, &LimitRules::exchange()))
}

/// Both lists are by code, but published limits cover more than stocks.
fn limits_of(published: &[PriceLimit], code: TsCode) -> Option<&PriceLimit> {
    let index = published.binary_search_by_key(&code, |limit| limit.ts_code).ok()?;
    published.get(index)
}
