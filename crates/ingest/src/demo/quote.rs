//! Quotes of a day as if it were going on.

use std::mem;

use jiff::{SignedDuration, Timestamp, civil::Date};
use stockpile_market::{
    DailyBar, EXCHANGE_UTC_OFFSET_S, SecurityKind, Tick, TradeDate, TsCode, exchange_date,
};

use super::{DemoMarket, candle::four_decimals, chance::Source, path::Path};

/// Sessions of a day, seconds after midnight at the exchange: 09:30 to 11:30, 13:00 to 15:00.
const MORNING: (i64, i64) = (34_200, 41_400);
const AFTERNOON: (i64, i64) = (46_800, 54_000);
const TRADED_S: i64 = MORNING.1 - MORNING.0 + AFTERNOON.1 - AFTERNOON.0;
const DAY_S: i64 = 86_400;

/// An invented quote, in the units of [`DailyBar`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DemoQuote {
    /// Security.
    pub ts_code: TsCode,
    /// When the price was made: now during the sessions, else the end of the last one.
    pub time: Timestamp,
    /// Last price, CNY (indices: points).
    pub price: f64,
    /// First price of the day, CNY (indices: points).
    pub open: f64,
    /// Highest price of the day so far, CNY (indices: points).
    pub high: f64,
    /// Lowest price of the day so far, CNY (indices: points).
    pub low: f64,
    /// Close of the day before, lowered on an ex-rights day, CNY (indices: points).
    pub pre_close: f64,
    /// `price - pre_close`, CNY (indices: points).
    pub change: f64,
    /// `(price / pre_close - 1) * 100`, percent.
    pub pct_chg: f64,
    /// Volume so far, lots of 100 shares.
    pub vol: f64,
    /// Turnover so far, thousand CNY.
    pub amount: f64,
}

/// The last trading day of a demo market, to be played back. Made by [`DemoMarket::replay`].
///
/// Two bars of each security are in memory, about 100 KB in all. A quote is a pure function of the market and the time
/// and costs a few microseconds.
#[derive(Clone, Debug)]
pub struct DemoReplay {
    seed: u64,
    /// By code.
    tails: Vec<Tail>,
}

/// The last bars of a security.
#[derive(Clone, Debug)]
struct Tail {
    kind: SecurityKind,
    before: Option<DailyBar>,
    last: DailyBar,
}

impl DemoMarket {
    /// The market's last day, to be played back.
    ///
    /// The bars of that day tell how it ends: a server shows those of the days before, and plays this one back.
    #[must_use]
    pub fn replay(&self) -> DemoReplay {
        let mut tails: Vec<Tail> = Vec::new();
        // Most of the way only moves the market on.
        let near = |date: TradeDate| date >= self.first_day();
        for day in self.days().filter(|day| near(day.date)) {
            let kinds = SecurityKind::ALL.into_iter().zip([day.stocks, day.etfs, day.indices]);
            for (kind, bar) in kinds.flat_map(|(kind, bars)| bars.into_iter().map(move |bar| (kind, bar))) {
                match tails.binary_search_by_key(&bar.ts_code, |tail| tail.last.ts_code) {
                    Ok(found) => {
                        if let Some(tail) = tails.get_mut(found) {
                            tail.before = Some(mem::replace(&mut tail.last, bar));
                        }
                    }
                    Err(place) => tails.insert(place, Tail { kind, before: None, last: bar }),
                }
            }
        }
        DemoReplay { seed: self.seed, tails }
    }
}

impl DemoReplay {
    /// The securities that have quotes, by code.
    pub fn codes(&self) -> impl Iterator<Item = TsCode> {
        self.tails.iter().map(|tail| tail.last.ts_code)
    }

    /// The quote of a security at `unix_s` seconds after 1970-01-01T00:00:00Z.
    ///
    /// - During the sessions of the last day a way from its open over its high and low to its close.
    /// - Between the sessions the price of 11:30, after them the close, on later days the same.
    /// - Before them the close of the day before; a suspended stock has the close of the day it traded last.
    ///
    /// `None` for a code the market does not have, and for a time before the last two bars of the security.
    #[must_use]
    pub fn quote(&self, code: TsCode, unix_s: i64) -> Option<DemoQuote> {
        let found = self.tails.binary_search_by_key(&code, |tail| tail.last.ts_code).ok()?;
        let tail = self.tails.get(found)?;
        let second = (unix_s.saturating_add(EXCHANGE_UTC_OFFSET_S)).rem_euclid(DAY_S);
        let (date, today) = (exchange_date(unix_s), tail.last.trade_date);
        if date > today || date == today && second >= AFTERNOON.1 {
            return Some(ended(&tail.last));
        }
        if date == today && second >= MORNING.0 {
            return Some(self.under_way(tail, second));
        }
        let before = tail.before.as_ref()?;
        let over = date > before.trade_date || date == before.trade_date && second >= AFTERNOON.1;
        over.then(|| ended(before))
    }

