//! Hot stocks and hot ETFs of a day.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use stockpile_market::{Exchange, SecurityKind, TradeDate, TsCode};
use stockpile_storage::{HotOrder, HotQuery};
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

const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 50;
/// Orders with the name an answer repeats.
const ORDERS: [(&str, (HotOrder, &str)); 2] =
    [("amount", (HotOrder::Amount, "amount")), ("pct_chg", (HotOrder::PctChg, "pct_chg"))];
const EXCHANGES: [(&str, Option<Exchange>); 4] = [
    ("all", None),
    ("sse", Some(Exchange::Sse)),
    ("szse", Some(Exchange::Szse)),
    ("bse", Some(Exchange::Bse)),
];

#[derive(Serialize, ToSchema)]
struct HotList<'a> {
    #[schema(required, value_type = Option<types::Day>)]
    trade_date: Option<TradeDate>,
    sort_by: &'static str,
    data: Vec<Hot<'a>>,
    /// Why there is no data; absent when there is some.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
struct Hot<'a> {
    rank: usize,
    #[schema(value_type = types::Code)]
    ts_code: TsCode,
    #[schema(required)]
    name: Option<&'a str>,
    /// Last price.
    #[schema(extensions(("x-unit" = json!("CNY"))))]
    close: f64,
    /// Change against `pre_close`.
    #[schema(required, extensions(("x-unit" = json!("percent"))))]
    pct_chg: Option<f64>,
    /// Turnover.
    #[schema(required, extensions(("x-unit" = json!("thousand CNY"))))]
    amount: Option<f64>,
    /// Volume.
    #[schema(required, extensions(("x-unit" = json!("lots of 100 shares"))))]
    vol: Option<f64>,
    /// Turnover against the shares in circulation; null where no valuation of the day was ingested, and for ETFs.
    #[schema(required, extensions(("x-unit" = json!("percent"))))]
    turnover_rate: Option<f64>,
}

impl<'a> List for HotList<'a> {
    type Row = Hot<'a>;

    fn rows(&self) -> &[Hot<'a>] {
        &self.data
    }
}

impl Row for Hot<'_> {
    const COLUMNS: &'static [&'static str] =
        &["rank", "ts_code", "name", "close", "pct_chg", "amount", "vol", "turnover_rate"];
}

pub(super) fn routes() -> Vec<Route> {
    let stocks = Route::get("/api/overview/hot-stocks", "overview", "The hottest stocks of a day", stocks)
        .cached::<HotList<'_>>(include_str!("../openapi/examples/hot-stocks.json"));
    let etfs = Route::get("/api/overview/hot-etfs", "overview", "The hottest ETFs of a day", etfs)
        .cached::<HotList<'_>>(include_str!("../openapi/examples/hot-etfs.json"));
    [stocks, etfs].map(described).into()
}

fn described(route: Route) -> Route {
    route
        .about("Descending, nulls last, equals by code; suspended rows are absent.")
        .parameter(query::date("date", super::DATE, Some("20250205")))
        .parameter(query::choice("sort_by", "Order.", &ORDERS, Some(ORDERS[0].0)))
        .parameter(query::number("limit", "Rows at most.", 1..=MAX_LIMIT, DEFAULT_LIMIT))
        .parameter(query::choice("exchange", "One exchange only.", &EXCHANGES, Some(EXCHANGES[0].0)))
        .list()
}

pub(super) async fn stocks(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, Problem> {
    hot(request, state, SecurityKind::Stock, "hot_stock").await
}

pub(super) async fn etfs(request: HttpRequest, state: web::Data<AppState>) -> Result<HttpResponse, Problem> {
    hot(request, state, SecurityKind::Etf, "hot_etf").await
}

async fn hot(
    request: HttpRequest,
    state: web::Data<AppState>,
    kind: SecurityKind,
    family: &'static str,
) -> Result<HttpResponse, Problem> {
    let mut parameters =
        Parameters::new(request.query_string(), &["date", "sort_by", "limit", "exchange", "format"]);
    let form = Form::of_list(&request, &mut parameters);
    let date = parameters.date("date");
    let (order, sort_by) = parameters.choice("sort_by", &ORDERS).unwrap_or(ORDERS[0].1);
    let limit = parameters.number("limit", 1..=MAX_LIMIT).unwrap_or(DEFAULT_LIMIT);
    let exchange = parameters.choice("exchange", &EXCHANGES).flatten();
    parameters.finish()?;

    let reference = state.reference().await?;
    let day = Day::of(&reference, kind, date);
    let exchange_name = exchange.map_or("all", Exchange::suffix);
    let place = day.place(&state, &reference, family, format_args!(":{sort_by}:{limit}:{exchange_name}"));
    cached::respond(&request, &state, form, place, move |format| async move {
        let bars = match day.date.filter(|_| day.has_bars) {
            Some(trade_date) => {
                reference.store.bars.hottest(HotQuery { kind, trade_date, order, exchange, limit }).await?
            }
            None => Vec::new(),
        };
        let codes: Vec<TsCode> = bars.iter().map(|bar| bar.ts_code).collect();
        let basics = match day.date {
            Some(date) if kind == SecurityKind::Stock => reference.store.basics.of(&codes, date).await?,
            _ => Vec::new(),
        };
        let turnover_rate = |code: TsCode| {
            basics.iter().find(|basic| basic.ts_code == code).and_then(|basic| basic.turnover_rate)
        };
        let data = bars
            .iter()
            .enumerate()
            .map(|(index, bar)| Hot {
                rank: index + 1,
                ts_code: bar.ts_code,
                name: reference.name(bar.ts_code, kind),
                close: bar.close,
                pct_chg: bar.pct_chg,
                amount: bar.amount,
                vol: bar.vol,
                turnover_rate: turnover_rate(bar.ts_code),
            })
            .collect();
        format.write(&HotList { trade_date: day.date, sort_by, data, note: day.note })
    })
    .await
}
