//! Accounts at data and model providers; a feature whose account is missing says so.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `TUSHARE_TOKEN` | none | token of the market data source |
//! | `TUSHARE_URL` | `https://api.tushare.pro` | where it is |
//! | `TUSHARE_CALLS_PER_MINUTE` | `200` | calls the account may make, of all interfaces together |
//! | `QUOTES_LIVE` | `on` | whether the server fetches and shows quotes of the running day |
//! | `QUOTES_INTERVAL_S` | `15` | seconds from one look at quotes to the next |
//! | `COINS_LIVE` | `off` | whether the server fetches coins |
//! | `COINGECKO_URL` | `https://api.coingecko.com/api/v3` | source of prices of coins |
//! | `COINGECKO_API_KEY` | none | key of a CoinGecko account |
//! | `BINANCE_URL` | `https://data-api.binance.vision` | source of candles |
//! | `OPENAI_API_KEY` | none | key of the language model |
//! | `OPENAI_BASE_URL` | `https://api.openai.com/v1` | any service with the same interface |
//! | `OPENAI_MODEL` | `gpt-4` | name of the model |

use std::time::Duration;

use secrecy::SecretString;

use crate::{choice::Choice, langfuse::web_address, reader::Reader};

/// Accounts at data and model providers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Providers {
    /// The source of market data.
    pub tushare: Tushare,
    /// The sources of coins.
    pub coins: Coins,
    /// The language model.
    pub openai: OpenAi,
}

/// The source of market data.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tushare {
    /// Token of the account. `TUSHARE_TOKEN`, default none.
    pub token: Option<SecretString>,
    /// Where it is, without a slash at its end. `TUSHARE_URL`, default `https://api.tushare.pro`.
    pub url: String,
    /// Calls a minute that the account may make, of all interfaces together. `TUSHARE_CALLS_PER_MINUTE`, default 200.
    pub calls_per_minute: u32,
    /// Whether quotes of the running day are fetched and shown. `QUOTES_LIVE`, default on; the account needs permissions.
    pub quotes: Live,
    /// Time from one look at quotes to the next. `QUOTES_INTERVAL_S`, default 15.
    pub quotes_interval: Duration,
}

/// The sources of coins.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Coins {
    /// Whether the server fetches coins. `COINS_LIVE`, default off.
    pub live: Live,
    /// Source of prices, without a slash at its end. `COINGECKO_URL`, default `https://api.coingecko.com/api/v3`.
    pub coingecko_url: String,
    /// Key of an account there. `COINGECKO_API_KEY`, default none.
    pub coingecko_api_key: Option<SecretString>,
    /// Source of candles, without a slash at its end. `BINANCE_URL`, default `https://data-api.binance.vision`.
    pub binance_url: String,
}

/// Whether something is fetched without being asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Live {
    /// It is.
    On,
    /// Only when somebody asks for it.
    Off,
}

impl Choice for Live {
    const WORDS: &'static [(&'static str, Self)] = &[("on", Self::On), ("off", Self::Off)];
}

/// A service with the interface of `OpenAI`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenAi {
    /// Key of the account. `OPENAI_API_KEY`, default none.
    pub api_key: Option<SecretString>,
    /// Address of the service, without a slash at its end. `OPENAI_BASE_URL`, default `https://api.openai.com/v1`.
    pub base_url: String,
    /// Name of the model. `OPENAI_MODEL`, default `gpt-4`.
    pub model: String,
}

pub(crate) fn read(reader: &mut Reader<'_>) -> Providers {
    let tushare = Tushare {
        token: reader.secret("TUSHARE_TOKEN"),
        url: address(reader, "TUSHARE_URL", "https://api.tushare.pro"),
        calls_per_minute: u32::try_from(reader.number("TUSHARE_CALLS_PER_MINUTE", 200, 1..=100_000))
            .unwrap_or(u32::MAX),
        quotes: reader.choice("QUOTES_LIVE", Live::On),
        quotes_interval: Duration::from_secs(reader.number("QUOTES_INTERVAL_S", 15, 3..=60)),
    };
    let coins = Coins {
        live: reader.choice("COINS_LIVE", Live::Off),
        coingecko_url: address(reader, "COINGECKO_URL", "https://api.coingecko.com/api/v3"),
        coingecko_api_key: reader.secret("COINGECKO_API_KEY"),
        binance_url: address(reader, "BINANCE_URL", "https://data-api.binance.vision"),
    };
    let api_key = reader.secret("OPENAI_API_KEY");
    let base_url = address(reader, "OPENAI_BASE_URL", "https://api.openai.com/v1");
    let model = reader.value("OPENAI_MODEL", "gpt-4".to_owned(), String::clone, |text| {
        let printable = text.chars().all(|char| !char.is_control()) && text.len() <= 200;
        if printable { Ok(text.to_owned()) } else { Err("write the name of a model".to_owned()) }
    });
    Providers { tushare, coins, openai: OpenAi { api_key, base_url, model } }
}

/// Reads the address of a service; without a slash at its end, as people write it.
fn address(reader: &mut Reader<'_>, variable: &'static str, default: &str) -> String {
    let parse = |text: &str| web_address(text).map(|url| url.as_str().trim_end_matches('/').to_owned());
    reader.value(variable, default.to_owned(), String::clone, parse)
}
