//! CoinGecko's prices: the most valuable coins, in one call.

use std::sync::Arc;

use reqwest::RequestBuilder;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use super::{CoinOptions, Source};
use crate::{Clock, Error, FileKind, Result, table::Table, web::Reply};

const SERVICE: &str = "CoinGecko";
/// Coins a call gives at most.
const COINS: &str = "250";
/// Calls a minute that are safe without an account; the source promises about 30 with one.
const CALLS_A_MINUTE: u32 = 10;

/// CoinGecko over HTTP.
#[derive(Clone, Debug)]
pub(super) struct CoinGecko {
    source: Source,
    api_key: Option<SecretString>,
}

impl CoinGecko {
    pub(super) fn new(options: &CoinOptions, clock: Arc<dyn Clock>) -> Result<Self> {
        let source = Source::new(SERVICE, &options.coingecko, CALLS_A_MINUTE, options.patience, clock)?;
        let source = source.hiding(options.api_key.clone());
        Ok(Self { source, api_key: options.api_key.clone() })
    }

    /// Prices in USD of the most valuable coins.
    pub(super) async fn markets(&self) -> Result<Table> {
        const ASKED: &str = "coins/markets";
        let query =
            [("vs_currency", "usd"), ("order", "market_cap_desc"), ("per_page", COINS), ("page", "1")];
        let url = self.source.url(&["coins", "markets"], &query);
        let request = || self.with_key(self.source.web.client().get(url.clone()));
        self.source.ask(ASKED, request, |reply| self.read(ASKED, reply)).await
    }

    fn with_key(&self, request: RequestBuilder) -> RequestBuilder {
        let Some(key) = &self.api_key else { return request };
        let pro = self.source.address.host_str().is_some_and(|host| host.starts_with("pro-"));
        let name = if pro { "x-cg-pro-api-key" } else { "x-cg-demo-api-key" };
        match reqwest::header::HeaderValue::from_str(key.expose_secret()) {
            Ok(mut value) => {
                value.set_sensitive(true);
                request.header(name, value)
            }
            // The source will say that there is no key.
            Err(_) => request,
        }
    }

    fn read(&self, asked: &str, reply: &Reply) -> Result<Table> {
        let told = || reply.shown();
        match reply.status {
            200 => {}
            401 => {
                return Err(Error::Token {
                    service: SERVICE,
                    variable: "COINGECKO_API_KEY",
                    message: told(),
                });
            }
            403 => {
                return Err(Error::Permission { service: SERVICE, asked: asked.to_owned(), message: told() });
            }
            status => {
                let (asked, code) = (asked.to_owned(), i64::from(status));
                return Err(Error::Refused { service: SERVICE, asked, code, message: told() });
            }
        }
        let coins: Vec<Map<String, Value>> = serde_json::from_slice(&reply.body)
            .map_err(|error| self.source.unreadable(asked, reply, &error))?;
        let columns = FileKind::CoinsMarkets.required_columns();
        let missing: Vec<String> = columns
            .iter()
            .filter(|column| coins.first().is_some_and(|coin| !coin.contains_key(**column)))
            .map(ToString::to_string)
            .collect();
        if !missing.is_empty() {
            return Err(Error::AnswerColumns { service: SERVICE, asked: asked.to_owned(), missing });
        }
        let value =
            |coin: &Map<String, Value>, column: &&str| coin.get(*column).cloned().unwrap_or(Value::Null);
        Ok(Table {
            columns: columns.iter().map(ToString::to_string).collect(),
            rows: coins
                .iter()
                .map(|coin| columns.iter().map(|column| value(coin, column)).collect())
                .collect(),
        })
    }
}
