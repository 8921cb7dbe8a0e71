//! Tushare Pro over HTTP: whole tables, asked politely.

mod answer;
mod backfill;
mod calendar;
mod due;
mod interface;
mod live;
mod request;
mod rows;

use std::{collections::HashSet, fmt, sync::Arc, time::Duration};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

pub(crate) use self::due::instant;
use self::{answer::Page, interface::INDICES, request::Request};
pub use self::{
    backfill::{Backfill, Fetched, Step, TushareIngest, Unit},
    interface::Interface,
    live::{LiveBoard, LiveQuote, Snapshot},
};
use crate::{
    Clock, Error, Result,
    limiter::Limiter,
    table::Table,
    web::{self, Patience, Web},
};

const SERVICE: &str = "Tushare";
/// Tries of one call that may pass after the first.
const RETRIES: usize = 4;
/// Minutes that a call waits for its quota before it gives up.
const PAUSES: usize = 3;
/// A page with a whole number of these may have been cut by a limit nobody told of.
const ROUND: usize = 100;
/// Pages of one answer; the longest known has five.
const MAX_PAGES: usize = 1000;

/// How Tushare is asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TushareOptions {
    /// Where it is.
    pub address: String,
    /// Token of the account.
    pub token: SecretString,
    /// Calls a minute that the account may make, of all interfaces together.
    pub calls_a_minute: u32,
    /// How long an answer is waited for.
    pub patience: Patience,
}

impl TushareOptions {
    /// An account with 2000 points: 200 calls a minute.
    #[must_use]
    pub fn new(address: impl Into<String>, token: SecretString) -> Self {
        Self { address: address.into(), token, calls_a_minute: 200, patience: Patience::default() }
    }
}

/// One account at Tushare. Clones share its limiter, and one account should have one.
#[derive(Clone)]
pub struct Tushare {
    web: Web,
    address: Url,
    token: SecretString,
    calls_a_minute: u32,
    limiter: Arc<Limiter>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Tushare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tushare").field("calls_a_minute", &self.calls_a_minute).finish_non_exhaustive()
    }
}

impl Tushare {
    /// Makes a client; nothing is asked yet.
    ///
    /// # Errors
    ///
    /// [`Error::Connection`] when this machine cannot make TLS connections.
    pub fn new(options: TushareOptions, clock: Arc<dyn Clock>) -> Result<Self> {
        let TushareOptions { address, token, calls_a_minute, patience } = options;
        let address = web::address(SERVICE, &address)?;
        Ok(Self {
            web: Web::new(SERVICE, &address, patience)?.hiding(Some(token.clone())),
            address,
            token,
            calls_a_minute,
            limiter: Arc::new(Limiter::new(clock.clone(), calls_a_minute)),
            clock,
        })
    }

    /// Asks for everything that a request stands for, page by page.
    async fn ask(&self, request: &Request) -> Result<Table> {
        let mut whole = Table::default();
        for params in request.calls() {
            let mut part = self.pages(request, &params).await?;
            if request.interface.is_facts() {
                // An index may be listed by an exchange and by the company that computes it.
                keep_new_codes(&mut part, &whole);
            }
            whole.append(part);
        }
        Ok(whole)
    }

    async fn pages(&self, request: &Request, params: &Value) -> Result<Table> {
        let interface = request.interface;
        let mut whole = Table::default();
        let mut seen = HashSet::new();
        for _ in 0..MAX_PAGES {
            let offset = whole.rows.len();
            let Page { table, has_more } = self.page(request, params, offset).await?;
            let rows = table.rows.len();
            // Rows that are alike within a page are the source's own; on two pages they mean that offsets are not kept.
            let keys: Vec<String> =
                table.rows.iter().map(|row| Value::from(row.clone()).to_string()).collect();
            if let Some(at) = keys.iter().position(|key| seen.contains(key)) {
                let (asked, row) = (request.name(), offset + at + 1);
                return Err(Error::RepeatedPage { service: SERVICE, asked, row });
            }
            seen.extend(keys);
            whole.append(table);
            // The source's own word counts for a round number of rows, not for as many as it ever gives.
            let cap = interface.rows_a_call();
            let goes_on = has_more.unwrap_or_else(|| rows.is_multiple_of(ROUND)) || rows >= cap;
            if rows == 0 || !goes_on {
                return Ok(whole);
            }
        }
        Err(answer::strange(&request.name(), format!("more than {MAX_PAGES} pages")))
    }

    /// One call, tried again while its failure may pass.
    async fn page(&self, request: &Request, params: &Value, offset: usize) -> Result<Page> {
        let interface = request.interface;
        let mut delays = ExponentialBuilder::new()
            .with_min_delay(Duration::from_secs(1))
            .with_max_delay(Duration::from_secs(30))
            .with_max_times(RETRIES)
            .with_jitter()
            .build();
        let mut pauses = 0;
        loop {
            self.limiter.turn(interface.name(), interface.calls_a_minute().min(self.calls_a_minute)).await;
            let error = match self.call(request, params, offset).await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            match &error {
                Error::TooOften { per_minute, wait: Some(wait), .. } if *wait <= answer::MINUTE => {
                    if let Some(per_minute) = per_minute {
                        self.limiter.slow(interface.name(), *per_minute);
                    }
                    self.limiter.pause(*wait);
                    pauses += 1;
                    if pauses > PAUSES {
                        return Err(error);
                    }
                    tracing::warn!(%error, "waiting for the next minute");
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

    async fn call(&self, request: &Request, params: &Value, offset: usize) -> Result<Page> {
        let interface = request.interface;
        let mut params = params.clone();
        params["limit"] = interface.rows_a_call().into();
        params["offset"] = offset.into();
        let (fields, required) = (interface.fields().join(","), interface.kind().required_columns());
        self.post(interface.name(), &params, &fields, &request.name(), required).await
    }

    async fn post(
        &self,
        interface: &str,
        params: &Value,
        fields: &str,
        asked: &str,
        required: &[&str],
    ) -> Result<Page> {
        let body = json!({
            "api_name": interface,
            "token": self.token.expose_secret(),
            "params": params,
            "fields": fields,
        });
        let reply = self.web.send(self.web.client().post(self.address.clone()).json(&body)).await?;
        answer::read(&reply, asked, required).map_err(|error| self.without_token(error))
    }

    /// An answer may quote what it was asked with.
    fn without_token(&self, mut error: Error) -> Error {
        let token = self.token.expose_secret();
        if let Error::Answer { reason: text, .. }
        | Error::CutOff { reason: text, .. }
        | Error::OutOfOrder { message: text, .. }
        | Error::Token { message: text, .. }
        | Error::Permission { message: text, .. }
        | Error::TooOften { message: text, .. }
        | Error::Refused { message: text, .. } = &mut error
            && !token.is_empty()
            && text.contains(token)
        {
            *text = text.replace(token, "***");
        }
        error
    }
}

/// Leaves out the rows whose codes are known.
fn keep_new_codes(part: &mut Table, known: &Table) {
    let (Some(at), Some(known_at)) = (part.position("ts_code"), known.position("ts_code")) else { return };
    let known: HashSet<&str> = known.rows.iter().filter_map(|row| row[known_at].as_str()).collect();
    part.rows.retain(|row| row[at].as_str().is_none_or(|code| !known.contains(code)));
}
