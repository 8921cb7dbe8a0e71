//! Invented candles of well-known crypto symbols.
//!
//! Hours are drawn, days are what their 24 hours add up to, so the two never contradict each other.

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date};

use super::{
    DemoMarket,
    chance::{Source, growth},
    holidays::FIRST_DAY,
};

/// Days of candles of an hour.
const HOURLY_DAYS: i64 = 90;
/// Pull of a price back to its first, an hour.
const PULL: f64 = 0.000_15;

/// Symbol, first price in USDT, deviation of an hour's return, volume of an ordinary hour in thousand USDT.
const SYMBOLS: [(&str, f64, f64, f64); 12] = [
    ("BTCUSDT", 50_000.0, 0.0042, 90_000.0),
    ("ETHUSDT", 2500.0, 0.0052, 50_000.0),
    ("BNBUSDT", 400.0, 0.0050, 9000.0),
    ("SOLUSDT", 100.0, 0.0075, 20_000.0),
    ("XRPUSDT", 0.8, 0.0065, 12_000.0),
    ("ADAUSDT", 0.6, 0.0068, 5000.0),
    ("DOGEUSDT", 0.15, 0.0080, 8000.0),
    ("AVAXUSDT", 30.0, 0.0078, 3500.0),
    ("LINKUSDT", 15.0, 0.0070, 3000.0),
    ("DOTUSDT", 6.0, 0.0070, 2000.0),
    ("LTCUSDT", 80.0, 0.0058, 2500.0),
    ("TRXUSDT", 0.12, 0.0045, 2000.0),
];

/// Length of a candle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CandleInterval {
    /// An hour.
    Hour,
    /// A day of UTC.
    Day,
}

impl CandleInterval {
    /// `1h` or `1d`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }
}

/// One invented candle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DemoCandle {
    /// Symbol, such as `BTCUSDT`.
    pub symbol: &'static str,
    /// Length.
    pub interval: CandleInterval,
    /// When it opens.
    pub time: Timestamp,
    /// First price, USDT.
    pub open: f64,
    /// Highest price, USDT.
    pub high: f64,
    /// Lowest price, USDT.
    pub low: f64,
    /// Last price, USDT.
    pub close: f64,
    /// Volume in units of the coin.
    pub volume: f64,
}

impl DemoMarket {
    /// The symbols that have candles.
    pub fn symbols() -> impl Iterator<Item = &'static str> {
        SYMBOLS.into_iter().map(|(symbol, ..)| symbol)
    }

    /// Candles of every symbol, oldest first within symbol and interval: hours of the last 90 days, days of three years.
    ///
    /// They run to the end of the market's last day in UTC; a caller in the middle of that day leaves out what is still to
    /// come. Takes some tens of milliseconds and about 40,000 candles of memory.
    #[must_use]
    pub fn candles(&self) -> Vec<DemoCandle> {
        let mut candles = Vec::new();
        for symbol in SYMBOLS {
            self.candles_of(symbol, &mut candles);
        }
        candles
    }

    fn candles_of(
        &self,
        (symbol, first, deviation, thousands): (&'static str, f64, f64, f64),
        out: &mut Vec<DemoCandle>,
    ) {
        let (own, all) = (Source::new(self.seed, symbol), Source::new(self.seed, "crypto"));
        let today = self.today.civil();
        let hourly = today.saturating_sub((HOURLY_DAYS - 1).days());
        let daily = self.first_day().civil();
        let (mut price, mut hours) = (first, Vec::new());
        for date in FIRST_DAY.series(1.day()).take_while(|date| *date <= today) {
            let number = i32::from(date.year()) * 1000 + i32::from(date.day_of_year());
            let (mut stream, mut shared) = (own.at(number), all.at(number));
            let mut whole: Option<DemoCandle> = None;
            for hour in 0..24 {
                let market = 0.7 * shared.fat();
                let aim = deviation * (market + 0.7 * stream.fat()) - PULL * (price / first - 1.0);
                let mut wick = || growth(0.4 * deviation * stream.normal().abs());
                let (up, down) = (wick(), wick());
                let close = rounded(price * growth(aim));
                let volume = thousands * 1000.0 / price * growth(0.4 * stream.normal());
                let candle = DemoCandle {
                    symbol,
                    interval: CandleInterval::Hour,
                    time: opening(date, hour),
                    open: price,
                    high: rounded(price.max(close) * up).max(price).max(close),
                    low: rounded(price.min(close) / down).min(price).min(close),
                    close,
                    volume: (volume * 1000.0 * (1.0 + 60.0 * aim.abs())).round() / 1000.0,
                };
                price = close;
                whole = Some(whole.map_or(candle, |whole| joined(whole, &candle)));
                if date >= hourly {
                    hours.push(candle);
                }
            }
            if date >= daily {
                out.extend(whole.map(|whole| DemoCandle { interval: CandleInterval::Day, ..whole }));
            }
        }
        out.append(&mut hours);
    }
}

