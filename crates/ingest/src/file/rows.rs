//! Records to rows of the store.

use stockpile_market::{
    AdjFactor, CalendarDay, DailyBar, Exchange, ListStatus, Security, SecurityKind, TradeDate, TsCode,
};
use stockpile_storage::SourceRow;

use super::{
    field::{self, Field, Refusal, refuse},
    kind::FileKind,
    layout::Layout,
    records::Record,
};

/// Rows ready for the store, by where they go.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Bars of stocks, ETFs and indices.
    pub(super) bars: [Vec<SourceRow<DailyBar>>; 3],
    pub(super) factors: Vec<SourceRow<AdjFactor>>,
    pub(super) securities: Vec<SourceRow<Security>>,
    pub(super) calendar: Vec<SourceRow<CalendarDay>>,
}

impl Rows {
    /// Reads a record of the layout's kind; nothing is kept of one that is refused.
    pub(super) fn read(&mut self, layout: &Layout, line: u64, record: &Record<'_>) -> Result<(), Refusal> {
        match layout.kind {
            FileKind::Bars | FileKind::Daily | FileKind::FundDaily | FileKind::IndexDaily => {
                let bar = bar(layout, record)?;
                let kind = kind_of(layout.kind, bar.ts_code)?;
                let factor = if layout.has_optional(0) {
                    field::price("adj_factor", layout.field(record, 11))?.map(|adj_factor| AdjFactor {
                        ts_code: bar.ts_code,
                        trade_date: bar.trade_date,
                        adj_factor,
                    })
                } else {
                    None
                };
                self.factors.extend(factor.map(|row| SourceRow { line, row }));
                self.bars[kind as usize].push(SourceRow { line, row: bar });
            }
            FileKind::AdjFactor => {
                let row = AdjFactor {
                    ts_code: field::code("ts_code", layout.field(record, 0))?,
                    trade_date: past_date(layout, layout.field(record, 1))?,
                    adj_factor: field::present(
                        "adj_factor",
                        field::price("adj_factor", layout.field(record, 2))?,
                    )?,
                };
                self.factors.push(SourceRow { line, row });
            }
            FileKind::StockBasic | FileKind::FundBasic => {
                let row = security(layout, record)?;
                self.securities.push(SourceRow { line, row });
            }
            FileKind::TradeCal => {
                let row = calendar_day(layout, record)?;
                self.calendar.push(SourceRow { line, row });
            }
        }
        Ok(())
    }
}

/// Columns in the order of [`FileKind::required_columns`].
fn bar(layout: &Layout, record: &Record<'_>) -> Field<DailyBar> {
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

/// A day that has come: nothing was traded on any other.
fn past_date(layout: &Layout, value: &[u8]) -> Field<TradeDate> {
    let date = field::date("trade_date", value)?;
    if date > layout.today { refuse("trade_date", value, "lies in the future") } else { Ok(date) }
}

fn kind_of(file: FileKind, code: TsCode) -> Field<SecurityKind> {
    match file.security_kind().or_else(|| SecurityKind::of(code)) {
        Some(kind) => Ok(kind),
        None => refuse(
            "ts_code",
            code.text().as_str().as_bytes(),
            "in no number range of stocks, funds or indices; name the kind with --kind",
        ),
    }
}

fn security(layout: &Layout, record: &Record<'_>) -> Field<Security> {
    let value = |column| layout.field(record, column);
    let stock = layout.kind == FileKind::StockBasic;
    let ts_code = field::code("ts_code", value(0))?;
    let kind = if stock { SecurityKind::Stock } else { SecurityKind::Etf };
    // Facts of the wrong kind would hide the bars of the security that the code belongs to.
    if SecurityKind::of(ts_code).is_some_and(|range| range != kind) {
        return refuse(
            "ts_code",
            value(0),
            format!("in a number range of another kind than {}", kind.name()),
        );
    }
    Ok(Security {
        ts_code,
        kind,
        name: Some(field::present("name", field::text("name", value(1))?)?),
        area: if stock { field::text("area", value(2))? } else { None },
        industry: if stock { field::text("industry", value(3))? } else { None },
        cnspell: if stock { field::text("cnspell", value(5))? } else { None },
        list_date: field::optional_date("list_date", value(4))?,
        delist_date: field::optional_date("delist_date", value(if stock { 7 } else { 6 }))?,
        list_status: if stock {
            list_status("list_status", value(6))?
        } else {
            list_status("status", value(5))?
        },
    })
}

fn list_status(column: &'static str, value: &[u8]) -> Field<Option<ListStatus>> {
    match field::text(column, value)?.map(|letter| letter.parse()) {
        None => Ok(None),
        Some(Ok(status)) => Ok(Some(status)),
        Some(Err(_)) => refuse(column, value, "not one of L, D, P and I"),
    }
}

fn calendar_day(layout: &Layout, record: &Record<'_>) -> Field<CalendarDay> {
    let value = |column| layout.field(record, column);
    let exchange = match value(0).trim_ascii() {
        b"SSE" => Exchange::Sse,
        b"SZSE" => Exchange::Szse,
        b"BSE" => Exchange::Bse,
        other => return refuse("exchange", other, "not SSE, SZSE or BSE"),
    };
    let is_open = match value(2).trim_ascii() {
        b"0" => false,
        b"1" => true,
        other => return refuse("is_open", other, "neither 0 nor 1"),
    };
    Ok(CalendarDay {
        exchange,
        cal_date: field::date("cal_date", value(1))?,
        is_open,
        pretrade_date: field::optional_date("pretrade_date", value(3))?,
    })
}
