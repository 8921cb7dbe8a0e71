//! Which stocks the demo market has, and what sets each apart.
//!
//! A stock is a function of the seed and its number. Those numbered below the size of the market are listed from the
//! start; later numbers list one after another, for as long as the market goes on.

use jiff::{
    ToSpan as _,
    civil::{Date, date},
};
use stockpile_market::{Board, ListStatus, Security, SecurityKind, Tick, TradeDate, TsCode};

use super::{
    chance::{Source, growth},
    holidays::{FIRST_DAY, open_from},
    names::{self, AREAS, SECTORS},
};

/// Days from one new listing to the next in a market of one stock; a larger market lists as much more often.
const LISTING_DAYS: u32 = 7500;
/// Days from one delisting to the next.
const DELISTING_DAYS: i32 = 182;
/// Stocks that stay: the well-known codes are among them.
const STAY: u32 = 25;

/// Listing segments in the order in which stocks are dealt to them: a third Shanghai, the fewest Beijing.
const DEAL: [Segment; 25] = {
    use Segment::{Beijing, Chinext, Shanghai, Shenzhen, Star};
    [
        Shanghai, Shenzhen, Chinext, Star, Beijing, Shanghai, Shenzhen, Chinext, Shanghai, Shenzhen, Star,
        Shanghai, Shenzhen, Chinext, Shanghai, Shenzhen, Shanghai, Chinext, Star, Beijing, Shanghai,
        Shenzhen, Chinext, Shanghai, Shenzhen,
    ]
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Segment {
    Shanghai,
    Shenzhen,
    Chinext,
    Star,
    Beijing,
}

impl Segment {
    /// Codes that examples use, then the first of the others and their distance, then the first of the new listings.
    const fn codes(self) -> (&'static [u32], u32, u32, u32, &'static str) {
        match self {
            Self::Shanghai => (&[600_519, 600_000, 601_318], 600_101, 7, 605_001, "SH"),
            Self::Shenzhen => (&[1, 2_594, 333], 501, 3, 1_201, "SZ"),
            Self::Chinext => (&[300_750], 300_101, 3, 301_501, "SZ"),
            Self::Star => (&[688_981], 688_101, 3, 688_701, "SH"),
            Self::Beijing => (&[430_047, 839_493], 870_101, 11, 920_601, "BJ"),
        }
    }

    const fn board(self) -> Board {
        match self {
            Self::Shanghai | Self::Shenzhen => Board::Main,
            Self::Chinext => Board::Chinext,
            Self::Star => Board::Star,
            Self::Beijing => Board::Bse,
        }
    }

    /// Years in which stocks of the segment that are listed from the start were listed.
    const fn listed(self) -> (Date, Date) {
        match self {
            Self::Shanghai | Self::Shenzhen => (date(1996, 1, 8), date(2021, 6, 30)),
            Self::Chinext => (date(2009, 10, 30), date(2021, 6, 30)),
            Self::Star => (date(2019, 7, 22), date(2021, 6, 30)),
            Self::Beijing => (date(2020, 7, 27), date(2021, 6, 30)),
        }
    }

    /// Range of first prices, CNY.
    const fn prices(self) -> (f64, f64) {
        match self {
            Self::Shanghai | Self::Shenzhen => (4.0, 45.0),
            Self::Chinext => (10.0, 70.0),
            Self::Star => (15.0, 110.0),
            Self::Beijing => (6.0, 30.0),
        }
    }
}

/// A stock, as far as it does not change.
#[derive(Clone, Debug)]
pub(super) struct Share {
    pub(super) code: TsCode,
    pub(super) number: u32,
    pub(super) board: Board,
    pub(super) sector: usize,
    pub(super) list_date: TradeDate,
    /// First day without trading, if one is set.
    pub(super) delist_date: Option<TradeDate>,
    /// Share of the market's return it takes.
    pub(super) beta: f64,
    /// Deviation of its own return, a day, as a fraction.
    pub(super) noise: f64,
    /// Rank of its size among all stocks, 0..1.
    pub(super) size: f64,
    /// First price, ticks of 0.01 CNY.
    pub(super) first: i64,
    /// Tradable shares at the start, lots.
    pub(super) lots: f64,
    /// Part of its tradable shares that changes hands on an ordinary day.
    pub(super) turnover: f64,
    pub(super) source: Source,
}

impl Share {
    /// The stocks listed up to `today`, those delisted since included, by number.
    pub(super) fn all(seed: u64, stocks: u32, today: TradeDate) -> Vec<Self> {
        let numbers = 0..names::NAMES;
        numbers.map_while(|number| Self::new(seed, stocks, number, today)).collect()
    }

    /// The stock of a number, or `None` when it is not listed by `today`.
    fn new(seed: u64, stocks: u32, number: u32, today: TradeDate) -> Option<Self> {
        let segment = DEAL[number as usize % DEAL.len()];
        let listing = number.checked_sub(stocks);
        let code = code(segment, number, stocks)?;
        let source = Source::new(seed, code.text().as_str());
        // Facts of the stock have the stream of no day.
        let mut stream = source.at(0);
        let list_date = match listing {
            None => {
                let (first, last) = segment.listed();
                let days = (last - first).get_days();
                first.saturating_add(i64::from(stream.below(days.unsigned_abs())).days())
            }
            Some(nth) => {
                let days = i64::from(nth + 1) * i64::from((LISTING_DAYS / stocks.max(1)).max(5));
                FIRST_DAY.saturating_add(days.days())
            }
        };
        let list_date = TradeDate::from(open_from(list_date));
        if list_date > today {
            return None;
        }
        let size = stream.uniform();
        let (low, high) = segment.prices();
        // Squared, so that low prices are the many.
        let price = low + (high - low) * stream.uniform() * stream.uniform();
        // From 2 to 180 billion CNY; the largest tenth holds half of the market.
        let value = 2e9 * growth(4.5 * size * size * size);
        let main = segment.board() == Board::Main;
        Some(Self {
            code,
            number,
            board: segment.board(),
            sector: stream.below(SECTORS.len() as u32) as usize,
            list_date,
            delist_date: delist_date(number, stocks),
            beta: stream.between(0.6, 1.3) + if main { 0.0 } else { 0.15 },
            noise: stream.between(0.010, 0.018) + if main { 0.0 } else { 0.006 },
            size,
            first: (price * 100.0).round() as i64,
            lots: value / price / 100.0,
            turnover: (0.03 - 0.022 * size) * stream.between(0.6, 1.6),
            source,
        })
    }

    pub(super) fn security(&self, today: TradeDate) -> Security {
        let (name, initials) = names::stock(self.number);
        let delist_date = self.delist_date.filter(|day| *day <= today);
        let area = AREAS[self.number as usize * 7 % AREAS.len()];
        Security {
            ts_code: self.code,
            name: Some(name),
            cnspell: Some(initials),
            kind: SecurityKind::Stock,
            area: Some(area.into()),
            industry: Some(SECTORS[self.sector].0.into()),
            list_date: Some(self.list_date),
            delist_date,
            list_status: Some(if delist_date.is_some() { ListStatus::Delisted } else { ListStatus::Listed }),
        }
    }

    pub(super) const TICK: Tick = Tick::Hundredth;
}

/// The code of a stock: the nth of its segment, new listings in a range of their own.
fn code(segment: Segment, number: u32, stocks: u32) -> Option<TsCode> {
    let nth = |number: u32| {
        let dealt =
            |numbers: u32| DEAL.iter().take(numbers as usize).filter(|to| **to == segment).count() as u32;
        let round = DEAL.len() as u32;
        number / round * dealt(round) + dealt(number % round)
    };
    let (examples, first, step, new, suffix) = segment.codes();
    let digits = if number < stocks {
        let nth = nth(number);
        match examples.get(nth as usize) {
            Some(example) => *example,
            None => first + step * (nth - examples.len() as u32),
        }
    } else {
        new + nth(number) - nth(stocks)
    };
    format!("{digits:06}.{suffix}").parse().ok()
}

/// When a stock listed from the start leaves: one every half year, by number.
fn delist_date(number: u32, stocks: u32) -> Option<TradeDate> {
    let nth = number.checked_sub(STAY).filter(|_| number < stocks)?;
    let days = DELISTING_DAYS * i32::try_from(nth + 1).ok()?;
    // Beyond the last year nobody asks.
    (days < 7000).then(|| TradeDate::from(open_from(FIRST_DAY.saturating_add(days.days()))))
}
