//! Binance's candles: true intervals, a page of a thousand at a time.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use stockpile_market::Interval;

use super::{CoinOptions, Source, span::Span};
use crate::{Clock, Error, Result, table::Table, web::Reply};

const SERVICE: &str = "Binance";
/// Candles a call gives at most.
pub(super) const CANDLES: i64 = 1000;
/// Weight that an address may use in a minute; a call of candles weighs 2.
const WEIGHT_A_MINUTE: u32 = 6000;
/// Others on this address want to ask, too.
const CALLS_A_MINUTE: u32 = WEIGHT_A_MINUTE / 2 / 2;
/// From this weight on the minute is sat out.
const HEAVY: u32 = WEIGHT_A_MINUTE / 10 * 8;
/// Values of a candle: opening time to close time and turnover.
const VALUES: usize = 8;

const COLUMNS: [&str; 9] =
    ["symbol", "interval", "ts", "open", "high", "low", "close", "volume", "quote_volume"];

/// Binance over HTTP.
#[derive(Clone, Debug)]
pub(super) struct Binance {
    source: Source,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    msg: String,
}

impl Binance {
    pub(super) fn new(options: &CoinOptions, clock: Arc<dyn Clock>) -> Result<Self> {
        let source = Source::new(SERVICE, &options.binance, CALLS_A_MINUTE, options.patience, clock)?;
        Ok(Self { source })
    }

    /// The candles of a pair that open within a span, page by page.
    pub(super) async fn candles(&self, symbol: &str, interval: Interval, span: Span) -> Result<Table> {
        let asked = format!("{symbol} {interval}");
        let mut whole = Table { columns: COLUMNS.map(Into::into).to_vec(), rows: Vec::new() };
        let step = i64::from(interval.seconds()) * 1000;
        let (mut from, end) = (span.start.as_millisecond(), span.end.as_millisecond());
        while from < end {
            let page = self.page(&asked, symbol, interval, from, end - 1).await?;
            // Time that does not go on would be asked for ever.
            let mut next = from;
            for (candle, row) in page.iter().zip(whole.rows.len() + 1..) {
                let opens =
                    candle.first().and_then(Value::as_i64).filter(|opens| *opens >= next && *opens < end);
                let Some(opens) = opens else {
                    return Err(Error::RepeatedPage { service: SERVICE, asked, row });
                };
                next = opens + step;
            }
            if page.is_empty() {
                break;
            }
            from = next;
            whole.rows.extend(page.into_iter().map(|candle| row(symbol, interval, candle)));
        }
        Ok(whole)
    }

    async fn page(
        &self,
        asked: &str,
        symbol: &str,
        interval: Interval,
        from: i64,
        to: i64,
    ) -> Result<Vec<Vec<Value>>> {
        let (from, to, limit) = (from.to_string(), to.to_string(), CANDLES.to_string());
        let query = [
            ("symbol", symbol),
            ("interval", interval.name()),
            ("startTime", &from),
            ("endTime", &to),
            ("limit", &limit),
        ];
        let url = self.source.url(&["api", "v3", "klines"], &query);
        let request = || self.source.web.client().get(url.clone());
        self.source.ask(asked, request, |reply| self.read(asked, reply)).await
    }

    fn read(&self, asked: &str, reply: &Reply) -> Result<Vec<Vec<Value>>> {
        if weight(reply).is_some_and(|weight| weight >= HEAVY) {
            self.source.limiter.pause(Duration::from_secs(60));
        }
        if reply.status != 200 {
            return Err(match serde_json::from_slice::<Refusal>(&reply.body) {
                Ok(Refusal { code, msg }) => {
                    Error::Refused { service: SERVICE, asked: asked.to_owned(), code, message: msg }
                }
                // Such as 451: not served where this machine stands.
                Err(_) => Error::Refused {
                    service: SERVICE,
                    asked: asked.to_owned(),
                    code: i64::from(reply.status),
                    message: reply.shown(),
                },
            });
        }
        let candles: Vec<Vec<Value>> = serde_json::from_slice(&reply.body)
            .map_err(|error| self.source.unreadable(asked, reply, &error))?;
        for (candle, number) in candles.iter().zip(1..) {
            let flat = candle.iter().all(|value| !value.is_array() && !value.is_object());
            if candle.len() < VALUES || !flat || candle[0].as_i64().is_none() {
                let reason = format!("candle {number} is no row of {VALUES} or more single values");
                return Err(self.source.web.strange(asked, reason));
            }
        }
        Ok(candles)
    }
}

/// Weight used in this minute, by everybody on this address.
fn weight(reply: &Reply) -> Option<u32> {
    reply.headers.get("x-mbx-used-weight-1m")?.to_str().ok()?.parse().ok()
}

/// A candle in the order of [`COLUMNS`].
fn row(symbol: &str, interval: Interval, candle: Vec<Value>) -> Vec<Value> {
    let mut row = vec![Value::from(symbol), Value::from(interval.name())];
    // Behind the volume stands the time of closing.
    row.extend(
        candle.into_iter().enumerate().filter(|(at, _)| *at < VALUES && *at != 6).map(|(_, value)| value),
    );
    row[2] = row[2].as_i64().and_then(time).map_or(Value::Null, Value::from);
    row
}

/// Written out, since the count of digits would tell a unit only from 2001 on.
fn time(millis: i64) -> Option<String> {
    Timestamp::from_millisecond(millis).ok().map(|time| time.to_string())
}
