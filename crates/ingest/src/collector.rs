//! What a server fetches by itself, round by round.

use std::{
    collections::BTreeMap,
    error::Error as StdError,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;
use stockpile_market::{Exchange, SecurityKind, TradeDate, exchange_date};
use stockpile_storage::Store;

use crate::{
    Backfill, Clock, CoinBackfill, CoinFetched, CoinIngest, CoinStep, Error, Fetched, Interface, QuoteFeed,
    Result, Silent, Step, TushareIngest,
    feed::FeedState,
    schedule::{catch_up_from, next_look, quote_hours, tomorrow},
};

/// Time between two looks at coins: fewer than ten thousand calls a month.
const COINS_EVERY: Duration = Duration::from_secs(300);
/// Days of candles that coins are given.
const CANDLE_DAYS: i64 = 365;
/// Coins whose candles are fetched.
const PAIRS: [&str; 5] = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "ADAUSDT", "XRPUSDT"];
/// The longest time slept without a look at the clock.
const NAP: Duration = Duration::from_secs(60);
/// How long another that collects is waited for.
const OTHERS_TURN: Duration = Duration::from_secs(60);
/// Names of the turns.
const TUSHARE: &str = "tushare";
const COINS: &str = "coins";
const QUOTES: &str = "quotes";
/// After this long, quotes are somebody else's turn if there is anybody.
const QUOTES_SHIFT: Duration = Duration::from_secs(30);

