//! The latest prices of coins.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;
use stockpile_market::CryptoMarket;

use super::{CRYPTO, Symbol};
use crate::{
    cached::{self, Place},
    format::Form,
    json,
    parameters::Parameters,
    problem::Problem,
    state::AppState,
};

/// Symbols a request may name.
const MAX_SYMBOLS: usize = 100;

#[derive(Serialize)]
struct Prices {
    currency: &'static str,
    data: Vec<Price>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

#[derive(Serialize)]
struct Price {
    symbol: String,
    /// USD.
    price: Option<f64>,
    /// Percent.
    change_24h: Option<f64>,
    /// USD.
    volume_24h: Option<f64>,
    /// USD.
    market_cap: Option<f64>,
    time: Timestamp,
}

pub(super) async fn prices(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::new(request.query_string(), &["symbols"]);
    let symbols: Option<Vec<Symbol>> = parameters.list("symbols", MAX_SYMBOLS, "symbols such as BTC");
    parameters.finish()?;

    let reference = state.real_reference().await?;
    let named: Vec<String> = symbols.iter().flatten().map(ToString::to_string).collect();
    let key = format!("market_prices:{}", named.join(","));
    let place = Place::new(&CRYPTO, &key, state.lifetimes.crypto_prices, &reference);
    cached::respond(&request, &state, Form::json(&request), place, move |_| async move {
        let markets = &reference.store.crypto_markets;
        let rows = if named.is_empty() { markets.latest().await? } else { markets.latest_of(&named).await? };
        let data = one_each(rows);
        let note = data.is_empty().then_some("no data yet");
        json(&Prices { currency: "USD", data, note })
    })
    .await
}

/// One price for a ticker: the most valuable coin of that name, which comes first.
fn one_each(rows: Vec<CryptoMarket>) -> Vec<Price> {
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
