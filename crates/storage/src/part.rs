//! The two parts of a store, which change at their own pace.

/// A part of a store, by what its rows are about.
///
/// Prices of coins come every few minutes, the market's rows a few times a day: what rests on the one outlives changes of the
/// other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Stocks, funds and indices: everything but coins.
    Market,
    /// Prices and candles of coins.
    Coins,
}

impl Part {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Market, Self::Coins];
}

/// The parts that a run has written to.
#[cfg(any(feature = "clickhouse", feature = "postgres", feature = "sqlite"))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) market: bool,
    pub(crate) coins: bool,
}

#[cfg(any(feature = "clickhouse", feature = "postgres", feature = "sqlite"))]
impl Written {
    pub(crate) fn add(&mut self, part: Part) {
        match part {
            Part::Market => self.market = true,
            Part::Coins => self.coins = true,
        }
    }
}
