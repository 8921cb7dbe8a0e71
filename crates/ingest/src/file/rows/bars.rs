//! Daily bars.

use stockpile_market::{AdjFactor, DailyBar, SecurityKind, TradeDate, TsCode};

use super::super::{
    field::{self, Field, refuse},
    kind::FileKind,
    layout::Layout,
    records::Record,
};

/// Columns in the order of [`FileKind::required_columns`].
pub(super) fn bar(layout: &Layout, record: &Record<'_>) -> Field<DailyBar> {
    let value = |column| layout.field(record, column);
    let bar = DailyBar {
        ts_code: field::code("ts_code", value(0))?,
        trade_date: past_date(layout, value(1))?,
        open: field::price("open", value(2))?,
        high: field::price("high", value(3))?,
        low: field::price("low", value(4))?,
        close: field::present("close", field::price("close", value(5))?)?,
        pre_close: field::price("pre_close", value(6))?,
        change: field::number("change", value(7))?,
        pct_chg: field::number("pct_chg", value(8))?,
        vol: field::quantity("vol", value(9))?,
        amount: field::quantity("amount", value(10))?,
    };
    let inside = |price: Option<f64>| {
        let price = price.unwrap_or(bar.close);
        bar.high.is_none_or(|high| price <= high) && bar.low.is_none_or(|low| price >= low)
    };
    if bar.high.zip(bar.low).is_some_and(|(high, low)| high < low) {
        return refuse("high", value(3), "the highest price is below the lowest");
    }
    if !inside(bar.open) {
        return refuse("open", value(2), "lies outside of the day's lowest and highest price");
    }
    if !inside(None) {
        return refuse("close", value(5), "lies outside of the day's lowest and highest price");
    }
    Ok(bar)
}

/// The factor that stands beside a bar, when there is one.
pub(super) fn factor_beside(
    layout: &Layout,
    record: &Record<'_>,
    bar: &DailyBar,
) -> Field<Option<AdjFactor>> {
    let factor = field::price("adj_factor", layout.field(record, 11))?;
    Ok(factor.map(|adj_factor| AdjFactor { ts_code: bar.ts_code, trade_date: bar.trade_date, adj_factor }))
}

pub(super) fn factor(layout: &Layout, record: &Record<'_>) -> Field<AdjFactor> {
    let value = |column| layout.field(record, column);
    Ok(AdjFactor {
        ts_code: field::code("ts_code", value(0))?,
        trade_date: past_date(layout, value(1))?,
        adj_factor: field::present("adj_factor", field::price("adj_factor", value(2))?)?,
    })
}

pub(super) fn kind_of(file: FileKind, code: TsCode) -> Field<SecurityKind> {
    match file.security_kind().or_else(|| SecurityKind::of(code)) {
        Some(kind) => Ok(kind),
        None => refuse(
            "ts_code",
            code.text().as_str().as_bytes(),
            "in no number range of stocks, funds or indices; name the kind with --kind",
        ),
    }
}

/// A day that has come: nothing was traded on any other.
pub(super) fn past_date(layout: &Layout, value: &[u8]) -> Field<TradeDate> {
    let date = field::date("trade_date", value)?;
    if date > layout.today { refuse("trade_date", value, "lies in the future") } else { Ok(date) }
}
