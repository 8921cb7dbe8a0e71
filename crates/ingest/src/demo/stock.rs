//! One stock from day to day.

use stockpile_market::{DayLimits, ListingAge, TradeDate};

use super::{
    candle::{Bounds, Candle, Course},
    chance::{Stream, growth},
    climate::{Mood, Weather},
    payout::{Payout, Payouts, raised},
    universe::Share,
};

/// Pull of a price back to where market and sector alone would have taken it, a day.
const PULL: f64 = 0.006;
/// Days before a delisting on which the price slides.
const SLIDE_DAYS: i32 = 40;
/// Trading days after which a new listing is one like the others.
const SETTLED: u32 = 20;

/// A stock and how it stands.
#[derive(Clone, Debug)]
pub(super) struct Stock {
    pub(super) share: Share,
    /// Last close, ticks.
    close: i64,
    /// Where market and sector alone would have taken it, ticks.
    fair: f64,
    factor: f64,
    /// Tradable shares, lots.
    lots: f64,
    payouts: Payouts,
    /// Days of a suspension still to come.
    suspended: u32,
    /// Trading days since it listed; old ones start settled.
    age: u32,
    /// Closes at the upper (positive) or lower limit in a row.
    streak: i32,
    /// How busy trading is against an ordinary day.
    activity: f64,
}

/// What a stock did on a day it traded.
#[derive(Clone, Copy, Debug)]
pub(super) struct StockDay {
    pub(super) candle: Candle,
    /// The factor, on the first day of the stock or of a new factor.
    pub(super) factor: Option<f64>,
    /// Value of the tradable shares the day before, for the weights of indices.
    pub(super) weight: f64,
    /// Whether indices count it: not in its first weeks.
    pub(super) settled: bool,
}

impl Stock {
    pub(super) fn new(share: Share, first_day: TradeDate) -> Self {
        let since = share.list_date.max(first_day);
        Self {
            close: share.first,
            fair: share.first as f64,
            factor: 1.0,
            lots: share.lots,
            payouts: Payouts::after(share.source, since),
            suspended: 0,
            age: if share.list_date < first_day { SETTLED } else { 0 },
            streak: 0,
            activity: 1.0,
            share,
        }
    }

    /// Lives through a trading day; `None` when the stock is not listed or suspended.
    pub(super) fn step(
        &mut self,
        date: TradeDate,
        day: i32,
        weather: &Weather,
        limits: &DayLimits,
        is_first: bool,
    ) -> Option<StockDay> {
        if date < self.share.list_date || self.share.delist_date.is_some_and(|gone| date >= gone) {
            return None;
        }
        let mut stream = self.share.source.at(day);
        let shared = self.share.beta * weather.market + weather.sectors[self.share.sector];
        self.fair *= 1.0 + shared;
        let is_listing = date == self.share.list_date;
        if !is_listing && !is_first && self.is_suspended(&mut stream) {
            return None;
        }
        let is_ex = self.go_ex(date);
        self.age = self.age.saturating_add(1);
        let age = if self.age > SETTLED {
            ListingAge::Unknown
        } else {
            ListingAge::Known { list_date: self.share.list_date, trading_day: self.age }
        };
        let pre = self.close;
        let limit = limits.prices(self.share.code, pre as f64 / Share::TICK.per_unit(), age, None);
        let candle = match limit.map(|limits| Bounds::of(limits, Share::TICK)) {
            Some(bounds) => self.ordinary(date, weather, shared, bounds, &mut stream),
            None => self.unlimited(&mut stream),
        };
        self.close = candle.close;
        Some(StockDay {
            candle,
            factor: (is_ex || is_listing || is_first).then_some(self.factor),
            weight: pre as f64 * self.lots,
            settled: self.age > SETTLED,
        })
    }

    fn is_suspended(&mut self, stream: &mut Stream) -> bool {
        if self.suspended > 0 {
            self.suspended -= 1;
            return true;
        }
        if self.age < SETTLED || !stream.happens(0.0006) {
            return false;
        }
        self.suspended = stream.below(8);
        true
    }

