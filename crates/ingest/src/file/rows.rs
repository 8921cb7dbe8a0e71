//! Records to rows of the store.

mod bars;
mod facts;
mod series;

use stockpile_market::{
    AdjFactor, CalendarDay, Candle, CryptoMarket, DailyBar, DailyBasic, MinuteBar, PriceLimit, Security,
    Suspension,
};
use stockpile_storage::SourceRow;

use super::{field::Refusal, kind::FileKind, layout::Layout, records::Record};

/// Rows ready for the store, by where they go.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Bars of stocks, ETFs and indices.
    pub(super) bars: [Vec<SourceRow<DailyBar>>; 3],
    pub(super) factors: Vec<SourceRow<AdjFactor>>,
    pub(super) securities: Vec<SourceRow<Security>>,
    pub(super) calendar: Vec<SourceRow<CalendarDay>>,
    pub(super) basics: Vec<SourceRow<DailyBasic>>,
    pub(super) price_limits: Vec<SourceRow<PriceLimit>>,
    pub(super) suspensions: Vec<SourceRow<Suspension>>,
    pub(super) minute_bars: Vec<SourceRow<MinuteBar>>,
    pub(super) candles: Vec<SourceRow<Candle>>,
    pub(super) crypto_markets: Vec<SourceRow<CryptoMarket>>,
}

impl Rows {
    /// Reads a record of the layout's kind; nothing is kept of one that is refused.
    pub(super) fn read(&mut self, layout: &Layout, line: u64, record: &Record<'_>) -> Result<(), Refusal> {
        fn keep<T>(rows: &mut Vec<SourceRow<T>>, line: u64, row: T) {
            rows.push(SourceRow { line, row });
        }
        match layout.kind {
            FileKind::Bars | FileKind::Daily | FileKind::FundDaily | FileKind::IndexDaily => {
                let bar = bars::bar(layout, record)?;
                let kind = bars::kind_of(layout.kind, bar.ts_code)?;
                if layout.has_optional(0)
                    && let Some(factor) = bars::factor_beside(layout, record, &bar)?
                {
                    keep(&mut self.factors, line, factor);
                }
                keep(&mut self.bars[kind as usize], line, bar);
            }
            FileKind::AdjFactor => keep(&mut self.factors, line, bars::factor(layout, record)?),
            FileKind::StockBasic | FileKind::FundBasic | FileKind::IndexBasic => {
                keep(&mut self.securities, line, facts::security(layout, record)?);
            }
            FileKind::TradeCal => keep(&mut self.calendar, line, facts::calendar_day(layout, record)?),
            FileKind::DailyBasic => keep(&mut self.basics, line, facts::basic(layout, record)?),
            FileKind::StkLimit => keep(&mut self.price_limits, line, facts::price_limit(layout, record)?),
            FileKind::SuspendD => keep(&mut self.suspensions, line, facts::suspension(layout, record)?),
            FileKind::StkMins | FileKind::MinuteBars => {
                keep(&mut self.minute_bars, line, series::minute_bar(layout, record)?);
            }
            FileKind::Candles => keep(&mut self.candles, line, series::candle(layout, record)?),
            FileKind::CoinsMarkets => keep(&mut self.crypto_markets, line, series::market(layout, record)?),
        }
        Ok(())
    }
}