fn joined(earlier: DemoCandle, later: &DemoCandle) -> DemoCandle {
    DemoCandle {
        high: earlier.high.max(later.high),
        low: earlier.low.min(later.low),
        close: later.close,
        volume: ((earlier.volume + later.volume) * 1000.0).round() / 1000.0,
        ..earlier
    }
}

fn opening(date: Date, hour: i64) -> Timestamp {
    let days = i64::from((date - Date::constant(1970, 1, 1)).get_days());
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * days + hour)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn candles(today: &str) -> Vec<DemoCandle> {
        DemoMarket::new(today.parse().unwrap()).candles()
    }

    #[test]
    fn twelve_symbols_have_hours_of_90_days_and_days_since_the_start() {
        let candles = candles("20220630");
        let of = |symbol, interval| {
            let is = |candle: &&DemoCandle| candle.symbol == symbol && candle.interval == interval;
            candles.iter().filter(is).count()
        };
        assert_eq!(DemoMarket::symbols().count(), 12);
        for symbol in DemoMarket::symbols() {
            assert_eq!(of(symbol, CandleInterval::Hour), 90 * 24);
            assert_eq!(of(symbol, CandleInterval::Day), 228);
        }
    }

    #[test]
    fn every_candle_holds_together_and_opens_where_the_one_before_closed() {
        for pair in candles("20220630").windows(2) {
            let [one, next] = [pair[0], pair[1]];
            assert!(one.low > 0.0 && one.volume > 0.0, "{one:?}");
            assert!(one.high >= one.open.max(one.close) && one.low <= one.open.min(one.close), "{one:?}");
            if (one.symbol, one.interval) == (next.symbol, next.interval) {
                assert_eq!(one.close, next.open, "{next:?}");
                assert!(one.time < next.time);
            }
        }
    }

    #[test]
    fn a_day_is_what_its_hours_add_up_to() {
        let candles = candles("20220215");
        let is_last = |candle: &&DemoCandle| candle.time >= "2022-02-15T00:00:00Z".parse().unwrap();
        let last: Vec<_> =
            candles.iter().filter(is_last).filter(|candle| candle.symbol == "ETHUSDT").collect();
        let (days, hours): (Vec<&DemoCandle>, Vec<&DemoCandle>) =
            last.into_iter().partition(|candle| candle.interval == CandleInterval::Day);
        assert_eq!((days.len(), hours.len()), (1, 24));
        assert_eq!(days[0].open, hours[0].open);
        assert_eq!(days[0].close, hours[23].close);
        assert_eq!(days[0].high, hours.iter().map(|hour| hour.high).fold(0.0, f64::max));
        assert!((days[0].volume - hours.iter().map(|hour| hour.volume).sum::<f64>()).abs() < 0.1);
    }

    #[test]
    fn a_later_day_adds_candles_and_changes_none() {
        let (earlier, later) = (candles("20220215"), candles("20220220"));
        let of = |candles: &[DemoCandle], interval| {
            let is = |candle: &&DemoCandle| candle.symbol == "BTCUSDT" && candle.interval == interval;
            candles.iter().filter(is).copied().collect::<Vec<_>>()
        };
        let (short, long) = (of(&earlier, CandleInterval::Day), of(&later, CandleInterval::Day));
        assert_eq!(short[..], long[..short.len()]);
        let (short, long) = (of(&earlier, CandleInterval::Hour), of(&later, CandleInterval::Hour));
        assert_eq!(short[5 * 24..], long[..short.len() - 5 * 24]);
    }
}
