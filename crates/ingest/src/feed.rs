//! Quotes as they are made: every few seconds during the exchange's hours, to whoever shows them.

use std::{collections::HashMap, error::Error as StdError, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use stockpile_market::TsCode;

use crate::{
    Clock, Error, LiveBoard, LiveQuote, Result, Round, Tushare,
    schedule::{quote_hours, tomorrow},
};

/// A quote that does not move is told again after this long, so that nobody forgets it.
const REPEAT: Duration = Duration::from_secs(30);
/// How long a board is left alone that was asked too often, unless its source says otherwise.
const TOO_OFTEN: SignedDuration = SignedDuration::from_secs(60);

/// Shows quotes.
#[async_trait]
pub trait QuoteSink: Send + Sync {
    /// Takes quotes that are new, or that are to be kept from being forgotten; one a security.
    async fn publish(&self, quotes: Vec<LiveQuote>);
}

/// Quotes of Tushare, and where they go.
#[derive(Clone)]
pub struct QuoteFeed {
    source: Tushare,
    pub(crate) every: Duration,
    sink: Arc<dyn QuoteSink>,
}

impl fmt::Debug for QuoteFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuoteFeed").field("every", &self.every).finish_non_exhaustive()
    }
}

impl QuoteFeed {
    /// Asks every so often. The account's limiter is that of `source`.
    ///
    /// # Errors
    ///
    /// [`Error::Connection`] when this machine cannot make TLS connections.
    pub fn new(source: &Tushare, every: Duration, sink: Arc<dyn QuoteSink>) -> Result<Self> {
        Ok(Self { source: source.hurried()?, every, sink })
    }

    /// Asks the boards that may be asked, and publishes what has moved.
    pub(crate) async fn look(&self, state: &mut FeedState, clock: &dyn Clock) -> Round {
        let mut round = Round::default();
        for board in LiveBoard::ALL {
            if state.rests.get(&board).is_some_and(|until| clock.now() < *until) {
                round.error = state.errors.get(&board).copied();
                continue;
            }
            match self.source.live(board).await {
                Ok(snapshot) => {
                    round.runs += 1;
                    if snapshot.refused > 0 {
                        tracing::debug!(board = board.name(), rows = snapshot.refused, "quotes were refused");
                    }
                    let quotes = state.published.select(snapshot.quotes, clock.elapsed());
                    if !quotes.is_empty() {
                        self.sink.publish(quotes).await;
                    }
                }
                Err(error) => {
                    tracing::warn!(
                        board = board.name(),
                        error = &error as &dyn StdError,
                        "no quotes this time"
                    );
                    round.error = Some(error.reason());
                    if let Some(until) = rest(&error, clock.now()) {
                        state.rests.insert(board, until);
                        state.errors.insert(board, error.reason());
                    }
                }
            }
        }
        round.ended_at = Some(clock.now());
        round
    }
}

/// Until when a board is left alone after a failure; `None` when the next look may ask again.
fn rest(error: &Error, now: Timestamp) -> Option<Timestamp> {
    let next_day = quote_hours(tomorrow(now)).0;
    match error {
        // What the account may not do now it may do after somebody has paid.
        Error::Permission { .. } | Error::Token { .. } => Some(next_day),
        Error::TooOften { wait, .. } => {
            let wait = wait.and_then(|wait| SignedDuration::try_from(wait).ok()).unwrap_or(TOO_OFTEN);
            Some(now.saturating_add(wait).unwrap_or(next_day).min(next_day))
        }
        _ => None,
    }
}

/// What a feed remembers from one look to the next.
#[derive(Debug, Default)]
pub(crate) struct FeedState {
    published: Published,
    rests: HashMap<LiveBoard, Timestamp>,
    errors: HashMap<LiveBoard, &'static str>,
}

impl FeedState {
    /// Whether no board may be asked before this day's end.
    pub(crate) fn rests_until(&self, end: Timestamp) -> bool {
        LiveBoard::ALL.iter().all(|board| self.rests.get(board).is_some_and(|until| *until >= end))
    }
}

