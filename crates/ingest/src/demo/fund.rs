//! ETFs: each follows an index, a sector or the money market.

use jiff::civil::Date;
use stockpile_market::{ListStatus, Security, SecurityKind, Tick, TradeDate, TsCode};

use super::{
    candle::{Bounds, Candle, Course},
    chance::{Source, growth},
    climate::Weather,
    index::INDICES,
    names::SECTORS,
    payout::{Payout, Payouts, raised},
};

/// Codes that examples use.
const EXAMPLES: [&str; 4] = ["510300.SH", "159919.SZ", "510050.SH", "159915.SZ"];

/// What a fund follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Index(usize),
    Sector(usize),
    Money,
}

impl Target {
    fn of(number: u32) -> Self {
        // The examples follow the index their numbers are known for.
        const OF_EXAMPLES: [usize; 4] = [2, 2, 4, 5];
        let number = number as usize;
        match number {
            0..=3 => Self::Index(OF_EXAMPLES[number]),
            _ if number % 9 == 8 => Self::Money,
            _ if number.is_multiple_of(3) => Self::Index(number / 3 % INDICES.len()),
            _ => Self::Sector(number % SECTORS.len()),
        }
    }

    fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Index(index) => (INDICES[index].short, INDICES[index].initials),
            Self::Sector(sector) => SECTORS[sector],
            Self::Money => ("货币", "hb"),
        }
    }

    /// Daily limit, percent: that of the board it follows.
    fn percent(self) -> i64 {
        let wide = matches!(self, Self::Index(index) if INDICES[index].wide);
        if wide { 20 } else { 10 }
    }
}

/// A fund and how it stands.
#[derive(Clone, Debug)]
pub(super) struct Fund {
    pub(super) code: TsCode,
    number: u32,
    list_date: TradeDate,
    target: Target,
    source: Source,
    /// Last close, ticks.
    close: i64,
    factor: f64,
    /// Lots of an ordinary day.
    lots: f64,
    payouts: Payouts,
}

impl Fund {
    pub(super) const TICK: Tick = Tick::Thousandth;

    /// The fund of a number; all are listed from the start.
    pub(super) fn new(seed: u64, number: u32, first_day: TradeDate) -> Option<Self> {
        let code: TsCode = match EXAMPLES.get(number as usize) {
            Some(example) => example.parse(),
            None if number.is_multiple_of(2) => format!("{}.SH", 512_001 + 10 * number).parse(),
            None => format!("{}.SZ", 159_001 + 10 * number).parse(),
        }
        .ok()?;
        let source = Source::new(seed, code.text().as_str());
        let mut stream = source.at(0);
        let target = Target::of(number);
        let price = if target == Target::Money { 100_000.0 } else { stream.between(700.0, 2200.0) };
        // From 10 million to some billion CNY a day; the well-known codes are large ones.
        let millions = growth(stream.between(2.4, 5.0)) * if number < 4 { 20.0 } else { 1.0 };
        let years = i16::try_from(stream.below(14)).unwrap_or_default();
        Some(Self {
            code,
            number,
            list_date: super::holidays::open_from(Date::constant(2007 + years, 3, 15)).into(),
            target,
            source,
            close: price as i64,
            factor: 1.0,
            lots: millions * 1e6 / (price / 1000.0) / 100.0,
            payouts: Payouts::after(source, first_day),
        })
    }

    pub(super) fn security(&self) -> Security {
        let (name, initials) = self.target.name();
        // Several follow the same: a number tells them apart.
        Security {
            ts_code: self.code,
            name: Some(format!("{name}演示ETF{}", self.number + 1)),
            cnspell: Some(format!("{initials}ysetf{}", self.number + 1)),
            kind: SecurityKind::Etf,
            area: None,
            industry: None,
            list_date: Some(self.list_date),
            delist_date: None,
            list_status: Some(ListStatus::Listed),
        }
    }

    /// Lives through a trading day: its prices, and its factor when that is new.
    pub(super) fn step(
        &mut self,
        date: TradeDate,
        day: i32,
        weather: &Weather,
        indices: &[f64; INDICES.len()],
        is_first: bool,
    ) -> (Candle, Option<f64>) {
        let mut stream = self.source.at(day);
        let is_ex = self.target != Target::Money && self.go_ex(date);
        let (aim, spread) = match self.target {
            Target::Index(index) => (indices[index] + 0.0006 * stream.normal(), 0.007),
            Target::Sector(sector) => {
                (weather.market + weather.sectors[sector] + 0.001 * stream.normal(), 0.009)
            }
            Target::Money => (0.00004 * stream.normal() - (self.close as f64 / 1e5 - 1.0) * 0.2, 0.00005),
        };
        let pre = self.close;
        let half_up = |percent: i64| (pre * percent + 50) / 100;
        let width = self.target.percent();
        let bounds = Bounds { down: half_up(100 - width), up: half_up(100 + width) };
        let lots = self.lots * self.factor * growth(0.3 * stream.normal()) * (1.0 + 20.0 * aim.abs());
        let candle = Candle::draw(&Course { pre, bounds, aim, spread, lots }, &mut stream);
        self.close = candle.close;
        (candle, (is_ex || is_first).then_some(self.factor))
    }

    fn go_ex(&mut self, date: TradeDate) -> bool {
        let Some(mut stream) = self.payouts.take(date) else { return false };
        let Some(ex) = Payout::of_fund(self.close, &mut stream).ex_close(self.close) else { return false };
        self.factor = raised(self.factor, self.close, ex);
        self.close = ex;
        true
    }
}
