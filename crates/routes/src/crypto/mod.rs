//! Coins: prices and candles as stored, health scores and forecasts made from them.

mod dashboard;
mod health;
mod ohlcv;
mod predictions;
mod prices;

use std::{fmt, str::FromStr};

use actix_web::HttpRequest;
use percent_encoding::percent_decode_str;
use stockpile_cache::Kind;

use crate::{
    STALE_WINDOW, THROTTLE,
    cached::Body,
    openapi::{query, route::Route},
    problem::Problem,
};

const CRYPTO: Kind<Body> = Kind::new("crypto").stale(STALE_WINDOW).throttle(THROTTLE);
/// Letters of the longest ticker or pair that is looked up.
const MAX_SYMBOL: usize = 24;

pub(crate) fn routes() -> [Route; 5] {
    [prices::route(), health::route(), predictions::route(), ohlcv::route(), dashboard::route()]
}

/// A ticker or a pair, in upper case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Symbol(String);

impl FromStr for Symbol {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let valid =
            (1..=MAX_SYMBOL).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        valid.then(|| Self(text.to_ascii_uppercase())).ok_or(())
    }
}

impl Symbol {
    fn of_path(request: &HttpRequest) -> Result<Self, Problem> {
        percent_decode_str(request.match_info().query("symbol"))
            .decode_utf8()
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Problem::parameter("symbol", "not a symbol; write BTC or BTCUSDT"))
    }
}

impl Symbol {
    /// The pairs it may mean: itself, else the coin against USDT.
    fn pairs(&self) -> [String; 2] {
        [self.to_string(), self.against_usdt().0]
    }

    /// The pair of a coin against USDT.
    fn against_usdt(&self) -> Self {
        Self(format!("{}USDT", self.0))
    }

    /// The coin itself, also of its pair against USDT.
    fn coin(&self) -> Self {
        let coin = self.0.strip_suffix("USDT").filter(|coin| !coin.is_empty());
        Self(coin.unwrap_or(&self.0).to_owned())
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The symbol in a path, as the document has it.
fn symbol() -> utoipa::openapi::path::Parameter {
    query::in_path(
        "symbol",
        "A pair (`BTCUSDT`) or a coin, which means its pair against USDT.",
        "^[0-9A-Za-z]{1,24}$",
        "BTC",
    )
}
