//! Daily bars in ClickHouse.

use ::clickhouse::{Row, query::Query};
use async_trait::async_trait;
use serde::Deserialize;
use stockpile_market::{DailyBar, Exchange, SecurityKind, TradeDate, TsCode};

use super::{
    ClickHouse,
    row::{self, CodeBytes},
    rows::{ReadBar, ReadPagedBar, ReadStoredBar, close, converted},
};
use crate::{
    BarRange, ClosingBar, CodeSpan, DailyBars, DayCount, DayPage, HotOrder, HotQuery, Result, StoredBar,
};

#[derive(Row, Deserialize)]
struct ReadDayCount {
    trade_date: i32,
    rows: u32,
    adjusted: u32,
}

#[derive(Row, Deserialize)]
struct ReadCode {
    ts_code: CodeBytes,
}

#[derive(Row, Deserialize)]
struct ReadKind {
    ts_code: CodeBytes,
    kind: u8,
}

#[derive(Row, Deserialize)]
struct ReadSpan {
    ts_code: CodeBytes,
    first: i32,
    last: i32,
    rows: u32,
}

impl ClickHouse {
    /// A query about one day.
    fn of_day(&self, sql: &str, kind: SecurityKind, trade_date: TradeDate) -> Query {
        self.server.query(sql).param("kind", row::kind_number(kind)).param("trade_date", row::day(trade_date))
    }
}

#[async_trait]
impl DailyBars for ClickHouse {
    async fn day_counts(&self, kind: SecurityKind) -> Result<Vec<DayCount>> {
        let query =
            self.server.query(include_str!("sql/day_counts.sql")).param("kind", row::kind_number(kind));
        let rows: Vec<ReadDayCount> = self.server.read("count the bars of each day", query).await?;
        rows.into_iter()
            .map(|ReadDayCount { trade_date, rows, adjusted }| {
                Ok(DayCount { trade_date: row::date(trade_date)?, rows, adjusted })
            })
            .collect()
    }

    async fn hottest(&self, query: HotQuery) -> Result<Vec<DailyBar>> {
        let sql = match query.order {
            HotOrder::Amount => include_str!("sql/hottest_by_amount.sql"),
            HotOrder::PctChg => include_str!("sql/hottest_by_pct_chg.sql"),
        };
        let asked = self.of_day(sql, query.kind, query.trade_date);
        let asked =
            asked.param("suffix", query.exchange.map_or("", Exchange::suffix)).param("limit", query.limit);
        converted::<ReadBar, _>(self.server.read("read a hot list", asked).await?)
    }

    async fn closes(&self, kind: SecurityKind, trade_date: TradeDate) -> Result<Vec<ClosingBar>> {
        let query = self.of_day(include_str!("sql/closes.sql"), kind, trade_date);
        let answer = self.server.read_bytes("read a day's closes", query, close::FORMAT).await?;
        close::closes(&answer).unwrap_or_else(|| Err(self.server.stranger(&answer)))
    }

    async fn on(&self, kind: SecurityKind, trade_date: TradeDate) -> Result<Vec<DailyBar>> {
        let query = self.of_day(include_str!("sql/bars_on.sql"), kind, trade_date);
        converted::<ReadBar, _>(self.server.read("read a day's bars", query).await?)
    }

    async fn page(
        &self,
        kind: SecurityKind,
        trade_date: TradeDate,
        after: Option<TsCode>,
        limit: u32,
    ) -> Result<DayPage> {
        let query = self.of_day(include_str!("sql/bars_page.sql"), kind, trade_date);
        let after = after.map(TsCode::text);
        // Nothing comes before the empty text.
        let query =
            query.param("after", after.as_ref().map_or("", |code| code.as_str())).param("limit", limit);
        let rows: Vec<ReadPagedBar> = self.server.read("read a part of a day's bars", query).await?;
        let mark = rows.first().map_or(0, |row| row.mark);
        Ok(DayPage { mark, bars: converted(rows)? })
    }

    async fn of(
        &self,
        kind: SecurityKind,
        code: TsCode,
        range: BarRange,
        limit: u32,
    ) -> Result<Vec<StoredBar>> {
        let query = match range {
            BarRange::Last(count) => {
                self.server.query(include_str!("sql/bars_last.sql")).param("count", count.min(limit))
            }
            BarRange::Between(start, end) => self
                .server
                .query(include_str!("sql/bars_between.sql"))
                .param("start", row::day(start))
                .param("end", row::day(end))
                .param("limit", limit),
        }
        .param("kind", row::kind_number(kind))
        .param("ts_code", code.text().as_str());
        converted::<ReadStoredBar, _>(self.server.read("read a security's bars", query).await?)
    }

    async fn kinds(&self, codes: &[TsCode]) -> Result<Vec<(TsCode, SecurityKind)>> {
        if codes.is_empty() {
            return Ok(Vec::new());
        }
        let texts: Vec<String> = codes.iter().map(ToString::to_string).collect();
        let query = self.server.query(include_str!("sql/kinds.sql")).param("ts_codes", texts);
        let rows: Vec<ReadKind> = self.server.read("look up codes", query).await?;
        let mut found = Vec::with_capacity(rows.len());
        for code in codes {
            let bytes = row::code_bytes(*code);
            for known in rows.iter().filter(|known| known.ts_code == bytes) {
                found.push((*code, row::kind(known.kind)?));
            }
        }
        Ok(found)
    }

    async fn without_facts(&self, kind: SecurityKind) -> Result<Vec<TsCode>> {
        let query = self
            .server
            .query(include_str!("sql/codes_without_facts.sql"))
            .param("kind", row::kind_number(kind));
        let codes: Vec<ReadCode> = self.server.read("look for securities without facts", query).await?;
        codes.into_iter().map(|read| row::code(read.ts_code)).collect()
    }

    async fn spans(&self, kind: SecurityKind) -> Result<Vec<CodeSpan>> {
        let query =
            self.server.query(include_str!("sql/code_spans.sql")).param("kind", row::kind_number(kind));
        let spans: Vec<ReadSpan> = self.server.read("read the spans of securities", query).await?;
        spans
            .into_iter()
            .map(|ReadSpan { ts_code, first, last, rows }| {
                Ok(CodeSpan {
                    ts_code: row::code(ts_code)?,
                    first: row::date(first)?,
                    last: row::date(last)?,
                    rows,
                })
            })
            .collect()
    }
}
