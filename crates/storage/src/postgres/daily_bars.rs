//! Daily bars in PostgreSQL.

use async_trait::async_trait;
use stockpile_market::{DailyBar, SecurityKind, TradeDate, TsCode};
use tokio_postgres::Row;

use super::{
    Postgres,
    row::{self, get, kind_number},
};
use crate::{
    BarRange, ClosingBar, CodeSpan, DailyBars, DayCount, DayPage, HotOrder, HotQuery, Result, StoredBar,
};

#[async_trait]
impl DailyBars for Postgres {
    async fn day_counts(&self, kind: SecurityKind) -> Result<Vec<DayCount>> {
        let sql = include_str!("sql/day_counts.sql");
        self.0
            .read("count the bars of each day", sql, &[&kind_number(kind)], |row| {
                Ok(DayCount {
                    trade_date: row::date(row, 0)?,
                    rows: row::count(row, 1)?,
                    adjusted: row::count(row, 2)?,
                })
            })
            .await
    }

    async fn hottest(&self, query: HotQuery) -> Result<Vec<DailyBar>> {
        let sql = match query.order {
            HotOrder::Amount => include_str!("sql/hottest_by_amount.sql"),
            HotOrder::PctChg => include_str!("sql/hottest_by_pct_chg.sql"),
        };
        let suffix = query.exchange.map(stockpile_market::Exchange::suffix);
        self.0
            .read(
                "read a hot list",
                sql,
                &[&kind_number(query.kind), &query.trade_date.civil(), &suffix, &i64::from(query.limit)],
                row::bar,
            )
            .await
    }

    async fn closes(&self, kind: SecurityKind, trade_date: TradeDate) -> Result<Vec<ClosingBar>> {
        let sql = include_str!("sql/closes.sql");
        self.0
            .read("read a day's closes", sql, &[&kind_number(kind), &trade_date.civil()], |row| {
                Ok(ClosingBar {
                    ts_code: row::code(row, 0)?,
                    close: get(row, 1)?,
                    pre_close: get(row, 2)?,
                    vol: get(row, 3)?,
                    amount: get(row, 4)?,
                    adjusted: get(row, 5)?,
                })
            })
            .await
    }

    async fn on(&self, kind: SecurityKind, trade_date: TradeDate) -> Result<Vec<DailyBar>> {
        let sql = include_str!("sql/bars_on.sql");
        self.0.read("read a day's bars", sql, &[&kind_number(kind), &trade_date.civil()], row::bar).await
    }

    async fn page(
        &self,
        kind: SecurityKind,
        trade_date: TradeDate,
        after: Option<TsCode>,
        limit: u32,
    ) -> Result<DayPage> {
        let sql = include_str!("sql/bars_page.sql");
        let after = after.map(TsCode::text);
        // Nothing comes before the empty text.
        let after = after.as_ref().map_or("", |code| code.as_str());
        let rows = self
            .0
            .read(
                "read a part of a day's bars",
                sql,
                &[&kind_number(kind), &trade_date.civil(), &after, &i64::from(limit)],
                |row| Ok((row::bar(row)?, row::large_count(row, 11)?)),
            )
            .await?;
        let mark = rows.first().map_or(0, |(_, mark)| *mark);
        Ok(DayPage { mark, bars: rows.into_iter().map(|(bar, _)| bar).collect() })
    }

    async fn of(
        &self,
        kind: SecurityKind,
        code: TsCode,
        range: BarRange,
        limit: u32,
    ) -> Result<Vec<StoredBar>> {
        let (operation, text, kind) = ("read a security's bars", code.text(), kind_number(kind));
        let (code, limit) = (text.as_str(), i64::from(limit));
        let stored = |row: &Row| Ok(StoredBar { bar: row::bar(row)?, adjusted: get(row, 11)? });
        match range {
            BarRange::Last(count) => {
                let sql = include_str!("sql/bars_last.sql");
                self.0.read(operation, sql, &[&code, &kind, &limit.min(count.into())], stored).await
            }
            BarRange::Between(start, end) => {
                let sql = include_str!("sql/bars_between.sql");
                let params = [start.civil(), end.civil()];
                self.0.read(operation, sql, &[&code, &kind, &params[0], &params[1], &limit], stored).await
            }
        }
    }

    async fn kinds(&self, codes: &[TsCode]) -> Result<Vec<(TsCode, SecurityKind)>> {
        let codes: Vec<String> = codes.iter().map(TsCode::to_string).collect();
        let sql = include_str!("sql/kinds.sql");
        self.0.read("look up codes", sql, &[&codes], |row| Ok((row::code(row, 0)?, row::kind(row, 1)?))).await
    }

    async fn without_facts(&self, kind: SecurityKind) -> Result<Vec<TsCode>> {
        let sql = include_str!("sql/codes_without_facts.sql");
        self.0
            .read("look for securities without facts", sql, &[&kind_number(kind)], |row| row::code(row, 0))
            .await
    }

    async fn spans(&self, kind: SecurityKind) -> Result<Vec<CodeSpan>> {
        let sql = include_str!("sql/code_spans.sql");
        self.0
            .read("read the spans of securities", sql, &[&kind_number(kind)], |row| {
                Ok(CodeSpan {
                    ts_code: row::code(row, 0)?,
                    first: row::date(row, 1)?,
                    last: row::date(row, 2)?,
                    rows: row::count(row, 3)?,
                })
            })
            .await
    }
}
