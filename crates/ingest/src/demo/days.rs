//! The market day by day, in flat memory.

use stockpile_market::{AdjFactor, DailyBar, LimitRules, TradeDate};

use super::{
    DemoMarket,
    climate::Climate,
    fund::Fund,
    holidays::{self, FIRST_DAY},
    index::{Gauge, INDICES},
    stock::Stock,
    universe::Share,
};

/// Everything that trades on one day of the demo market.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoDay {
    /// Trading day.
    pub date: TradeDate,
    /// Bars of the stocks that traded, in a fixed order that is not that of the codes; suspended ones are absent.
    pub stocks: Vec<DailyBar>,
    /// Bars of the ETFs.
    pub etfs: Vec<DailyBar>,
    /// Bars of the indices.
    pub indices: Vec<DailyBar>,
    /// Adjustment factors that are new: on a security's first day and on its ex-rights days.
    pub factors: Vec<AdjFactor>,
}

/// The days of a demo market, oldest first. Made by [`DemoMarket::days`].
#[derive(Clone, Debug)]
pub struct DemoDays {
    dates: std::vec::IntoIter<TradeDate>,
    first_day: TradeDate,
    rules: LimitRules,
    climate: Climate,
    /// Each with the indices that count it.
    stocks: Vec<(Stock, Vec<usize>)>,
    funds: Vec<Fund>,
    gauges: Vec<Gauge>,
}

impl DemoDays {
    pub(super) fn new(market: &DemoMarket) -> Self {
        let dates = holidays::open_days(FIRST_DAY, market.today.civil());
        let first_day = TradeDate::from(holidays::open_from(FIRST_DAY));
        let stocks = Share::all(market.seed, market.size.stocks, market.today)
            .into_iter()
            .map(|share| {
                let counted = (0..INDICES.len()).filter(|index| INDICES[*index].counts(&share)).collect();
                (Stock::new(share, first_day), counted)
            })
            .collect();
        let etfs = 0..market.size.etfs;
        Self {
            dates: dates.into_iter(),
            first_day,
            rules: LimitRules::exchange(),
            climate: Climate::new(market.seed),
            stocks,
            funds: etfs.filter_map(|number| Fund::new(market.seed, number, first_day)).collect(),
            gauges: INDICES.iter().filter_map(Gauge::new).collect(),
        }
    }
}

impl Iterator for DemoDays {
    type Item = DemoDay;

    fn next(&mut self) -> Option<DemoDay> {
        let date = self.dates.next()?;
        let number = date.number();
        let is_first = date == self.first_day;
        let weather = self.climate.step(number);
        let limits = self.rules.on(date);
        let mut day = DemoDay {
            date,
            stocks: Vec::with_capacity(self.stocks.len()),
            etfs: Vec::with_capacity(self.funds.len()),
            indices: Vec::with_capacity(self.gauges.len()),
            factors: Vec::new(),
        };
        for (stock, counted) in &mut self.stocks {
            let Some(traded) = stock.step(date, number, &weather, &limits, is_first) else { continue };
            let ts_code = stock.share.code;
            day.stocks.push(traded.candle.bar(ts_code, date, Share::TICK));
            let factor = traded.factor.map(|adj_factor| AdjFactor { ts_code, trade_date: date, adj_factor });
            day.factors.extend(factor);
            for index in counted {
                if let Some(gauge) = self.gauges.get_mut(*index) {
                    gauge.add(&traded);
                }
            }
        }
        let mut returns = [0.0; INDICES.len()];
        for (gauge, earned) in self.gauges.iter_mut().zip(&mut returns) {
            if let Some(bar) = gauge.close(date) {
                *earned = bar.pct_chg.unwrap_or_default() / 100.0;
                day.indices.push(bar);
            }
        }
        for fund in &mut self.funds {
            let (candle, factor) = fund.step(date, number, &weather, &returns, is_first);
            let ts_code = fund.code;
            day.etfs.push(candle.bar(ts_code, date, Fund::TICK));
            day.factors.extend(factor.map(|adj_factor| AdjFactor { ts_code, trade_date: date, adj_factor }));
        }
        Some(day)
    }
}
