//! Daily bars in SQLite.

use async_trait::async_trait;
use rusqlite::{Row, named_params};
use stockpile_market::{DailyBar, SecurityKind, TradeDate, TsCode};

use super::{connections::Connections, query::collect, row};
use crate::{
    BarRange, ClosingBar, CodeSpan, DailyBars, DayCount, DayPage, HotOrder, HotQuery, Result, StoredBar,
};

#[async_trait]
impl DailyBars for Connections {
    async fn day_counts(&self, kind: SecurityKind) -> Result<Vec<DayCount>> {
        self.read("count the bars of each day", move |connection| {
            collect(
                connection,
                include_str!("sql/day_counts.sql"),
                named_params! { ":kind": row::kind_number(kind) },
                |row| {
                    Ok(DayCount { trade_date: row::date(row, 0)?, rows: row.get(1)?, adjusted: row.get(2)? })
                },
            )
        })
        .await
    }

    async fn hottest(&self, query: HotQuery) -> Result<Vec<DailyBar>> {
        let sql = match query.order {
            HotOrder::Amount => include_str!("sql/hottest_by_amount.sql"),
            HotOrder::PctChg => include_str!("sql/hottest_by_pct_chg.sql"),
        };
        self.read("read a hot list", move |connection| {
            collect(
                connection,
                sql,
                named_params! {
                    ":kind": row::kind_number(query.kind),
                    ":trade_date": query.trade_date.number(),
                    ":suffix": query.exchange.map(stockpile_market::Exchange::suffix),
                    ":limit": query.limit,
                },
                row::bar,
            )
        })
        .await
    }

    async fn closes(&self, kind: SecurityKind, trade_date: TradeDate) -> Result<Vec<ClosingBar>> {
        self.read("read a day's closes", move |connection| {
            collect(
                connection,
                include_str!("sql/closes.sql"),
                named_params! { ":kind": row::kind_number(kind), ":trade_date": trade_date.number() },
                |row| {
                    Ok(ClosingBar {
                        ts_code: row::code(row, 0)?,
                        close: row.get(1)?,
                        pre_close: row.get(2)?,
                        vol: row.get(3)?,
                        amount: row.get(4)?,
                        adjusted: row.get(5)?,
                    })
                },
            )
        })
        .await
    }

    async fn on(&self, kind: SecurityKind, trade_date: TradeDate) -> Result<Vec<DailyBar>> {
        self.read("read a day's bars", move |connection| {
            collect(
                connection,
                include_str!("sql/bars_on.sql"),
                named_params! { ":kind": row::kind_number(kind), ":trade_date": trade_date.number() },
                row::bar,
            )
        })
        .await
    }

    async fn page(
        &self,
        kind: SecurityKind,
        trade_date: TradeDate,
        after: Option<TsCode>,
        limit: u32,
    ) -> Result<DayPage> {
        self.read("read a part of a day's bars", move |connection| {
            let after = after.map(TsCode::text);
            let rows = collect(
                connection,
                include_str!("sql/bars_page.sql"),
                named_params! {
                    ":kind": row::kind_number(kind),
                    ":trade_date": trade_date.number(),
                    // Nothing comes before the empty text.
                    ":after": after.as_ref().map_or("", |code| code.as_str()),
                    ":limit": limit,
                },
                |row| Ok((row::bar(row)?, row.get::<_, u64>(11)?)),
            )?;
            let mark = rows.first().map_or(0, |(_, mark)| *mark);
            Ok(DayPage { mark, bars: rows.into_iter().map(|(bar, _)| bar).collect() })
        })
        .await
    }

    async fn of(
        &self,
        kind: SecurityKind,
        code: TsCode,
        range: BarRange,
        limit: u32,
    ) -> Result<Vec<StoredBar>> {
        self.read("read a security's bars", move |connection| {
            let stored = |row: &Row<'_>| Ok(StoredBar { bar: row::bar(row)?, adjusted: row.get(11)? });
            match range {
                BarRange::Last(count) => collect(
                    connection,
                    include_str!("sql/bars_last.sql"),
                    named_params! {
                        ":kind": row::kind_number(kind),
                        ":ts_code": code.text().as_str(),
                        ":count": count.min(limit),
                    },
                    stored,
                ),
                BarRange::Between(start, end) => collect(
                    connection,
                    include_str!("sql/bars_between.sql"),
                    named_params! {
                        ":kind": row::kind_number(kind),
                        ":ts_code": code.text().as_str(),
                        ":start": start.number(),
                        ":end": end.number(),
                        ":limit": limit,
                    },
                    stored,
                ),
            }
        })
        .await
    }

    async fn kinds(&self, codes: &[TsCode]) -> Result<Vec<(TsCode, SecurityKind)>> {
        let codes = codes.to_vec();
        self.read("look up codes", move |connection| {
            let mut found = Vec::new();
            for code in codes {
                found.extend(collect(
                    connection,
                    include_str!("sql/kinds.sql"),
                    named_params! { ":ts_code": code.text().as_str() },
                    |row| Ok((code, row::kind(row, 0)?)),
                )?);
            }
            Ok(found)
        })
        .await
    }

    async fn without_facts(&self, kind: SecurityKind) -> Result<Vec<TsCode>> {
        self.read("look for securities without facts", move |connection| {
            collect(
                connection,
                include_str!("sql/codes_without_facts.sql"),
                named_params! { ":kind": row::kind_number(kind) },
                |row| row::code(row, 0),
            )
        })
        .await
    }

    async fn spans(&self, kind: SecurityKind) -> Result<Vec<CodeSpan>> {
        self.read("read the spans of securities", move |connection| {
            collect(
                connection,
                include_str!("sql/code_spans.sql"),
                named_params! { ":kind": row::kind_number(kind) },
                |row| {
                    Ok(CodeSpan {
                        ts_code: row::code(row, 0)?,
                        first: row::date(row, 1)?,
                        last: row::date(row, 2)?,
                        rows: row.get(3)?,
                    })
                },
            )
        })
        .await
    }
}
