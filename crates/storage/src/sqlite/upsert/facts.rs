//! Writing what stands beside the bars of a day.

use rusqlite::{Connection, params};
use stockpile_market::{DailyBasic, Suspension};

use super::write;
use crate::{Duplicate, RunId, SourceRow};

pub(crate) fn basics(
    connection: &Connection,
    run: RunId,
    rows: Vec<SourceRow<DailyBasic>>,
) -> rusqlite::Result<Vec<Duplicate>> {
    let sql = include_str!("../sql/upsert_basic.sql");
    write(
        connection,
        sql,
        rows,
        |basic| (basic.trade_date, basic.ts_code),
        |statement, basic| {
            statement.execute(params![
                basic.trade_date.number(),
                basic.ts_code.text().as_str(),
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
                run.0,
            ])
        },
    )
}

pub(crate) fn suspensions(
    connection: &Connection,
    run: RunId,
    rows: Vec<SourceRow<Suspension>>,
) -> rusqlite::Result<Vec<Duplicate>> {
    let sql = include_str!("../sql/upsert_suspension.sql");
    write(
        connection,
        sql,
        rows,
        |suspension| (suspension.trade_date, suspension.ts_code, suspension.suspend_type),
        |statement, suspension| {
            statement.execute(params![
                suspension.trade_date.number(),
                suspension.ts_code.text().as_str(),
                suspension.suspend_type.letter(),
                suspension.suspend_timing,
                run.0,
            ])
        },
    )
}
