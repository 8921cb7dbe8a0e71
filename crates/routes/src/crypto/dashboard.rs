//! The coins at a glance.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;
use stockpile_market::CryptoMarket;
use utoipa::ToSchema;

use super::{
    CRYPTO, Symbol,
    predictions::{DAY, Prediction, predict},
    prices::{Price, markets, one_each},
};
use crate::{
    cached::{self, Place},
    format::Form,
    json,
    openapi::route::Route,
    parameters::Parameters,
    problem::Problem,
    reference_data::ReferenceData,
    state::AppState,
};

/// Prices shown.
const PRICES: usize = 10;
/// Forecasts shown, of the most valuable coins that have candles enough.
const PREDICTIONS: usize = 5;

#[derive(Serialize, ToSchema)]
#[schema(as = CryptoDashboard)]
struct Dashboard {
    /// Time of the newest price.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    time: Option<Timestamp>,
    /// Value of all coins known here.
    #[schema(required, extensions(("x-unit" = json!("USD"))))]
    market_cap: Option<f64>,
    /// Turnover of the last 24 hours of all coins known here.
    #[schema(required, extensions(("x-unit" = json!("USD"))))]
    volume_24h: Option<f64>,
    /// Part of Bitcoin in the value of all coins known here; the fewer these are, the larger it is.
    #[schema(required, extensions(("x-unit" = json!("percent"))))]
    btc_dominance: Option<f64>,
    /// The most valuable coins, 10 at most.
    prices: Vec<Price>,
    /// Forecasts of 24 hours for the first of these that have candles enough, 5 at most.
    predictions: Vec<Prediction>,
    /// Why there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

pub(super) fn route() -> Route {
    Route::get("/api/crypto/dashboard", "crypto", "The coins at a glance", dashboard)
        .about("Sums are over the coins that are known here, not over all there are.")
        .cached::<Dashboard>(include_str!("../openapi/examples/crypto-dashboard.json"))
}

pub(super) async fn dashboard(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, Problem> {
    Parameters::new(request.query_string(), &[]).finish()?;

    let reference = state.crypto_reference().await?;
    let place = Place::of_coins(&CRYPTO, "dashboard", state.lifetimes.crypto_dashboard, &reference);
    let asked = state.clone();
    cached::respond(&request, &state, Form::json(&request), place, move |_| async move {
        let rows = markets(&asked, &reference, &[]).await?;
        let total = |of: fn(&CryptoMarket) -> Option<f64>| {
            let known: Vec<f64> = rows.iter().filter_map(of).collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>())
        };
        let market_cap = total(|coin| coin.market_cap);
        let volume_24h = total(|coin| coin.volume_24h);
        // The most valuable of its ticker comes first.
        let bitcoin = rows.iter().find(|coin| coin.symbol == "BTC").and_then(|coin| coin.market_cap);
        let btc_dominance = bitcoin
            .zip(market_cap.filter(|all| *all > 0.0))
            .map(|(bitcoin, all)| (bitcoin / all * 1e6).round() / 1e4);
        let time = rows.iter().map(|coin| coin.last_updated).max();
        let mut prices = one_each(rows);
        prices.truncate(PRICES);
        let predictions = predictions(&asked, &reference, &prices).await?;
        let note = prices.is_empty().then_some("no data yet");
        json(&Dashboard { time, market_cap, volume_24h, btc_dominance, prices, predictions, note })
    })
    .await
}

async fn predictions(
    state: &AppState,
    reference: &ReferenceData,
    prices: &[Price],
) -> Result<Vec<Prediction>, Problem> {
    let mut made = Vec::new();
    for price in prices {
        // A ticker with other signs has no pair that could be looked up.
        let Ok(symbol) = price.symbol.parse::<Symbol>() else { continue };
        match predict(&reference.store, &symbol.against_usdt(), DAY, state.now()).await {
            Ok(prediction) => made.push(prediction.named(price.symbol.clone())),
            Err(Problem::NotFound(_)) => {}
            Err(problem) => return Err(problem),
        }
        if made.len() == PREDICTIONS {
            break;
        }
    }
    Ok(made)
}
