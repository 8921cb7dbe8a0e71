//! Daily bars of stocks, ETFs and indices.

use std::fmt::Debug;

use async_trait::async_trait;
use stockpile_market::{DailyBar, Exchange, SecurityKind, TradeDate, TsCode};

use crate::Result;

/// What a hot list is ordered by, always descending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HotOrder {
    /// Turnover.
    Amount,
    /// Percent change.
    PctChg,
}

/// Which bars a hot list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HotQuery {
    /// Stocks, ETFs or indices.
    pub kind: SecurityKind,
    /// Trading day.
    pub trade_date: TradeDate,
    /// Order; nulls last, ties by code.
    pub order: HotOrder,
    /// One exchange only, or all.
    pub exchange: Option<Exchange>,
    /// How many bars at most.
    pub limit: u32,
}

/// How many bars a day has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCount {
    /// Trading day.
    pub trade_date: TradeDate,
    /// Bars.
    pub rows: u32,
    /// Bars with a price off the tick, which the source must have adjusted.
    pub adjusted: u32,
}

/// Which days a security's bars cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeSpan {
    /// Security.
    pub ts_code: TsCode,
    /// First day with a bar.
    pub first: TradeDate,
    /// Last day with a bar.
    pub last: TradeDate,
    /// Bars, the first and the last among them.
    pub rows: u32,
}

/// What market statistics need of a bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClosingBar {
    /// Security.
    pub ts_code: TsCode,
    /// Last price, CNY.
    pub close: f64,
    /// Close of the day before on this day's basis, CNY.
    pub pre_close: Option<f64>,
    /// Volume, lots of 100 shares.
    pub vol: Option<f64>,
    /// Turnover, thousand CNY.
    pub amount: Option<f64>,
    /// A price lies off the tick.
    pub adjusted: bool,
}

/// A bar and whether one of its prices lies off the tick.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredBar {
    /// The bar as ingested.
    pub bar: DailyBar,
    /// A price lies off the tick, so that the source must have adjusted it.
    pub adjusted: bool,
}

/// Which days of one security's bars are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BarRange {
    /// The last so many bars.
    Last(u32),
    /// Every bar from the first day to the second, both included.
    Between(TradeDate, TradeDate),
}

/// A part of a day's bars.
#[derive(Clone, Debug, PartialEq)]
pub struct DayPage {
    /// Tells states of the day apart: another number once any bar of it was written again; 0 on a page without bars.
    pub mark: u64,
    /// The bars, by code.
    pub bars: Vec<DailyBar>,
}

/// Daily bars, one for each security and trading day.
///
/// A second ingest of a bar replaces the first; reads never see both.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DailyBars: Debug + Send + Sync {
    /// Counts the bars of every day that has some, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn day_counts(&self, kind: SecurityKind) -> Result<Vec<DayCount>>;

    /// Reads the first bars of a day in the order asked for.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn hottest(&self, query: HotQuery) -> Result<Vec<DailyBar>>;

    /// Reads what market statistics need of every bar of a day, by code.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn closes(&self, kind: SecurityKind, trade_date: TradeDate) -> Result<Vec<ClosingBar>>;

    /// Reads every bar of a day, by code.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn on(&self, kind: SecurityKind, trade_date: TradeDate) -> Result<Vec<DailyBar>>;

    /// Reads at most `limit` bars of a day, by code, from the first code after `after`.
    ///
    /// Costs a look at every bar of the day for the mark, then at those of the page.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn page(
        &self,
        kind: SecurityKind,
        trade_date: TradeDate,
        after: Option<TsCode>,
        limit: u32,
    ) -> Result<DayPage>;

    /// Reads one security's bars, oldest first, at most `limit`.
    ///
    /// Days without trading are absent; an unknown security has no bars.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn of(
        &self,
        kind: SecurityKind,
        code: TsCode,
        range: BarRange,
        limit: u32,
    ) -> Result<Vec<StoredBar>>;

    /// Tells which of the codes have bars, and of which kind.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn kinds(&self, codes: &[TsCode]) -> Result<Vec<(TsCode, SecurityKind)>>;

    /// Lists the securities that have bars of a kind but no row of facts, by code. Walks every bar.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn without_facts(&self, kind: SecurityKind) -> Result<Vec<TsCode>>;

    /// Tells of each security with bars of a kind the first and last day and how many bars it has, by code.
    ///
    /// Walks every bar of the kind: cheap for indices, seconds for stocks.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) when the store cannot be asked.
    async fn spans(&self, kind: SecurityKind) -> Result<Vec<CodeSpan>>;
}
