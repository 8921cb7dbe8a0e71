//! The eight indices, each computed from the stocks it counts.

use jiff::civil::Date;
use stockpile_market::{
    Board, DailyBar, Exchange, ListStatus, Security, SecurityKind, TradeDate, TsCode, index_name,
};

use super::{candle::four_decimals, stock::StockDay, universe::Share};

/// First day of every index, which for some of the real ones came later.
const LIST_DATE: Date = Date::constant(2005, 1, 4);

/// An index, as far as it does not change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Index {
    code: &'static str,
    /// Short name and pinyin initials of the funds that follow it.
    pub(super) short: &'static str,
    pub(super) initials: &'static str,
    /// Whether its stocks, and so its funds, have limits of 20 %.
    pub(super) wide: bool,
    /// Level on the first day, points.
    start: f64,
    counts: fn(&Share) -> bool,
}

const fn index(
    code: &'static str,
    (short, initials): (&'static str, &'static str),
    wide: bool,
    start: f64,
    counts: fn(&Share) -> bool,
) -> Index {
    Index { code, short, initials, wide, start, counts }
}

/// The indices of the overview. Those by size take fixed parts of the range of sizes, so no ranking is needed.
pub(super) const INDICES: [Index; 8] = [
    index("000001.SH", ("上证", "sz"), false, 3000.0, |share| share.code.exchange() == Exchange::Sse),
    index("399001.SZ", ("深证", "sz"), false, 10_000.0, |share| share.code.exchange() == Exchange::Szse),
    index("000300.SH", ("沪深300", "hs300"), false, 4000.0, |share| listed(share, 0.65, 1.0)),
    index("000905.SH", ("中证500", "zz500"), false, 6000.0, |share| listed(share, 0.35, 0.65)),
    index("000016.SH", ("上证50", "sz50"), false, 2800.0, |share| {
        share.code.exchange() == Exchange::Sse && share.size >= 0.85
    }),
    index("399006.SZ", ("创业板", "cyb"), true, 2200.0, |share| share.board == Board::Chinext),
    index("000852.SH", ("中证1000", "zz1000"), false, 6500.0, |share| listed(share, 0.0, 0.35)),
    index("000688.SH", ("科创50", "kc50"), true, 1000.0, |share| share.board == Board::Star),
];

/// Whether a stock of Shanghai or Shenzhen has a size within `from..to`.
fn listed(share: &Share, from: f64, to: f64) -> bool {
    share.board != Board::Bse && share.size >= from && share.size < to
}

impl Index {
    pub(super) fn counts(&self, share: &Share) -> bool {
        (self.counts)(share)
    }

    pub(super) fn code(&self) -> Option<TsCode> {
        self.code.parse().ok()
    }

    pub(super) fn security(&self) -> Option<Security> {
        let ts_code = self.code()?;
        Some(Security {
            ts_code,
            name: index_name(ts_code).map(|name| format!("{name}演示")),
            cnspell: Some(format!("{}ys", self.initials)),
            kind: SecurityKind::Index,
            area: None,
            industry: None,
            list_date: Some(LIST_DATE.into()),
            delist_date: None,
            list_status: Some(ListStatus::Listed),
        })
    }
}

/// One index and how it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gauge {
    code: TsCode,
    /// Last close, points.
    close: f64,
    sums: Sums,
}

/// What the counted stocks of one day add up to; prices are weighted ratios to `pre_close`.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    weight: f64,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    lots: i64,
    turnover: i64,
}

impl Gauge {
    pub(super) fn new(index: &Index) -> Option<Self> {
        Some(Self { code: index.code()?, close: index.start, sums: Sums::default() })
    }

    /// Counts a stock's day.
    pub(super) fn add(&mut self, day: &StockDay) {
        let candle = &day.candle;
        let sums = &mut self.sums;
        sums.lots += candle.lots;
        sums.turnover += candle.turnover(Share::TICK);
        if day.settled {
            let unit = day.weight / candle.pre as f64;
            sums.weight += day.weight;
            sums.open += unit * candle.open as f64;
            sums.high += unit * candle.high as f64;
            sums.low += unit * candle.low as f64;
            sums.close += unit * candle.close as f64;
        }
    }

    /// Ends the day: its bar, or `None` when no stock was counted.
    pub(super) fn close(&mut self, trade_date: TradeDate) -> Option<DailyBar> {
        let sums = std::mem::take(&mut self.sums);
        if sums.weight <= 0.0 {
            return None;
        }
        let pre = self.close;
        let points = |sum: f64| four_decimals(pre * sum / sums.weight);
        let (open, close) = (points(sums.open), points(sums.close));
        // Stocks do not peak at the same minute: the index goes part of the way.
        let (top, bottom) = (open.max(close), open.min(close));
        let high = four_decimals(top + 0.4 * (points(sums.high) - top).max(0.0));
        let low = four_decimals(bottom - 0.4 * (bottom - points(sums.low)).max(0.0));
        self.close = close;
        Some(DailyBar {
            ts_code: self.code,
            trade_date,
            open: Some(open),
            high: Some(high.max(top)),
            low: Some(low.min(bottom)),
            close,
            pre_close: Some(pre),
            change: Some(four_decimals(close - pre)),
            pct_chg: Some(four_decimals((close / pre - 1.0) * 100.0)),
            vol: Some(sums.lots as f64),
            amount: Some(sums.turnover as f64 / 1000.0),
        })
    }
}
