//! Facts about securities and days.

use stockpile_market::{
    CalendarDay, DailyBasic, Exchange, ListStatus, PriceLimit, Security, SecurityKind, Suspension,
};

use super::super::{
    field::{self, Field, refuse},
    kind::FileKind,
    layout::Layout,
    records::Record,
};

pub(super) fn security(layout: &Layout, record: &Record<'_>) -> Field<Security> {
    let value = |column| layout.field(record, column);
    let ts_code = field::code("ts_code", value(0))?;
    let kind = match layout.kind {
        FileKind::StockBasic => SecurityKind::Stock,
        FileKind::IndexBasic => SecurityKind::Index,
        _ => SecurityKind::Etf,
    };
    // Facts of the wrong kind would hide the bars of the security that the code belongs to.
    if SecurityKind::of(ts_code).is_some_and(|range| range != kind) {
        return refuse(
            "ts_code",
            value(0),
            format!("in a number range of another kind than {}", kind.name()),
        );
    }
    let name = Some(field::present("name", field::text("name", value(1))?)?);
    Ok(match kind {
        SecurityKind::Stock => Security {
            name,
            area: field::text("area", value(2))?,
            industry: field::text("industry", value(3))?,
            list_date: field::optional_date("list_date", value(4))?,
            cnspell: field::text("cnspell", value(5))?,
            list_status: list_status("list_status", value(6))?,
            delist_date: field::optional_date("delist_date", value(7))?,
            ..Security::unknown(ts_code, kind)
        },
        SecurityKind::Etf => Security {
            name,
            list_date: field::optional_date("list_date", value(4))?,
            list_status: list_status("status", value(5))?,
            delist_date: field::optional_date("delist_date", value(6))?,
            ..Security::unknown(ts_code, kind)
        },
        SecurityKind::Index => Security {
            name,
            list_date: field::optional_date("list_date", value(3))?,
            delist_date: field::optional_date("exp_date", value(4))?,
            ..Security::unknown(ts_code, kind)
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

pub(super) fn calendar_day(layout: &Layout, record: &Record<'_>) -> Field<CalendarDay> {
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

/// Columns in the order of [`FileKind::required_columns`], then of [`FileKind::optional_columns`].
pub(super) fn basic(layout: &Layout, record: &Record<'_>) -> Field<DailyBasic> {
    let value = |column| layout.field(record, column);
    Ok(DailyBasic {
        ts_code: field::code("ts_code", value(0))?,
        trade_date: field::date("trade_date", value(1))?,
        turnover_rate: field::quantity("turnover_rate", value(2))?,
        pe_ttm: field::number("pe_ttm", value(3))?,
        pb: field::number("pb", value(4))?,
        total_mv: field::quantity("total_mv", value(5))?,
        circ_mv: field::quantity("circ_mv", value(6))?,
        close: field::price("close", value(7))?,
        turnover_rate_f: field::quantity("turnover_rate_f", value(8))?,
        volume_ratio: field::quantity("volume_ratio", value(9))?,
        pe: field::number("pe", value(10))?,
        ps: field::number("ps", value(11))?,
        ps_ttm: field::number("ps_ttm", value(12))?,
        dv_ratio: field::quantity("dv_ratio", value(13))?,
        dv_ttm: field::quantity("dv_ttm", value(14))?,
        total_share: field::quantity("total_share", value(15))?,
        float_share: field::quantity("float_share", value(16))?,
        free_share: field::quantity("free_share", value(17))?,
    })
}

pub(super) fn price_limit(layout: &Layout, record: &Record<'_>) -> Field<PriceLimit> {
    let value = |column| layout.field(record, column);
    let limit = PriceLimit {
        ts_code: field::code("ts_code", value(0))?,
        trade_date: field::date("trade_date", value(1))?,
        up_limit: field::present("up_limit", field::price("up_limit", value(2))?)?,
        down_limit: field::present("down_limit", field::price("down_limit", value(3))?)?,
        pre_close: field::price("pre_close", value(4))?,
    };
    if limit.up_limit < limit.down_limit {
        return refuse("up_limit", value(2), "lies below the lower limit");
    }
    Ok(limit)
}

pub(super) fn suspension(layout: &Layout, record: &Record<'_>) -> Field<Suspension> {
    let value = |column| layout.field(record, column);
    let Some(suspend_type) = field::text("suspend_type", value(2))?.and_then(|letter| letter.parse().ok())
    else {
        return refuse("suspend_type", value(2), "neither S nor R");
    };
    Ok(Suspension {
        ts_code: field::code("ts_code", value(0))?,
        trade_date: field::date("trade_date", value(1))?,
        suspend_type,
        suspend_timing: field::text("suspend_timing", value(3))?,
    })
}
