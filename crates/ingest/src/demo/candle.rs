//! One day's prices in whole ticks, and the bar they make.

use stockpile_market::{DailyBar, PriceLimits, Tick, TradeDate, TsCode};

use super::chance::Stream;

/// Lots of a day are a multiple of this, so that turnover is a whole number of CNY on either tick.
const LOT_STEP: i64 = 10;

/// The lowest and the highest price a day allows, ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) down: i64,
    pub(super) up: i64,
}

impl Bounds {
    pub(super) fn of(limits: PriceLimits, tick: Tick) -> Self {
        let ticks = |price: f64| (price * tick.per_unit()).round() as i64;
        Self { down: ticks(limits.down), up: ticks(limits.up) }
    }

    fn clamp(self, ticks: f64) -> i64 {
        (ticks.round() as i64).clamp(self.down, self.up)
    }
}

/// A day to draw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    /// Close of the day before on this day's basis, ticks.
    pub(super) pre: i64,
    pub(super) bounds: Bounds,
    /// Return to aim at, as a fraction; the bounds may cut it.
    pub(super) aim: f64,
    /// Deviation of an ordinary day's return, as a fraction.
    pub(super) spread: f64,
    /// Lots to trade, before rounding.
    pub(super) lots: f64,
}

/// One day's prices, ticks, and lots of 100 shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candle {
    pub(super) pre: i64,
    pub(super) open: i64,
    pub(super) high: i64,
    pub(super) low: i64,
    pub(super) close: i64,
    pub(super) lots: i64,
}

impl Candle {
    /// Draws a day that ends where its course aims, or at the bound before it.
    pub(super) fn draw(course: &Course, stream: &mut Stream) -> Self {
        let Course { pre, bounds, aim, spread, lots } = *course;
        let base = pre as f64;
        let close = bounds.clamp(base * (1.0 + aim));
        let open = bounds.clamp(base * (1.0 + 0.35 * aim + 0.3 * spread * stream.normal()));
        let (top, bottom) = (open.max(close), open.min(close));
        let mut wick = || 0.45 * spread * stream.normal().abs();
        let high = bounds.clamp(top as f64 * (1.0 + wick())).max(top);
        let low = bounds.clamp(bottom as f64 * (1.0 - wick())).min(bottom);
        Self { pre, open, high, low, close, lots: whole_lots(lots) }
    }

    /// A day that never left one of its bounds.
    pub(super) fn locked(pre: i64, at: i64, lots: f64) -> Self {
        Self { pre, open: at, high: at, low: at, close: at, lots: whole_lots(lots) }
    }

    /// Turnover, CNY: at an average price between low and high, nearer to where the day ended.
    pub(super) fn turnover(&self, tick: Tick) -> i64 {
        let per_lot_step = LOT_STEP * 100 / tick.per_unit() as i64;
        self.lots / LOT_STEP * per_lot_step * (self.open + self.high + self.low + 2 * self.close) / 5
    }

    pub(super) fn bar(&self, ts_code: TsCode, trade_date: TradeDate, tick: Tick) -> DailyBar {
        let price = |ticks: i64| ticks as f64 / tick.per_unit();
        DailyBar {
            ts_code,
            trade_date,
            open: Some(price(self.open)),
            high: Some(price(self.high)),
            low: Some(price(self.low)),
            close: price(self.close),
            pre_close: Some(price(self.pre)),
            change: Some(price(self.close - self.pre)),
            pct_chg: Some(four_decimals((self.close as f64 / self.pre as f64 - 1.0) * 100.0)),
            vol: Some(self.lots as f64),
            amount: Some(self.turnover(tick) as f64 / 1000.0),
        }
    }
}

fn whole_lots(lots: f64) -> i64 {
    ((lots / LOT_STEP as f64).round() as i64).max(1) * LOT_STEP
}

pub(super) fn four_decimals(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::chance::Source, *};

    proptest! {
        #[test]
        fn any_course_gives_a_bar_that_holds_together(
            pre in 50_i64..100_000,
            aim in -0.5_f64..0.5,
            spread in 0.0_f64..0.1,
            lots in 0.0_f64..1e8,
            day in any::<i32>(),
            fund in any::<bool>(),
        ) {
            let bounds = Bounds { down: pre * 9 / 10, up: pre * 11 / 10 };
            let course = Course { pre, bounds, aim, spread, lots };
            let candle = Candle::draw(&course, &mut Source::new(1, "course").at(day));
            prop_assert!(candle.high <= bounds.up && candle.low >= bounds.down);
            prop_assert!(candle.high >= candle.open.max(candle.close));
            prop_assert!(candle.low <= candle.open.min(candle.close));
            prop_assert!(aim.abs() < 0.11 || candle.close == bounds.up || candle.close == bounds.down);

            let tick = if fund { Tick::Thousandth } else { Tick::Hundredth };
            let bar = candle.bar("600000.SH".parse().unwrap(), "20250205".parse().unwrap(), tick);
            let average = bar.amount.unwrap() * 10.0 / bar.vol.unwrap();
            prop_assert!(average <= bar.high.unwrap() * (1.0 + 1e-12));
            prop_assert!(average >= bar.low.unwrap() - 1e-9);
        }
    }
}