/// The quotes that are shown, and since when.
#[derive(Debug, Default)]
struct Published(HashMap<TsCode, (LiveQuote, Duration)>);

impl Published {
    /// Of a look's quotes, those to be published `now`.
    fn select(&mut self, quotes: Vec<LiveQuote>, now: Duration) -> Vec<LiveQuote> {
        let mut selected = Vec::new();
        for quote in quotes {
            let known = self.0.get_mut(&quote.ts_code);
            match known {
                // An answer that was on its way for longer than the one before it.
                Some((known, _)) if quote.time < known.time => {}
                Some((known, at)) if is_same(known, &quote) => {
                    if now.saturating_sub(*at) >= REPEAT {
                        *at = now;
                        selected.push(known.clone());
                    }
                }
                _ => {
                    self.0.insert(quote.ts_code, (quote.clone(), now));
                    selected.push(quote);
                }
            }
        }
        selected
    }
}

/// Whether nothing but the clock has moved, on one day.
fn is_same(known: &LiveQuote, quote: &LiveQuote) -> bool {
    let day = |quote: &LiveQuote| stockpile_market::exchange_date(quote.time.as_second());
    day(known) == day(quote) && *known == LiveQuote { time: known.time, ..quote.clone() }
}

#[cfg(test)]
mod tests {
    use stockpile_market::SecurityKind;

    use super::*;

    fn quote(code: &str, time: &str, price: f64) -> LiveQuote {
        LiveQuote {
            ts_code: code.parse().unwrap(),
            kind: SecurityKind::Stock,
            name: None,
            time: format!("2025-02-{time}+08:00").parse().unwrap(),
            price,
            open: None,
            high: None,
            low: None,
            pre_close: None,
            vol: None,
            amount: None,
        }
    }

    #[test]
    fn what_moved_is_published_and_what_did_not_is_repeated_as_it_was() {
        let mut published = Published::default();
        let mut select =
            |quote: &LiveQuote, at: u64| published.select(vec![quote.clone()], Duration::from_secs(at));
        let first = quote("600519.SH", "07T10:00:00", 1436.0);
        assert_eq!(select(&first, 0), std::slice::from_ref(&first));
        let later = quote("600519.SH", "07T10:00:15", 1436.0);
        assert!(select(&later, 15).is_empty(), "only the clock has moved");
        assert_eq!(select(&later, 30), std::slice::from_ref(&first), "the price was made then");
        let moved = quote("600519.SH", "07T10:00:45", 1437.0);
        assert_eq!(select(&moved, 45), std::slice::from_ref(&moved));
        assert!(select(&first, 46).is_empty(), "an older answer undoes nothing");
        let other_day = quote("600519.SH", "10T09:25:00", 1437.0);
        assert_eq!(select(&other_day, 47), std::slice::from_ref(&other_day));
    }

    #[test]
    fn a_board_that_may_not_be_had_rests_until_the_next_day_and_a_busy_one_for_its_minute() {
        let now = "2025-02-07T10:00:00+08:00".parse().unwrap();
        let permission =
            Error::Permission { service: "Tushare", asked: String::new(), message: String::new() };
        assert_eq!(rest(&permission, now), "2025-02-08T09:25:00+08:00".parse().ok());
        let busy = |wait| Error::TooOften {
            service: "Tushare",
            asked: String::new(),
            per_minute: None,
            wait,
            message: String::new(),
        };
        assert_eq!(rest(&busy(None), now), "2025-02-07T10:01:00+08:00".parse().ok());
        let day = Some(Duration::from_secs(86_400));
        assert_eq!(rest(&busy(day), now), "2025-02-08T09:25:00+08:00".parse().ok());
        let cut = Error::CutOff { service: "Tushare", asked: String::new(), reason: String::new() };
        assert_eq!(rest(&cut, now), None);
    }
}