    fn under_way(&self, tail: &Tail, second: i64) -> DemoQuote {
        let bar = &tail.last;
        let whole = ended(bar);
        let source = Source::new(self.seed, bar.ts_code.text().as_str()).part("path");
        let path = Path::new(source, bar.trade_date.number(), [whole.open, whole.high, whole.low, bar.close]);
        let (traded_s, last_s) = match second {
            morning if morning < MORNING.1 => (morning - MORNING.0, morning),
            noon if noon < AFTERNOON.0 => (MORNING.1 - MORNING.0, MORNING.1),
            afternoon => (MORNING.1 - MORNING.0 + afternoon - AFTERNOON.0, afternoon),
        };
        let moment = path.at(traded_s as f64 / TRADED_S as f64);
        let on_tick = |price: f64| match Tick::of(tail.kind, bar.ts_code) {
            Some(tick) => (price * tick.per_unit()).round() / tick.per_unit(),
            None => four_decimals(price),
        };
        let price = on_tick(moment.price);
        DemoQuote {
            time: instant(bar.trade_date, last_s),
            price,
            high: on_tick(moment.high),
            low: on_tick(moment.low),
            change: four_decimals(price - whole.pre_close),
            pct_chg: four_decimals((price / whole.pre_close - 1.0) * 100.0),
            vol: (whole.vol * moment.traded).floor(),
            amount: (whole.amount * moment.spent * 1000.0).floor() / 1000.0,
            ..whole
        }
    }
}

/// The quote after the last session of a bar's day.
fn ended(bar: &DailyBar) -> DemoQuote {
    // Every bar of a demo market has all its values.
    let or_close = |price: Option<f64>| price.unwrap_or(bar.close);
    DemoQuote {
        ts_code: bar.ts_code,
        time: instant(bar.trade_date, AFTERNOON.1),
        price: bar.close,
        open: or_close(bar.open),
        high: or_close(bar.high),
        low: or_close(bar.low),
        pre_close: or_close(bar.pre_close),
        change: bar.change.unwrap_or_default(),
        pct_chg: bar.pct_chg.unwrap_or_default(),
        vol: bar.vol.unwrap_or_default(),
        amount: bar.amount.unwrap_or_default(),
    }
}

fn instant(date: TradeDate, second: i64) -> Timestamp {
    let days = i64::from((date.civil() - Date::constant(1970, 1, 1)).get_days());
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(days * DAY_S + second - EXCHANGE_UTC_OFFSET_S)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::DemoSize;

    static REPLAY: LazyLock<DemoReplay> = LazyLock::new(|| {
        let size = DemoSize { stocks: 40, etfs: 6 };
        DemoMarket::new("20220120".parse().unwrap()).sized(size).replay()
    });

    /// Seconds of a time of day at the exchange on the last day.
    fn at(time: &str) -> i64 {
        format!("2022-01-20T{time}+08:00").parse::<Timestamp>().unwrap().as_second()
    }

    fn quotes(unix_s: i64) -> Vec<DemoQuote> {
        REPLAY.codes().filter_map(|code| REPLAY.quote(code, unix_s)).collect()
    }

    fn tail(code: TsCode) -> &'static Tail {
        REPLAY.tails.iter().find(|tail| tail.last.ts_code == code).unwrap()
    }

    #[test]
    fn a_day_ends_at_its_close_with_its_volume_and_stays_there() {
        for quote in quotes(at("15:00:00")) {
            let bar = &tail(quote.ts_code).last;
            assert_eq!(quote, ended(bar));
            assert_eq!((quote.price, Some(quote.vol)), (bar.close, bar.vol));
            assert_eq!(REPLAY.quote(quote.ts_code, at("15:00:00") + 40 * DAY_S), Some(quote));
        }
    }

    #[test]
    fn a_day_begins_at_its_open_and_before_that_stands_the_close_of_the_day_before() {
        for quote in quotes(at("09:30:00")) {
            let bar = &tail(quote.ts_code).last;
            if bar.trade_date.number() == 20_220_120 {
                assert_eq!((Some(quote.price), quote.vol), (bar.open, 0.0));
            }
        }
        for quote in quotes(at("09:29:59")) {
            assert_eq!(quote.price, tail(quote.ts_code).before.as_ref().unwrap().close);
        }
    }

    #[test]
    fn nothing_moves_at_noon_and_almost_everything_in_the_sessions() {
        assert_eq!(quotes(at("11:30:00")), quotes(at("12:59:59")));
        let (one, other) = (quotes(at("10:00:00")), quotes(at("10:20:00")));
        let moved = one.iter().zip(&other).filter(|(one, other)| one.price != other.price).count();
        assert!(moved * 10 >= one.len() * 7, "{moved} of {}", one.len());
    }

    #[test]
    fn an_unknown_code_and_a_time_long_past_have_no_quote() {
        assert_eq!(REPLAY.quote("609999.SH".parse().unwrap(), at("10:00:00")), None);
        assert_eq!(REPLAY.quote("600519.SH".parse().unwrap(), 0), None);
    }

    proptest! {
        #[test]
        fn a_quote_is_on_the_tick_within_the_day_and_volume_never_falls(
            index in 0_usize..48,
            one in 0_i64..20_000,
            other in 0_i64..20_000,
        ) {
            let code = REPLAY.codes().nth(index).unwrap();
            let (kind, bar) = (tail(code).kind, &tail(code).last);
            let at = |seconds: i64| REPLAY.quote(code, at("09:30:00") + seconds).unwrap();
            let (early, late) = (at(one.min(other)), at(one.max(other)));
            for quote in [early, late] {
                let tick = Tick::of(kind, code);
                prop_assert!(tick.is_none_or(|tick| tick.divides(quote.price)));
                prop_assert!(quote.low <= quote.price && quote.price <= quote.high);
                prop_assert!(bar.low.unwrap() <= quote.low && quote.high <= bar.high.unwrap());
            }
            prop_assert!(early.vol <= late.vol && early.amount <= late.amount);
            prop_assert!(early.high <= late.high && early.low >= late.low && early.time <= late.time);
        }
    }
}
