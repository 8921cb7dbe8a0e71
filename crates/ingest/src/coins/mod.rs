//! Coins: prices from CoinGecko, candles from Binance.

mod backfill;
mod binance;
mod coingecko;
mod span;

use std::{fmt, sync::Arc, time::Duration};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use reqwest::{RequestBuilder, Url};
use secrecy::SecretString;

pub use self::backfill::{CoinBackfill, CoinFetched, CoinIngest, CoinStep};
use crate::{
    Clock, Error, Result,
    limiter::Limiter,
    web::{Patience, Reply, Web},
};

/// Tries of one call that may pass after the first.
const RETRIES: usize = 4;
/// Times that a call waits because it came too often.
const PAUSES: usize = 3;
/// A source that wants to be left alone for longer has locked the address out.
const LONGEST_PAUSE: Duration = Duration::from_secs(180);
/// How long a source is left alone that does not say for how long.
const PAUSE: Duration = Duration::from_secs(60);

/// How the sources of coins are asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CoinOptions {
    /// Where CoinGecko's API is.
    pub coingecko: String,
    /// Key of an account at CoinGecko.
    pub api_key: Option<SecretString>,
    /// Where Binance's API is.
    pub binance: String,
    /// How long an answer is waited for.
    pub patience: Patience,
}

impl CoinOptions {
    /// Without an account.
    #[must_use]
    pub fn new(coingecko: impl Into<String>, binance: impl Into<String>) -> Self {
        Self {
            coingecko: coingecko.into(),
            api_key: None,
            binance: binance.into(),
            patience: Patience::default(),
        }
    }
}

/// A source with a limit on how often it is asked.
#[derive(Clone)]
struct Source {
    service: &'static str,
    web: Web,
    address: Url,
    limiter: Arc<Limiter>,
    clock: Arc<dyn Clock>,
    calls_a_minute: u32,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("service", &self.service).finish_non_exhaustive()
    }
}

impl Source {
    fn new(
        service: &'static str,
        address: &str,
        calls_a_minute: u32,
        patience: Patience,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let address = crate::web::address(service, address)?;
        Ok(Self {
            service,
            web: Web::new(service, &address, patience)?,
            address,
            limiter: Arc::new(Limiter::new(clock.clone(), calls_a_minute)),
            clock,
            calls_a_minute,
        })
    }

    /// Keeps the key of an account out of every message.
    fn hiding(self, api_key: Option<SecretString>) -> Self {
        Self { web: self.web.hiding(api_key), ..self }
    }

    /// The address of a path below the source's own, with a query.
    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.address.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url.query_pairs_mut().extend_pairs(query);
        url
    }

    /// Asks, again while a failure may pass; `judge` says what is wrong with an answer.
    async fn ask<T>(
        &self,
        asked: &str,
        request: impl Fn() -> RequestBuilder,
        judge: impl Fn(&Reply) -> Result<T>,
    ) -> Result<T> {
        let mut delays = ExponentialBuilder::new()
            .with_min_delay(Duration::from_secs(1))
            .with_max_delay(Duration::from_secs(30))
            .with_max_times(RETRIES)
            .with_jitter()
            .build();
        let mut pauses = 0;
        loop {
            self.limiter.turn(self.service, self.calls_a_minute).await;
            let error = match self.web.send(request()).await {
                Ok(reply) => match self.refusal(asked, &reply).map_or_else(|| judge(&reply), Err) {
                    Ok(answer) => return Ok(answer),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            match &error {
                Error::TooOften { wait: Some(wait), .. } if *wait <= LONGEST_PAUSE && pauses < PAUSES => {
                    pauses += 1;
                    self.limiter.pause(*wait);
                    tracing::warn!(%error, "waiting");
                }
                error if error.is_transient() => {}
                _ => return Err(error),
            }
            if error.is_transient() {
                let Some(delay) = delays.next() else { return Err(error) };
                tracing::warn!(%error, delay_ms = delay.as_millis(), "asking again");
                self.clock.sleep(delay).await;
            }
        }
    }

    /// What the status alone tells.
    fn refusal(&self, asked: &str, reply: &Reply) -> Option<Error> {
        let (service, asked) = (self.service, asked.to_owned());
        match reply.status {
            418 | 429 => Some(Error::TooOften {
                service,
                asked,
                per_minute: None,
                wait: Some(reply.retry_after().unwrap_or(PAUSE)),
                message: format!("HTTP {}", reply.status),
            }),
            408 | 425 | 500..=599 => {
                Some(Error::OutOfOrder { service, asked, message: format!("HTTP {}", reply.status) })
            }
            _ => None,
        }
    }

    /// An answer that is no JSON of the source's.
    fn unreadable(&self, asked: &str, reply: &Reply, error: &serde_json::Error) -> Error {
        let (service, asked) = (self.service, asked.to_owned());
        if error.is_eof() && reply.status == 200 {
            Error::CutOff { service, asked, reason: error.to_string() }
        } else {
            let reason = format!("HTTP {}, {error}; it starts with: {}", reply.status, reply.shown());
            Error::Answer { service, asked, reason }
        }
    }
}
