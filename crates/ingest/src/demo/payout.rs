//! Dividends and splits: what lowers `pre_close` and raises the adjustment factor on an ex-rights day.

use jiff::{ToSpan as _, civil::Date};
use stockpile_market::TradeDate;

use super::chance::{Source, Stream};

/// The ex-rights days of one security: one a year in the season of dividends, paid on the first day it trades.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payouts {
    source: Source,
    next: TradeDate,
}

impl Payouts {
    /// The days after `since`; what was due until then is past.
    pub(super) fn after(source: Source, since: TradeDate) -> Self {
        let year = since.civil().year();
        let source = source.part("payouts");
        let this = due(source, year);
        Self { source, next: if this > since { this } else { due(source, year + 1) } }
    }

    /// The random stream of the payout due by `day`, once.
    pub(super) fn take(&mut self, day: TradeDate) -> Option<Stream> {
        if day < self.next {
            return None;
        }
        let year = self.next.civil().year();
        self.next = due(self.source, year + 1);
        let mut stream = self.source.at(i32::from(year));
        // The first number chose the day.
        stream.uniform();
        Some(stream)
    }
}

/// A day of May to July of each year.
fn due(source: Source, year: i16) -> TradeDate {
    let days = source.at(i32::from(year)).below(80);
    Date::constant(year, 5, 8).saturating_add(i64::from(days).days()).into()
}

/// Below this close nothing is paid, ticks.
const CHEAP: i64 = 250;

/// What each share receives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payout {
    /// Cash, ticks.
    pub(super) cash: i64,
    /// New shares.
    pub(super) shares: f64,
}

impl Payout {
    /// What a stock at `close` ticks pays: most a dividend of up to 4 %, dear ones sometimes shares as well.
    pub(super) fn of_stock(close: i64, stream: &mut Stream) -> Self {
        let pays = stream.happens(0.7);
        let rate = stream.between(0.004, 0.04);
        let splits = stream.happens(if close > 6000 { 0.6 } else { 0.15 });
        let shares = f64::from(2 + stream.below(8)) / 10.0;
        Self {
            cash: if pays && close > CHEAP { (close as f64 * rate) as i64 } else { 0 },
            shares: if splits && close > 1500 { shares } else { 0.0 },
        }
    }

    /// What a fund at `close` ticks pays: some a dividend, a dear one a split in two.
    pub(super) fn of_fund(close: i64, stream: &mut Stream) -> Self {
        let pays = stream.happens(0.4);
        let rate = stream.between(0.01, 0.03);
        Self {
            cash: if pays { (close as f64 * rate) as i64 } else { 0 },
            shares: if close > 2500 { 1.0 } else { 0.0 },
        }
    }

    /// The close on the basis of the ex-rights day, ticks; `None` when nothing is paid.
    pub(super) fn ex_close(self, close: i64) -> Option<i64> {
        let ex = ((close - self.cash) as f64 / (1.0 + self.shares)).round() as i64;
        (ex < close && ex > 0).then_some(ex)
    }
}

/// The factor after an ex-rights day, 6 decimals as sources state it.
pub(super) fn raised(factor: f64, close: i64, ex_close: i64) -> f64 {
    (factor * close as f64 / ex_close as f64 * 1e6).round() / 1e6
}
