//! Hot stocks and hot ETFs of a day.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use stockpile_market::{Exchange, SecurityKind, TradeDate, TsCode};
use stockpile_storage::{HotOrder, HotQuery};

use super::Day;
use crate::{
    cached,
    format::{Form, List, Row},
    parameters::Parameters,
    problem::Problem,
    state::AppState,
};

const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 50;

#[derive(Serialize)]
struct HotList<'a> {
    trade_date: Option<TradeDate>,
    sort_by: &'static str,
    data: Vec<Hot<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

#[derive(Serialize)]
struct Hot<'a> {
    rank: usize,
    ts_code: TsCode,
    name: Option<&'a str>,
    /// CNY.
    close: f64,
    /// Percent.
    pct_chg: Option<f64>,
    /// Thousand CNY.
    amount: Option<f64>,
    /// Lots of 100 shares.
    vol: Option<f64>,
    /// Percent; null until valuations can be ingested.
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
    let orders = [("amount", (HotOrder::Amount, "amount")), ("pct_chg", (HotOrder::PctChg, "pct_chg"))];
    let (order, sort_by) = parameters.choice("sort_by", &orders).unwrap_or(orders[0].1);
    let limit = parameters.number("limit", 1..=MAX_LIMIT).unwrap_or(DEFAULT_LIMIT);
    let exchanges = [
        ("all", None),
        ("sse", Some(Exchange::Sse)),
        ("szse", Some(Exchange::Szse)),
        ("bse", Some(Exchange::Bse)),
    ];
    let exchange = parameters.choice("exchange", &exchanges).flatten();
    parameters.finish()?;

    let reference = state.reference().await?;
    let day = Day::of(&reference, kind, date);
    let exchange_name = exchange.map_or("all", Exchange::suffix);
    let place = day.place(&state, &reference, family, &format!(":{sort_by}:{limit}:{exchange_name}"));
    let store = reference.store.clone();
    cached::respond(&request, &state, form, place, move |format| async move {
        let bars = match day.date.filter(|_| day.has_bars) {
            Some(trade_date) => {
                store.bars.hottest(HotQuery { kind, trade_date, order, exchange, limit }).await?
            }
            None => Vec::new(),
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
                turnover_rate: None,
            })
            .collect();
        format.write(&HotList { trade_date: day.date, sort_by, data, note: day.note })
    })
    .await
}
