//! Valuations in ClickHouse.

use std::collections::HashMap;

use async_trait::async_trait;
use stockpile_market::{DailyBasic, TradeDate, TsCode};

use super::{
    ClickHouse, row,
    rows::{ReadBasic, converted},
};
use crate::{DailyBasics, Result};

#[async_trait]
impl DailyBasics for ClickHouse {
    async fn latest(&self, code: TsCode) -> Result<Option<DailyBasic>> {
        let query =
            self.server.query(include_str!("sql/basic_latest.sql")).param("ts_code", code.text().as_str());
        let rows: Vec<ReadBasic> = self.server.read("read a valuation", query).await?;
        Ok(converted(rows)?.pop())
    }

    async fn on(&self, trade_date: TradeDate) -> Result<Vec<DailyBasic>> {
        let query =
            self.server.query(include_str!("sql/basics_on.sql")).param("trade_date", row::day(trade_date));
        converted::<ReadBasic, _>(self.server.read("read a day's valuations", query).await?)
    }

    async fn of(&self, codes: &[TsCode], trade_date: TradeDate) -> Result<Vec<DailyBasic>> {
        if codes.is_empty() {
            return Ok(Vec::new());
        }
        let texts: Vec<String> = codes.iter().map(ToString::to_string).collect();
        let query = self
            .server
            .query(include_str!("sql/basics_of.sql"))
            .param("trade_date", row::day(trade_date))
            .param("ts_codes", texts);
        let rows: Vec<ReadBasic> = self.server.read("read some valuations of a day", query).await?;
        let found: HashMap<TsCode, DailyBasic> =
            converted(rows)?.into_iter().map(|basic: DailyBasic| (basic.ts_code, basic)).collect();
        Ok(codes.iter().filter_map(|code| found.get(code).cloned()).collect())
    }

    async fn day_counts(&self) -> Result<Vec<(TradeDate, u32)>> {
        let query = self.server.query(include_str!("sql/basic_day_counts.sql"));
        let rows: Vec<(i32, u32)> = self.server.read("count the valuations of each day", query).await?;
        rows.into_iter().map(|(day, count)| Ok((row::date(day)?, count))).collect()
    }
}
