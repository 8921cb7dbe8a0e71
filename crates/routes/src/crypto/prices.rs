//! The latest prices of coins.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;
use stockpile_market::CryptoMarket;
use utoipa::ToSchema;

use super::{CRYPTO, Symbol};
use crate::{
    cached::{self, Place},
    format::Form,
    json,
    openapi::{query, route::Route},
    parameters::Parameters,
    problem::Problem,
    reference_data::ReferenceData,
    state::AppState,
};

/// Symbols a request may name.
const MAX_SYMBOLS: usize = 100;

#[derive(Serialize, ToSchema)]
#[schema(as = CryptoPrices)]
struct Prices {
    currency: &'static str,
    data: Vec<Price>,
    /// Why there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CryptoPrice)]
pub(super) struct Price {
    pub(super) symbol: String,
    #[schema(required, extensions(("x-unit" = json!("USD"))))]
    price: Option<f64>,
    /// Change of the last 24 hours.
    #[schema(required, extensions(("x-unit" = json!("percent"))))]
    change_24h: Option<f64>,
    /// Turnover of the last 24 hours.
    #[schema(required, extensions(("x-unit" = json!("USD"))))]
    volume_24h: Option<f64>,
    /// Value of all coins in circulation.
    #[schema(required, extensions(("x-unit" = json!("USD"))))]
    market_cap: Option<f64>,
    /// When the source took the figures.
    #[schema(value_type = String, format = DateTime)]
    time: Timestamp,
}

pub(super) fn route() -> Route {
    Route::get("/api/crypto/prices", "crypto", "The latest prices of coins", prices)
        .about("The most valuable first; symbols nobody knows are absent. Of coins with one ticker the most valuable is meant.")
        .cached::<Prices>(include_str!("../openapi/examples/crypto-prices.json"))
        .parameter(query::form(
            "symbols",
            "Tickers with commas between them, 100 at most; without it every coin.",
            "^[0-9A-Za-z]{1,24}(,[0-9A-Za-z]{1,24}){0,99}$",
        ))
}

pub(super) async fn prices(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::new(request.query_string(), &["symbols"]);
    let symbols: Option<Vec<Symbol>> = parameters.list("symbols", MAX_SYMBOLS, "symbols such as BTC");
    parameters.finish()?;

    let reference = state.crypto_reference().await?;
    let named: Vec<String> = symbols.iter().flatten().map(ToString::to_string).collect();
    let key = format!("market_prices:{}", named.join(","));
    let place = Place::of_coins(&CRYPTO, &key, state.lifetimes.crypto_prices, &reference);
    let asked = state.clone();
    cached::respond(&request, &state, Form::json(&request), place, move |_| async move {
        let data = one_each(markets(&asked, &reference, &named).await?);
        let note = data.is_empty().then_some("no data yet");
        json(&Prices { currency: "USD", data, note })
    })
    .await
}

/// The newest figures of every coin, or of those with these tickers in their order; the most valuable first.
pub(super) async fn markets(
    state: &AppState,
    reference: &ReferenceData,
    named: &[String],
) -> Result<Vec<CryptoMarket>, Problem> {
    let live = state.coins(reference);
    let stored = &reference.store.crypto_markets;
    Ok(match (live.is_empty(), named.is_empty()) {
        (true, true) => stored.latest().await?,
        (true, false) => stored.latest_of(named).await?,
        (false, true) => live,
        (false, false) => named
            .iter()
            .flat_map(|symbol| live.iter().filter(move |coin| coin.symbol == *symbol))
            .cloned()
            .collect(),
    })
}

/// One price for a ticker: the most valuable coin of that name, which comes first.
pub(super) fn one_each(rows: Vec<CryptoMarket>) -> Vec<Price> {
    let mut prices: Vec<Price> = Vec::new();
    for row in rows {
        if prices.iter().all(|price| price.symbol != row.symbol) {
            prices.push(Price {
                symbol: row.symbol,
                price: row.price,
                change_24h: row.change_24h,
                volume_24h: row.volume_24h,
                market_cap: row.market_cap,
                time: row.last_updated,
            });
        }
    }
    prices
}
