//! The demo market: an invented one for whoever has no data yet, in a store of its own.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use stockpile_ingest::{DemoCoins, DemoMarket, DemoReplay};
use stockpile_market::{CryptoMarket, EXCHANGE_UTC_OFFSET_S, SecurityKind, TradeDate, TsCode, exchange_date};
use stockpile_routes::{Demo, Quote, QuoteSource};
use stockpile_settings::StorageUrl;
use stockpile_storage::Store;

/// A day's bars are shown from 16:00 at the exchange on, seconds after midnight; until then the day is played back.
const SHOWN_FROM_S: i64 = 16 * 60 * 60;
/// Name of the demo market's file, beside the real one.
const FILE: &str = "demo.db";
/// How the demo market's database is named after the real one: `stock_demo` beside `stock_data`.
const DATABASE_ENDING: &str = "_demo";
const DAY_S: i64 = 86_400;
const HOUR_S: i64 = 3600;
/// How often the server looks whether a day has passed.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Where the demo market of a store lies.
#[must_use]
pub(crate) fn beside(real: &StorageUrl) -> StorageUrl {
    let mut url = real.clone();
    match &mut url {
        StorageUrl::Sqlite { path } => path.set_file_name(FILE),
        StorageUrl::ClickHouse(server) | StorageUrl::Postgres(server) => {
            let name = server.database.strip_suffix("_data").unwrap_or(&server.database);
            server.database = format!("{name}{DATABASE_ENDING}");
        }
    }
    url
}

/// Whether an address is that of some store's demo market.
#[must_use]
pub(crate) fn is_demo(url: &StorageUrl) -> bool {
    match url {
        StorageUrl::Sqlite { path } => path.ends_with(FILE),
        StorageUrl::ClickHouse(server) | StorageUrl::Postgres(server) => {
            server.database.ends_with(DATABASE_ENDING)
        }
    }
}

