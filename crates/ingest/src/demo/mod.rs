//! A market that never was, for whoever has no data yet.
//!
//! Everything here is invented: prices, names, volumes. A market is a function of its seed, its size and its last day, bit
//! by bit and on every machine. A later last day changes nothing before it: the market always begins on the same day
//! in 2021 and is drawn forward from there, whatever part of it is shown.

mod candle;
mod chance;
mod climate;
mod coin;
mod coins;
mod days;
mod fund;
mod holidays;
mod index;
mod names;
mod path;
mod payout;
mod quote;
mod stock;
#[cfg(test)]
mod tests;
mod universe;
mod write;
mod write_coins;

use jiff::ToSpan as _;
use stockpile_market::{CalendarDay, Security, TradeDate};

pub use self::{
    coins::DemoCoins,
    days::{DemoDay, DemoDays},
    quote::{DemoQuote, DemoReplay},
    write::DemoWritten,
};
use self::{
    fund::Fund,
    holidays::{FIRST_DAY, LAST_DAY},
    index::INDICES,
    universe::Share,
};

/// Years of history that a demo market shows.
const YEARS: i64 = 3;

/// How many securities a demo market has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoSize {
    /// Stocks listed from the start, at most 500. New ones list as time goes on, about a twentieth of these a year, and a
    /// few leave.
    pub stocks: u32,
    /// ETFs, at most 200.
    pub etfs: u32,
}

impl Default for DemoSize {
    /// About 300 stocks after five years, and 40 ETFs.
    fn default() -> Self {
        Self { stocks: 250, etfs: 40 }
    }
}

/// An invented market up to a day.
///
/// Generating is CPU work of some hundred milliseconds; in asynchronous code give it a thread of its own.
///
/// ```
/// use stockpile_ingest::{DemoMarket, DemoSize};
///
/// let size = DemoSize { stocks: 30, etfs: 4 };
/// let market = DemoMarket::new("20220110".parse()?).sized(size);
/// let last = market.days().last().expect("the market has begun");
/// assert_eq!(last.date, "20220110".parse()?);
/// assert_eq!(last.indices.len(), 8);
/// # Ok::<(), stockpile_market::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoMarket {
    seed: u64,
    today: TradeDate,
    size: DemoSize,
}

impl DemoMarket {
    /// The seed of the market that everybody sees.
    pub const SEED: u64 = 20_211_115;

    /// The market everybody sees, up to and including `today`.
    ///
    /// A day before the market's first, 15 November 2021, gives a market without days; the last one is the end of 2040,
    /// since nobody here knows the holidays after it.
    #[must_use]
    pub fn new(today: TradeDate) -> Self {
        Self::with_seed(Self::SEED, today)
    }

    /// Another market, up to and including `today`.
    #[must_use]
    pub fn with_seed(seed: u64, today: TradeDate) -> Self {
        Self { seed, today: today.min(LAST_DAY.into()), size: DemoSize::default() }
    }

    /// The same market with another number of securities, and so with other indices.
    #[must_use]
    pub fn sized(self, size: DemoSize) -> Self {
        Self { size: DemoSize { stocks: size.stocks.min(500), etfs: size.etfs.min(200) }, ..self }
    }

    /// First day shown: three years before the last, or the first of all.
    #[must_use]
    pub fn first_day(&self) -> TradeDate {
        TradeDate::from(self.today.civil().saturating_sub(YEARS.years()).max(FIRST_DAY))
    }

    /// Every security listed by the last day, those delisted since included.
    #[must_use]
    pub fn securities(&self) -> Vec<Security> {
        let shares = Share::all(self.seed, self.size.stocks, self.today);
        let stocks = shares.iter().map(|share| share.security(self.today));
        let funds = (0..self.size.etfs).filter_map(|number| Fund::new(self.seed, number, self.today));
        let etfs = funds.map(|fund| fund.security());
        stocks.chain(etfs).chain(INDICES.iter().filter_map(index::Index::security)).collect()
    }

    /// The trading calendar of the three exchanges from the start of the first year shown to the end of the last.
    ///
    /// An approximation of the real one: weekdays without the fixed holidays, and without the shifts around weekends that the
    /// exchanges announce year by year.
    #[must_use]
    pub fn calendar(&self) -> Vec<CalendarDay> {
        let first = self.first_day().civil().first_of_year().max(FIRST_DAY);
        holidays::rows(first, self.today.civil().last_of_year())
    }

    /// Every trading day of the market from its very first, oldest first; days before [`first_day`](Self::first_day)
    /// included, since prices grow out of them.
    #[must_use]
    pub fn days(&self) -> DemoDays {
        DemoDays::new(self)
    }
}
