//! Invented hours of well-known coins.
//!
//! Hours are drawn, days are what their 24 hours add up to, so the two never contradict each other.

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date};
use stockpile_market::{Candle, Interval};

use super::{
    chance::{Source, growth},
    holidays::FIRST_DAY,
    path::Path,
};

/// Pull of a price back to its first, an hour.
const PULL: f64 = 0.000_15;
const HOUR_S: i64 = 3600;

/// A coin, and how its price behaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coin {
    /// CoinGecko's name of the coin.
    pub(super) id: &'static str,
    pub(super) ticker: &'static str,
    pub(super) name: &'static str,
    /// First price, USDT.
    first: f64,
    /// Deviation of an hour's return.
    deviation: f64,
    /// Volume of an ordinary hour, thousand USDT.
    thousands: f64,
    /// Coins in circulation.
    pub(super) supply: f64,
}

const fn coin(
    [id, ticker, name]: [&'static str; 3],
    [first, deviation, thousands, supply]: [f64; 4],
) -> Coin {
    Coin { id, ticker, name, first, deviation, thousands, supply }
}

pub(super) const COINS: [Coin; 14] = [
    coin(["bitcoin", "BTC", "Bitcoin (demo)"], [50_000.0, 0.0042, 90_000.0, 19.7e6]),
    coin(["ethereum", "ETH", "Ethereum (demo)"], [2500.0, 0.0052, 50_000.0, 120e6]),
    coin(["binancecoin", "BNB", "BNB (demo)"], [400.0, 0.0050, 9000.0, 146e6]),
    coin(["solana", "SOL", "Solana (demo)"], [100.0, 0.0075, 20_000.0, 460e6]),
    coin(["ripple", "XRP", "XRP (demo)"], [0.8, 0.0065, 12_000.0, 56e9]),
    coin(["cardano", "ADA", "Cardano (demo)"], [0.6, 0.0068, 5000.0, 35e9]),
    coin(["dogecoin", "DOGE", "Dogecoin (demo)"], [0.15, 0.0080, 8000.0, 145e9]),
    coin(["avalanche-2", "AVAX", "Avalanche (demo)"], [30.0, 0.0078, 3500.0, 400e6]),
    coin(["chainlink", "LINK", "Chainlink (demo)"], [15.0, 0.0070, 3000.0, 600e6]),
    coin(["polkadot", "DOT", "Polkadot (demo)"], [6.0, 0.0070, 2000.0, 1.4e9]),
    coin(["litecoin", "LTC", "Litecoin (demo)"], [80.0, 0.0058, 2500.0, 75e6]),
    coin(["tron", "TRX", "TRON (demo)"], [0.12, 0.0045, 2000.0, 87e9]),
    coin(["bitcoin-cash", "BCH", "Bitcoin Cash (demo)"], [300.0, 0.0062, 1800.0, 19.7e6]),
    coin(["uniswap", "UNI", "Uniswap (demo)"], [8.0, 0.0082, 1500.0, 600e6]),
];

impl Coin {
    /// The pair its candles are of.
    pub(super) fn pair(&self) -> String {
        format!("{}USDT", self.ticker)
    }

    /// Draws every hour from the first day to the end of another, UTC, oldest first.
    pub(super) fn draw(&self, seed: u64, until: Date, mut visit: impl FnMut(Date, Stretch)) {
        let (own, all) = (Source::new(seed, &self.pair()), Source::new(seed, "crypto"));
        let mut price = self.first;
        for date in FIRST_DAY.series(1.day()).take_while(|date| *date <= until) {
            let number = i32::from(date.year()) * 1000 + i32::from(date.day_of_year());
            let (mut stream, mut shared) = (own.at(number), all.at(number));
            for hour in 0..24 {
                let market = 0.7 * shared.fat();
                let pull = PULL * (price / self.first - 1.0);
                let aim = self.deviation * (market + 0.7 * stream.fat()) - pull;
                let mut wick = || growth(0.4 * self.deviation * stream.normal().abs());
                let (up, down) = (wick(), wick());
                let close = rounded(price * growth(aim));
                let high = rounded(price.max(close) * up).max(price).max(close);
                let low = rounded(price.min(close) / down).min(price).min(close);
                let volume = self.thousands * 1000.0 / price * growth(0.4 * stream.normal());
                let volume = thousandths(volume * (1.0 + 60.0 * aim.abs()));
                let turnover = thousandths(volume * (price + high + low + close) / 4.0);
                let time = opening(date, hour);
                visit(date, Stretch { time, open: price, high, low, close, volume, turnover });
                price = close;
            }
        }
    }
}

/// A coin's trading over some time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) time: Timestamp,
    pub(super) open: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) close: f64,
    /// In coins.
    pub(super) volume: f64,
    /// In USDT.
    pub(super) turnover: f64,
}

impl Stretch {
    /// When an hour ends.
    pub(super) fn hour_end(&self) -> Timestamp {
        self.time + SignedDuration::from_secs(HOUR_S)
    }

    /// What an hour has come to at a moment: all of it, or the beginning.
    pub(super) fn until(self, coin: &Coin, seed: u64, moment: Timestamp) -> Self {
        let passed = moment.duration_since(self.time).as_secs_f64() / HOUR_S as f64;
        if passed >= 1.0 {
            return self;
        }
        let number = i32::try_from(self.time.as_second() / HOUR_S).unwrap_or_default();
        let source = Source::new(seed, coin.ticker).part("path");
        let path = Path::new(source, number, [self.open, self.high, self.low, self.close]);
        let so_far = path.at(passed.max(0.0));
        let priced = |price: f64| rounded(price).clamp(self.low, self.high);
        Self {
            high: priced(so_far.high),
            low: priced(so_far.low),
            close: priced(so_far.price),
            volume: thousandths(self.volume * so_far.traded),
            turnover: thousandths(self.turnover * so_far.spent),
            ..self
        }
    }

    /// This and what came after it.
    pub(super) fn and(self, later: &Self) -> Self {
        Self {
            high: self.high.max(later.high),
            low: self.low.min(later.low),
            close: later.close,
            volume: thousandths(self.volume + later.volume),
            turnover: thousandths(self.turnover + later.turnover),
            ..self
        }
    }

    pub(super) fn candle(&self, symbol: String, interval: Interval) -> Candle {
        let Self { time, open, high, low, close, volume, turnover } = *self;
        let (volume, quote_volume) = (Some(volume), Some(turnover));
        Candle { symbol, interval, time, open, high, low, close, volume, quote_volume }
    }
}

pub(super) fn opening(date: Date, hour: i64) -> Timestamp {
    let days = i64::from((date - Date::constant(1970, 1, 1)).get_days());
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * days + hour)
}

fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// About six digits, as exchanges quote.
fn rounded(price: f64) -> f64 {
    let per_unit = match price {
        dear if dear >= 1000.0 => 100.0,
        middle if middle >= 10.0 => 1e3,
        cheap if cheap >= 1.0 => 1e4,
        _ => 1e6,
    };
    (price * per_unit).round() / per_unit
}