/// Opens the demo store beside the real one and brings it up to the present day.
///
/// The first time it is made, which takes about two seconds; a market that is there already is brought up to date
/// behind the answers.
pub(crate) async fn open(real: &StorageUrl, always: bool) -> Result<Demo> {
    let url = beside(real);
    let store = stockpile_storage::open(&url).await.context("while opening the demo market's store")?;
    let quotes = Arc::new(Replay::default());
    let shown = latest_day(&store).await?;
    let mut keeper = Keeper {
        store: store.clone(),
        quotes: quotes.clone(),
        shown,
        played: None,
        drawn: None,
        written: None,
    };
    if shown.is_none() {
        tracing::info!(store = %url, "making the demo market; this takes some seconds");
        // Another process may be making it: then it shows when that one is done.
        if let Err(error) = keeper.advance(Timestamp::now()).await {
            tracing::warn!(error = format!("{error:#}"), "the demo market could not be made");
        }
    }
    tokio::spawn(async move {
        loop {
            if let Err(error) = keeper.advance(Timestamp::now()).await {
                tracing::warn!(error = format!("{error:#}"), "the demo market stays as it is");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    });
    tracing::warn!(
        "while the store has no bars, answers show the demo market: invented data, labelled as such"
    );
    Ok(Demo { store, quotes, always })
}

async fn latest_day(store: &Store) -> Result<Option<TradeDate>> {
    let days = store.bars.day_counts(SecurityKind::Stock).await.context("while reading the demo market")?;
    Ok(days.last().map(|day| day.trade_date))
}

/// The last day whose bars are shown, and the day that is played back.
fn days_at(now: Timestamp) -> (TradeDate, TradeDate) {
    let second = (now.as_second() + EXCHANGE_UTC_OFFSET_S).rem_euclid(DAY_S);
    let today = exchange_date(now.as_second());
    let yesterday = exchange_date(now.as_second() - DAY_S);
    (if second >= SHOWN_FROM_S { today } else { yesterday }, today)
}

/// Keeps the demo market up to date.
struct Keeper {
    store: Store,
    quotes: Arc<Replay>,
    shown: Option<TradeDate>,
    played: Option<TradeDate>,
    /// Day of UTC whose coins are drawn.
    drawn: Option<Date>,
    /// Hour up to which coins are in the store.
    written: Option<Timestamp>,
}

impl Keeper {
    /// Writes the days that have passed and plays back the present one.
    async fn advance(&mut self, now: Timestamp) -> Result<()> {
        let (last, today) = days_at(now);
        if self.shown.is_none_or(|shown| shown < last) {
            let written = DemoMarket::new(last).write(&self.store, now).await?;
            tracing::info!(rows = written.rows, until = %last, "wrote the demo market");
            self.shown = Some(last);
        }
        if self.played != Some(today) {
            let replay = tokio::task::spawn_blocking(move || DemoMarket::new(today).replay()).await?;
            self.quotes.set(replay);
            self.played = Some(today);
        }
        self.advance_coins(now).await
    }

    /// Draws the coins of each day, and writes each hour once it has begun.
    async fn advance_coins(&mut self, now: Timestamp) -> Result<()> {
        let day = now.to_zoned(TimeZone::UTC).date();
        if self.drawn != Some(day) {
            let coins = tokio::task::spawn_blocking(move || DemoMarket::new(day.into()).coins()).await?;
            self.quotes.set_coins(coins);
            self.drawn = Some(day);
        }
        let hour = Timestamp::from_second(now.as_second() - now.as_second().rem_euclid(HOUR_S))?;
        if let Some(coins) = self.quotes.drawn_coins().filter(|_| self.written != Some(hour)) {
            let rows = coins.write(&self.store, now).await?;
            tracing::debug!(rows, until = %now, "wrote the demo coins");
            self.written = Some(hour);
        }
        Ok(())
    }
}

/// The day that is played back, once it has been drawn.
#[derive(Debug, Default)]
struct Replay {
    today: Mutex<Option<Arc<DemoReplay>>>,
    coins: Mutex<Option<Arc<DemoCoins>>>,
}

impl Replay {
    fn set(&self, replay: DemoReplay) {
        *self.today.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(replay));
    }

    fn set_coins(&self, coins: DemoCoins) {
        *self.coins.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(coins));
    }

    fn drawn_coins(&self) -> Option<Arc<DemoCoins>> {
        self.coins.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl QuoteSource for Replay {
    fn latest(&self, code: TsCode, now: Timestamp) -> Option<Quote> {
        let replay = self.today.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let quote = replay.quote(code, now.as_second())?;
        Some(Quote {
            time: quote.time,
            price: quote.price,
            open: Some(quote.open),
            high: Some(quote.high),
            low: Some(quote.low),
            pre_close: Some(quote.pre_close),
            change: Some(quote.change),
            pct_chg: Some(quote.pct_chg),
            vol: Some(quote.vol),
            amount: Some(quote.amount),
        })
    }

    fn coins(&self, now: Timestamp) -> Vec<CryptoMarket> {
        self.drawn_coins().map(|coins| coins.at(now)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_market_has_a_name_of_its_own_beside_every_store() {
        let beside = |url: &str| {
            let settings = stockpile_settings::Settings::from_lookup(|name| {
                (name == "STORAGE_URL").then(|| url.to_owned())
            });
            let url = settings.unwrap().storage;
            assert!(!is_demo(&url));
            let demo = beside(&url);
            assert!(is_demo(&demo));
            demo.to_string()
        };
        assert_eq!(beside("sqlite://data/stockpile.db"), "sqlite://data/demo.db");
        assert!(beside("clickhouse://db/stock_data").ends_with("@db:8123/stock_demo"));
        assert!(beside("postgres://db/mine").ends_with("@db:5432/mine_demo"));
    }

    #[test]
    fn a_day_is_played_back_until_four_and_shown_from_then_on() {
        let at = |text: &str| days_at(text.parse().unwrap());
        let days = |shown: &str, played: &str| (shown.parse().unwrap(), played.parse().unwrap());
        assert_eq!(at("2025-02-05T15:59:59+08:00"), days("20250204", "20250205"));
        assert_eq!(at("2025-02-05T16:00:00+08:00"), days("20250205", "20250205"));
        assert_eq!(at("2025-02-06T00:00:00+08:00"), days("20250205", "20250206"));
    }
}
