//! The coins of a demo market: candles up to a moment, and prices at it.

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use stockpile_market::{Candle, CryptoMarket, Interval};

use super::{
    DemoMarket,
    coin::{COINS, Coin, Stretch, opening},
    holidays::LAST_DAY,
};

/// Days of candles of an hour.
const HOURLY_DAYS: i64 = 180;
/// Days before the last that stay in memory.
const KEPT_DAYS: i64 = 2;
const DAY_S: i64 = 86_400;

/// The coins of a demo market around its last day. Made by [`DemoMarket::coins`].
///
/// Some 100 hours of each coin are in memory, about 80 KB in all. Everything here is a pure function of the market and
/// the time.
#[derive(Clone, Debug)]
pub struct DemoCoins {
    seed: u64,
    today: Date,
    /// In the order of `COINS`, oldest first, from the beginning of a day.
    hours: Vec<Vec<Stretch>>,
}

impl DemoMarket {
    /// The coins of this market around its last day, which is one of UTC here: from two days before it to the end of
    /// the day after it. Takes about a tenth of a second of CPU.
    #[must_use]
    pub fn coins(&self) -> DemoCoins {
        let today = self.today.civil();
        let (kept, until) = (today.saturating_sub(KEPT_DAYS.days()), self.last_drawn());
        let hours = COINS.map(|coin| {
            let mut hours = Vec::new();
            coin.draw(self.seed, until, |date, hour| {
                if date >= kept {
                    hours.push(hour);
                }
            });
            hours
        });
        DemoCoins { seed: self.seed, today, hours: hours.into() }
    }

    /// A day more than shown, so that nothing stops at midnight.
    fn last_drawn(&self) -> Date {
        self.today.civil().saturating_add(1.day()).min(LAST_DAY)
    }
}

impl DemoCoins {
    /// The prices of all coins at a time, the most valuable first, with the figures of the 24 hours before it.
    ///
    /// After the hours that were drawn the last price stands, with its own time; none for a time before them.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Vec<CryptoMarket> {
        let coins = COINS.iter().zip(&self.hours);
        let mut markets: Vec<CryptoMarket> =
            coins.filter_map(|(coin, hours)| self.market(coin, hours, now)).collect();
        let value = |market: &CryptoMarket| market.market_cap.unwrap_or_default();
        markets.sort_by(|one, other| value(other).total_cmp(&value(one)));
        markets
    }

    fn market(&self, coin: &Coin, hours: &[Stretch], now: Timestamp) -> Option<CryptoMarket> {
        let now = now.min(hours.last()?.hour_end());
        let day_before = now - SignedDuration::from_secs(DAY_S);
        let at = |time: Timestamp| {
            let begun = hours.iter().take_while(|hour| hour.time <= time);
            begun.last().map(|hour| hour.until(coin, self.seed, time))
        };
        let (price, before) = (at(now)?.close, at(day_before)?);
        let turnover = |until: Timestamp| -> f64 {
            let begun = hours.iter().take_while(|hour| hour.time <= until);
            begun.map(|hour| hour.until(coin, self.seed, until).turnover).sum()
        };
        Some(CryptoMarket {
            id: coin.id.into(),
            symbol: coin.ticker.into(),
            name: Some(coin.name.into()),
            price: Some(price),
            market_cap: Some((price * coin.supply).round()),
            volume_24h: Some((turnover(now) - turnover(day_before)).round()),
            change_24h: Some(((price / before.close - 1.0) * 1e6).round() / 1e4),
            last_updated: Timestamp::from_second(now.as_second()).unwrap_or(now),
        })
    }

    /// Candles of every coin up to a time, oldest first within pair and interval: hours of the last 180 days, days since the
    /// market began. The newest hour and day are what they have come to.
    ///
    /// With `since`, the opening of an hour, only that hour and day and later ones. A time within the days in memory costs
    /// nothing; else, some tenths of a second and about 85,000 candles.
    #[must_use]
    pub fn candles(&self, since: Option<Timestamp>, now: Timestamp) -> Vec<Candle> {
        let kept = self.hours.first().and_then(|hours| hours.first()).map(|hour| hour.time);
        let is_kept = since.zip(kept).is_some_and(|(since, kept)| since >= kept);
        let since = since.unwrap_or(Timestamp::MIN);
        let mut candles = Vec::new();
        let mut drawn = Vec::new();
        for (coin, kept) in COINS.iter().zip(&self.hours) {
            let hours = if is_kept {
                kept
            } else {
                drawn.clear();
                let until = self.today.saturating_add(1.day()).min(LAST_DAY);
                coin.draw(self.seed, until, |_, hour| drawn.push(hour));
                &drawn
            };
            self.candles_of(coin, hours, since, now, &mut candles);
        }
        candles
    }

    fn candles_of(
        &self,
        coin: &Coin,
        hours: &[Stretch],
        since: Timestamp,
        now: Timestamp,
        out: &mut Vec<Candle>,
    ) {
        let [Some(hour), Some(day)] = [3600, 86_400].map(Interval::from_seconds) else { return };
        let day_of = |time: Timestamp| time.as_second().div_euclid(DAY_S);
        let hourly = opening(date_of(now).saturating_sub((HOURLY_DAYS - 1).days()), 0).max(since);
        let mut days: Vec<Stretch> = Vec::new();
        for begun in hours.iter().take_while(|hour| hour.time < now) {
            let so_far = begun.until(coin, self.seed, now);
            match days.last_mut() {
                Some(last) if day_of(last.time) == day_of(so_far.time) => *last = last.and(&so_far),
                _ => days.push(so_far),
            }
            if so_far.time >= hourly {
                out.push(so_far.candle(coin.pair(), hour));
            }
        }
        days.retain(|last| day_of(last.time) >= day_of(since));
        out.extend(days.iter().map(|last| last.candle(coin.pair(), day)));
    }
}

/// The day of a time, UTC.
pub(super) fn date_of(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}