/// Lets one collector work at a time, where several share a store.
#[async_trait]
pub trait Turn: Send + Sync {
    /// Takes the turn named so, unless another has it, and keeps it until it is given back or this process is gone.
    async fn take(&self, name: &'static str) -> bool;

    /// Gives it back.
    async fn give_back(&self, name: &'static str);
}

/// Always has the turn: where there is nobody else, or only the store's own lock.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

#[async_trait]
impl Turn for Alone {
    async fn take(&self, _: &'static str) -> bool {
        true
    }

    async fn give_back(&self, _: &'static str) {}
}

/// How the last round of a source went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Round {
    /// When it ended; `None` before the first.
    pub ended_at: Option<Timestamp>,
    /// Runs that it committed; of quotes, the boards that answered.
    pub runs: u64,
    /// What went wrong in it last, in a word; the log has the whole.
    pub error: Option<&'static str>,
}

/// How the last rounds went. Clones look at the same.
#[derive(Clone, Debug, Default)]
pub struct Rounds(Arc<Mutex<LastRounds>>);

#[derive(Debug, Default)]
struct LastRounds {
    tushare: Round,
    coins: Round,
    quotes: Round,
}

impl Rounds {
    /// The last round of Tushare.
    #[must_use]
    pub fn tushare(&self) -> Round {
        self.last().tushare.clone()
    }

    /// The last round of coins.
    #[must_use]
    pub fn coins(&self) -> Round {
        self.last().coins.clone()
    }

    /// The last round of quotes.
    #[must_use]
    pub fn quotes(&self) -> Round {
        self.last().quotes.clone()
    }

    fn last(&self) -> MutexGuard<'_, LastRounds> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fetches what has been published since the store was last brought up to date, for ever.
#[derive(Clone)]
pub struct Collector {
    store: Store,
    clock: Arc<dyn Clock>,
    turn: Arc<dyn Turn>,
    tushare: Option<TushareIngest>,
    coins: Option<CoinIngest>,
    quotes: Option<QuoteFeed>,
    rounds: Rounds,
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector")
            .field("tushare", &self.tushare.is_some())
            .field("coins", &self.coins.is_some())
            .field("quotes", &self.quotes.is_some())
            .finish_non_exhaustive()
    }
}

/// What one round heard.
#[derive(Default)]
struct Heard {
    round: Round,
    is_unfinished: bool,
}

impl Collector {
    /// A collector without a source fetches nothing.
    #[must_use]
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        turn: Arc<dyn Turn>,
        tushare: Option<TushareIngest>,
        coins: Option<CoinIngest>,
    ) -> Self {
        Self { store, clock, turn, tushare, coins, quotes: None, rounds: Rounds::default() }
    }

    /// Fetches quotes too, during the exchange's hours.
    #[must_use]
    pub fn with_quotes(self, feed: QuoteFeed) -> Self {
        Self { quotes: Some(feed), ..self }
    }

    /// How its rounds go.
    #[must_use]
    pub fn rounds(&self) -> Rounds {
        self.rounds.clone()
    }

    /// Gives every turn back: for the end of a process, once [`run`](Self::run) has been dropped.
    pub async fn give_back_turns(&self) {
        for name in [TUSHARE, COINS, QUOTES] {
            self.turn.give_back(name).await;
        }
    }

    /// Tells that collecting has ended by a mistake of this program.
    pub fn failed(&self) {
        let mut last = self.rounds.last();
        let LastRounds { tushare, coins, quotes } = &mut *last;
        for round in [tushare, coins, quotes] {
            round.error = Some("panicked");
        }
    }

    /// Collects until it is dropped. A failure is logged, and the next round tries again.
    pub async fn run(self) {
        tokio::join!(self.collect_tushare(), self.collect_coins(), self.collect_quotes());
    }

    async fn collect_tushare(&self) {
        let Some(tushare) = &self.tushare else { return };
        loop {
            let wait = self.tushare_round(tushare).await;
            self.sleep_until(self.clock.now().saturating_add(wait).unwrap_or(Timestamp::MAX)).await;
        }
    }

    /// Sleeps in short naps: a machine that was suspended, or whose clock was set, wakes to the right time.
    async fn sleep_until(&self, time: Timestamp) {
        loop {
            let left = time.duration_since(self.clock.now());
            if !left.is_positive() {
                return;
            }
            self.clock.sleep(left.unsigned_abs().min(NAP)).await;
        }
    }

    /// One round; how long until the next.
    async fn tushare_round(&self, tushare: &TushareIngest) -> Duration {
        if !self.turn.take(TUSHARE).await {
            return OTHERS_TURN;
        }
        let mut heard = Heard::default();
        let mut hear = |step: Step| match step.fetched {
            Fetched::Ingested(ingested) => {
                heard.round.runs += 1;
                tracing::info!(run = step.name, rows = ingested.rows.written, "fetched");
            }
            Fetched::Empty { is_final } => heard.is_unfinished |= !is_final,
            Fetched::Failed(error) => {
                tracing::warn!(run = step.name, error = &error as &dyn StdError, "left out");
                heard.round.error = Some(error.reason());
                // What the account may not have, or not any more today, is no sooner there for being asked again.
                heard.is_unfinished |= !matches!(error, Error::Permission { .. } | Error::TooOften { .. });
            }
        };
        let done = async {
            for wanted in self.wanted(tushare).await? {
                tushare.run(&wanted, &Silent, &mut hear).await?;
            }
            Ok(())
        }
        .await;
        self.turn.give_back(TUSHARE).await;
        self.end(&mut heard, done);
        self.rounds.last().tushare = heard.round;
        let now = self.clock.now();
        let next = next_look(&Interface::ALL, now, heard.is_unfinished);
        next.duration_since(now).unsigned_abs()
    }

    fn end(&self, heard: &mut Heard, done: Result<()>) {
        if let Err(error) = done {
            tracing::warn!(error = &error as &dyn StdError, "the round was not finished");
            heard.round.error = Some(error.reason());
            heard.is_unfinished = true;
        }
        heard.round.ended_at = Some(self.clock.now());
    }

    /// What was missed, by interface; where least was missed comes first.
    async fn wanted(&self, tushare: &TushareIngest) -> Result<Vec<Backfill>> {
        let today = exchange_date(self.clock.now().as_second());
        let counts = self.store.bars.day_counts(SecurityKind::Stock).await;
        let counts = counts.map_err(|source| Error::AskStore { source })?;
        let bars: Option<TradeDate> = counts.last().map(|day| day.trade_date);
        let mut missed: BTreeMap<TradeDate, Vec<Interface>> = BTreeMap::new();
        for (interface, newest) in tushare.newest_days().await? {
            let is_of_days = !interface.is_facts() && interface != Interface::TradeCal;
            let newest = newest.filter(|_| is_of_days).or(bars);
            missed.entry(catch_up_from(newest, today)).or_default().push(interface);
        }
        let backfill = |(from, interfaces)| Backfill { from, to: today, interfaces, again: false };
        Ok(missed.into_iter().rev().map(backfill).collect())
    }

    async fn collect_coins(&self) {
        let Some(coins) = &self.coins else { return };
        let mut hour = None;
        loop {
            // A candle more is there once an hour; prices move all the time.
            let this_hour = Some(self.clock.now().as_second().div_euclid(3600));
            let with_candles = hour != this_hour;
            if self.coin_round(coins, with_candles).await {
                hour = this_hour;
            }
            self.clock.sleep(COINS_EVERY).await;
        }
    }

    /// One round; whether it was finished.
    async fn coin_round(&self, coins: &CoinIngest, with_candles: bool) -> bool {
        if !self.turn.take(COINS).await {
            return false;
        }
        let mut heard = Heard::default();
        let mut hear = |step: CoinStep| match step.fetched {
            CoinFetched::Ingested(ingested) => {
                heard.round.runs += 1;
                tracing::debug!(run = step.name, rows = ingested.rows.written, "fetched");
            }
            CoinFetched::Empty => {}
            CoinFetched::Failed(error) => {
                tracing::warn!(run = step.name, error = &error as &dyn StdError, "left out");
                heard.round.error = Some(error.reason());
            }
        };
        let since = self.clock.now().saturating_sub((CANDLE_DAYS * 24).hours()).unwrap_or(Timestamp::MIN);
        // Whole days, so that what one round has begun another goes on with.
        let from = since.as_second().div_euclid(86_400) * 86_400;
        let wanted = CoinBackfill {
            pairs: if with_candles { PAIRS.map(Into::into).to_vec() } else { Vec::new() },
            intervals: stockpile_market::Interval::from_seconds(3600).into_iter().collect(),
            from: Timestamp::from_second(from).unwrap_or(since),
            prices: true,
        };
        let done = coins.run(&wanted, &Silent, &mut hear).await;
        self.turn.give_back(COINS).await;
        self.end(&mut heard, done);
        self.rounds.last().coins = heard.round;
        !heard.is_unfinished
    }

    async fn collect_quotes(&self) {
        let Some(feed) = &self.quotes else { return };
        let mut state = FeedState::default();
        loop {
            let now = self.clock.now();
            let (opens, closes) = quote_hours(exchange_date(now.as_second()));
            if now < opens {
                self.sleep_until(opens).await;
            } else if now >= closes || state.rests_until(closes) {
                self.sleep_until(quote_hours(tomorrow(now)).0).await;
            } else {
                match self.is_open(exchange_date(now.as_second())).await {
                    Some(true) => self.quote_shift(feed, &mut state, closes).await,
                    Some(false) => self.sleep_until(closes).await,
                    // The calendar is on its way: without it a holiday would show the prices of another day.
                    None => self.clock.sleep(feed.every).await,
                }
            }
        }
    }

    /// Looks at quotes for a while, unless that is another's turn.
    async fn quote_shift(&self, feed: &QuoteFeed, state: &mut FeedState, closes: Timestamp) {
        if !self.turn.take(QUOTES).await {
            return self.clock.sleep(feed.every).await;
        }
        let began = self.clock.elapsed();
        loop {
            let looked = self.clock.elapsed();
            self.rounds.last().quotes = feed.look(state, &*self.clock).await;
            let now = self.clock.elapsed();
            // Where others wait, they have the turn before the next look.
            let is_over =
                now - began >= QUOTES_SHIFT || self.clock.now() >= closes || state.rests_until(closes);
            if is_over {
                self.turn.give_back(QUOTES).await;
            }
            self.clock.sleep((looked + feed.every).saturating_sub(now)).await;
            if is_over {
                return;
            }
        }
    }

    /// Whether the exchange trades on a day; `None` while that is not known.
    async fn is_open(&self, day: TradeDate) -> Option<bool> {
        match self.store.calendar.days(Exchange::Sse).await {
            Ok(days) => days.iter().find(|known| known.cal_date == day).map(|known| known.is_open),
            Err(error) => {
                tracing::warn!(%error, "whether this is a trading day is not known yet");
                None
            }
        }
    }
}
