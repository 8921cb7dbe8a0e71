//! The tables a run stages its rows in before they replace those of earlier runs.

use stockpile_market::{
    AdjFactor, CalendarDay, Candle, CryptoMarket, DailyBar, DailyBasic, ListStatus, MinuteBar, PriceLimit,
    Security, SecurityKind, Suspension,
};

use super::{
    copy_rows::CopyRows,
    row::{kind_number, small},
};

/// A table and how rows come into it.
#[derive(Debug)]
pub(super) struct Staging {
    pub(super) table: &'static str,
    /// Makes the temporary table.
    pub(super) stage: &'static str,
    /// Moves its rows on; its one parameter is the run.
    pub(super) merge: &'static str,
    /// Columns of the temporary table.
    pub(super) columns: i16,
}

macro_rules! staging {
    ($name:ident, $table:literal, $file:literal, $columns:literal) => {
        pub(super) static $name: Staging = Staging {
            table: $table,
            stage: include_str!(concat!("sql/stage_", $file, ".sql")),
            merge: include_str!(concat!("sql/merge_", $file, ".sql")),
            columns: $columns,
        };
    };
}

staging!(BARS, "daily_bar", "bar", 13);
staging!(FACTORS, "adj_factor", "factor", 3);
staging!(SECURITIES, "security", "security", 9);
staging!(CALENDAR, "trade_calendar", "calendar_day", 4);
staging!(PRICE_LIMITS, "price_limit", "limit", 5);
staging!(BASICS, "daily_basic", "basic", 18);
staging!(SUSPENSIONS, "suspension", "suspension", 4);
staging!(MINUTE_BARS, "minute_bar", "minute_bar", 9);
staging!(CANDLES, "candle", "candle", 9);
staging!(CRYPTO_MARKETS, "crypto_market", "crypto_market", 8);

pub(super) fn bar(rows: &mut CopyRows, kind: SecurityKind, adjusted: bool, bar: &DailyBar) {
    rows.small(kind_number(kind));
    rows.date(bar.trade_date);
    rows.code(bar.ts_code);
    rows.maybe(bar.open);
    rows.maybe(bar.high);
    rows.maybe(bar.low);
    rows.number(bar.close);
    rows.maybe(bar.pre_close);
    rows.maybe(bar.change);
    rows.maybe(bar.pct_chg);
    rows.maybe(bar.vol);
    rows.maybe(bar.amount);
    rows.boolean(bar.is_adjusted(kind) || (adjusted && kind != SecurityKind::Index));
}

pub(super) fn factor(rows: &mut CopyRows, factor: &AdjFactor) {
    rows.code(factor.ts_code);
    rows.date(factor.trade_date);
    rows.number(factor.adj_factor);
}

pub(super) fn security(rows: &mut CopyRows, security: &Security) {
    rows.code(security.ts_code);
    rows.small(kind_number(security.kind));
    rows.maybe_text(security.name.as_deref());
    rows.maybe_text(security.area.as_deref());
    rows.maybe_text(security.industry.as_deref());
    rows.maybe_text(security.cnspell.as_deref());
    rows.maybe_date(security.list_date);
    rows.maybe_date(security.delist_date);
    rows.maybe_text(security.list_status.map(ListStatus::letter));
}

pub(super) fn calendar_day(rows: &mut CopyRows, day: &CalendarDay) {
    rows.text(day.exchange.name());
    rows.date(day.cal_date);
    rows.boolean(day.is_open);
    rows.maybe_date(day.pretrade_date);
}

pub(super) fn price_limit(rows: &mut CopyRows, limit: &PriceLimit) {
    rows.date(limit.trade_date);
    rows.code(limit.ts_code);
    rows.maybe(limit.pre_close);
    rows.number(limit.up_limit);
    rows.number(limit.down_limit);
}

pub(super) fn basic(rows: &mut CopyRows, basic: &DailyBasic) {
    rows.date(basic.trade_date);
    rows.code(basic.ts_code);
    for value in [
        basic.close,
        basic.turnover_rate,
        basic.turnover_rate_f,
        basic.volume_ratio,
        basic.pe,
        basic.pe_ttm,
        basic.pb,
        basic.ps,
        basic.ps_ttm,
        basic.dv_ratio,
        basic.dv_ttm,
        basic.total_share,
        basic.float_share,
        basic.free_share,
        basic.total_mv,
        basic.circ_mv,
    ] {
        rows.maybe(value);
    }
}

pub(super) fn suspension(rows: &mut CopyRows, suspension: &Suspension) {
    rows.date(suspension.trade_date);
    rows.code(suspension.ts_code);
    rows.text(suspension.suspend_type.letter());
    rows.maybe_text(suspension.suspend_timing.as_deref());
}

pub(super) fn minute_bar(rows: &mut CopyRows, bar: &MinuteBar) {
    rows.code(bar.ts_code);
    rows.small(small(bar.freq.minutes()));
    rows.time(bar.time);
    for price in [bar.open, bar.high, bar.low, bar.close] {
        rows.number(price);
    }
    rows.maybe(bar.vol);
    rows.maybe(bar.amount);
}

pub(super) fn candle(rows: &mut CopyRows, candle: &Candle) {
    rows.text(&candle.symbol);
    rows.integer(candle.interval.seconds().cast_signed());
    rows.time(candle.time);
    for price in [candle.open, candle.high, candle.low, candle.close] {
        rows.number(price);
    }
    rows.maybe(candle.volume);
    rows.maybe(candle.quote_volume);
}

pub(super) fn crypto_market(rows: &mut CopyRows, market: &CryptoMarket) {
    rows.text(&market.id);
    rows.time(market.last_updated);
    rows.text(&market.symbol);
    rows.maybe_text(market.name.as_deref());
    rows.maybe(market.price);
    rows.maybe(market.market_cap);
    rows.maybe(market.volume_24h);
    rows.maybe(market.change_24h);
}
