//! The breadth of the market: how many stocks rose, fell and stood at their limit on one day.

mod note;

pub use note::{LimitBasis, LimitNote};

use crate::{
    Board, DayLimits, LimitRules, ListingAge, PriceLimits, Tick, TradeDate, TsCode, is_limit_down,
    is_limit_up,
};

/// A day on which more than this share of the bars is adjusted is an adjusted day, percent.
const ADJUSTED_DAY_PERCENT: u64 = 1;

/// Two prices closer than this are the same price, CNY: sources state at most four decimals.
const SAME_PRICE: f64 = 1e-6;

/// One stock's day, as far as the breadth needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StockDay {
    /// Stock.
    pub ts_code: TsCode,
    /// Last price, CNY.
    pub close: f64,
    /// Close of the day before, lowered on an ex-rights day, CNY.
    pub pre_close: Option<f64>,
    /// Turnover, thousand CNY.
    pub amount: Option<f64>,
    /// Volume, lots of 100 shares.
    pub vol: Option<f64>,
    /// Whether a price of the bar is off the tick, see [`DailyBar::is_adjusted`](crate::DailyBar::is_adjusted).
    pub adjusted: bool,
    /// The limits the exchange published for the day.
    pub published: Option<PriceLimits>,
    /// Age of the listing on the day.
    pub age: ListingAge,
    /// Whether the share was under special treatment on the day, from a dated row; `None` when that is unknown.
    pub st: Option<bool>,
}

/// The figures of one day over its stocks.
#[derive(Clone, Debug, PartialEq)]
pub struct Breadth {
    /// Stocks that closed above their `pre_close`.
    pub up: u32,
    /// Stocks that closed below it.
    pub down: u32,
    /// Stocks that closed on it. A stock without `pre_close` is in none of the three.
    pub flat: u32,
    /// Stocks that closed at their upper limit, or `None` when that cannot be told: the note says why.
    pub limit_up: Option<u32>,
    /// Stocks that closed at their lower limit, or `None` as for `limit_up`.
    pub limit_down: Option<u32>,
    /// Where the limits come from; `None` exactly when the counts are.
    pub limit_basis: Option<LimitBasis>,
    /// What a reader of the limit counts has to know.
    pub limit_note: Option<LimitNote>,
    /// Turnover, 100 million CNY, 2 decimals; `None` when no stock states one.
    pub total_amount: Option<f64>,
    /// Volume, lots of 100 shares, 2 decimals; `None` when no stock states one.
    pub total_vol: Option<f64>,
    /// Stocks with a bar.
    pub rows: u32,
    /// Stocks whose bar is adjusted.
    pub adjusted_rows: u32,
}

impl Breadth {
    /// Folds the stocks of one day; `None` when there are none, since no figure is known then, not even zero.
    ///
    /// - A published limit is taken where there is one, else the board's rule of the day.
    /// - The basis is [`LimitBasis::Exchange`] only when every stock has a published limit.
    /// - An adjusted bar counts in no limit. When more than 1 % of the bars are adjusted, both limit counts are `None`.
    ///
    /// Give each stock once: a repeated row counts twice. One pass, without allocation.
    #[must_use]
    pub fn of_day(
        date: TradeDate,
        stocks: impl IntoIterator<Item = StockDay>,
        rules: &LimitRules,
    ) -> Option<Self> {
        let limits = rules.on(date);
        let mut fold = Fold::default();
        for stock in stocks {
            fold.add(&stock, &limits);
        }
        (fold.rows > 0).then(|| fold.finish())
    }
}

#[derive(Debug, Default)]
struct Fold {
    up: u32,
    down: u32,
    flat: u32,
    limit_up: u32,
    limit_down: u32,
    /// Stocks with a limit to compare with.
    limited: u32,
    published: u32,
    /// Stocks judged by the board's rule although a fact it needs is unknown.
    st_unknown: u32,
    listing_unknown: u32,
    amount: Option<f64>,
    vol: Option<f64>,
    rows: u32,
    adjusted: u32,
}

impl Fold {
    fn add(&mut self, stock: &StockDay, limits: &DayLimits) {
        self.rows += 1;
        self.adjusted += u32::from(stock.adjusted);
        self.published += u32::from(stock.published.is_some());
        add(&mut self.amount, stock.amount);
        add(&mut self.vol, stock.vol);
        match stock.pre_close.map(|pre_close| stock.close - pre_close) {
            Some(change) if change > SAME_PRICE => self.up += 1,
            Some(change) if change < -SAME_PRICE => self.down += 1,
            Some(change) if change.abs() <= SAME_PRICE => self.flat += 1,
            Some(_) | None => {}
        }
        // An adjusted close and an unadjusted limit are not on one scale.
        if stock.adjusted {
            return;
        }
        let Some(board) = Board::of(stock.ts_code) else { return };
        let tick = Tick::on(board, stock.ts_code.exchange());
        if let Some(prices) = stock.published.or_else(|| self.by_rule(stock, board, tick, limits)) {
            self.limited += 1;
            self.limit_up += u32::from(is_limit_up(stock.close, prices, tick));
            self.limit_down += u32::from(is_limit_down(stock.close, prices, tick));
        }
    }

    fn by_rule(
        &mut self,
        stock: &StockDay,
        board: Board,
        tick: Tick,
        limits: &DayLimits,
    ) -> Option<PriceLimits> {
        let prices = limits.prices_on(board, tick, stock.pre_close?, stock.age, stock.st)?;
        self.st_unknown += u32::from(stock.st.is_none() && limits.st_matters(board));
        self.listing_unknown += u32::from(stock.age == ListingAge::Unknown);
        Some(prices)
    }

    fn finish(self) -> Breadth {
        let (limit_basis, limit_note) = self.limits();
        let known = |count| limit_basis.map(|_| count);
        Breadth {
            up: self.up,
            down: self.down,
            flat: self.flat,
            limit_up: known(self.limit_up),
            limit_down: known(self.limit_down),
            limit_basis,
            limit_note,
            // Thousand CNY to 100 million CNY.
            total_amount: self.amount.map(|thousands| two_decimals(thousands / 1e5)),
            total_vol: self.vol.map(two_decimals),
            rows: self.rows,
            adjusted_rows: self.adjusted,
        }
    }

    fn limits(&self) -> (Option<LimitBasis>, Option<LimitNote>) {
        if is_adjusted_day(self.adjusted, self.rows) {
            return (None, Some(LimitNote::AdjustedDay { adjusted: self.adjusted, rows: self.rows }));
        }
        if self.limited == 0 {
            return (None, Some(LimitNote::NoLimit));
        }
        if self.published == self.rows {
            return (Some(LimitBasis::Exchange), None);
        }
        let unknown = self.st_unknown + self.listing_unknown > 0;
        let note = unknown.then_some(LimitNote::BoardRule {
            st_unknown: self.st_unknown,
            listing_unknown: self.listing_unknown,
        });
        (Some(LimitBasis::BoardRule), note)
    }
}

/// Whether so many adjusted bars among all the bars of a day mean that the source adjusts its prices: more than 1 %.
#[must_use]
pub fn is_adjusted_day(adjusted: u32, rows: u32) -> bool {
    u64::from(adjusted) * 100 > u64::from(rows) * ADJUSTED_DAY_PERCENT
}

fn add(sum: &mut Option<f64>, value: Option<f64>) {
    if let Some(value) = value {
        *sum = Some(sum.unwrap_or_default() + value);
    }
}

fn two_decimals(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests;