    /// Brings price, shares and factor onto the day's basis; true on an ex-rights day.
    fn go_ex(&mut self, date: TradeDate) -> bool {
        let Some(mut stream) = self.payouts.take(date) else { return false };
        let payout = Payout::of_stock(self.close, &mut stream);
        let Some(ex) = payout.ex_close(self.close) else { return false };
        self.factor = raised(self.factor, self.close, ex);
        self.fair *= ex as f64 / self.close as f64;
        self.lots *= 1.0 + payout.shares;
        self.close = ex;
        true
    }

    fn ordinary(
        &mut self,
        date: TradeDate,
        weather: &Weather,
        shared: f64,
        bounds: Bounds,
        stream: &mut Stream,
    ) -> Candle {
        let pre = self.close;
        let width = bounds.up as f64 / pre as f64 - 1.0;
        let own = self.share.noise * stream.fat();
        let back = -PULL * (pre as f64 / self.fair - 1.0).clamp(-0.5, 1.0);
        let aim = match self.news(weather.mood, width, stream) {
            Some(news) => news,
            None => shared + own + back + self.slide(date),
        };
        let lots = self.busy(aim, stream);
        let locked = self.streak != 0 && (self.streak > 0) == (aim > 0.0) && stream.happens(0.4);
        let course = Course { pre, bounds, aim, spread: self.share.noise, lots };
        let candle = match aim {
            up if locked && up >= width => Candle::locked(pre, bounds.up, lots * 0.15),
            down if locked && down <= -width => Candle::locked(pre, bounds.down, lots * 0.15),
            _ => Candle::draw(&course, stream),
        };
        self.streak = match candle.close {
            close if close == bounds.up => self.streak.max(0) + 1,
            close if close == bounds.down => self.streak.min(0) - 1,
            _ => 0,
        };
        candle
    }

    /// A jump towards a limit, more likely after a day at it: often beyond, so that the day ends exactly there.
    fn news(&self, mood: Mood, width: f64, stream: &mut Stream) -> Option<f64> {
        let (up, down) = match mood {
            Mood::Calm => (1.0, 0.4),
            Mood::Rally => (2.0, 0.2),
            Mood::Slump => (0.6, 1.6),
        };
        // Wider limits are reached less often.
        let base = 0.0008 / width.max(0.05);
        let (up, down) = match self.streak {
            1..=5 => (0.25, base * down),
            -3..=-1 => (base * up, 0.15),
            _ => (base * up, base * down),
        };
        let draw = stream.uniform();
        let far = stream.between(0.7, 1.5) * width;
        if draw < up {
            Some(far)
        } else if draw < up + down {
            Some(-far)
        } else {
            None
        }
    }

    fn slide(&self, date: TradeDate) -> f64 {
        let left = self.share.delist_date.map(|gone| (gone.civil() - date.civil()).get_days());
        if left.is_some_and(|days| days <= SLIDE_DAYS) { -0.03 } else { 0.0 }
    }

    /// One of the first days, without a limit.
    fn unlimited(&mut self, stream: &mut Stream) -> Candle {
        let pre = self.close;
        let aim =
            if self.age == 1 { stream.between(-0.1, 1.3) } else { (0.06 * stream.fat()).clamp(-0.35, 0.5) };
        let lots = 12.0 * self.busy(0.0, stream) / f64::from(self.age);
        let bounds = Bounds { down: (pre / 2).max(1), up: pre * 4 };
        let candle = Candle::draw(&Course { pre, bounds, aim, spread: 0.06, lots }, stream);
        // What the first buyers pay is what it is worth.
        self.fair = candle.close as f64;
        candle
    }

    /// Lots to trade: busy days come in runs, and a large move makes one.
    fn busy(&mut self, aim: f64, stream: &mut Stream) -> f64 {
        let news = (aim.abs() / self.share.noise - 1.0).clamp(0.0, 4.0);
        self.activity = (0.85 * self.activity + 0.15 + 0.12 * news).min(4.0);
        self.lots * self.share.turnover * self.activity * growth(0.3 * stream.normal())
    }
}
