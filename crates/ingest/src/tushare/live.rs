//! Quotes of the running day: three interfaces, each with a permission of its own.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp, civil, tz::Offset};
use serde_json::{Value, json};
use stockpile_market::{EXCHANGE_UTC_OFFSET_S, SecurityKind, TsCode, exchange_date};

use super::{INDICES, Patience, Tushare, answer::Page};
use crate::{Error, Result, table::Table, web::Web};

/// A quote that is wanted every few seconds is not waited for longer.
const PATIENCE: Patience = Patience {
    connect: std::time::Duration::from_secs(5),
    silence: std::time::Duration::from_secs(10),
    whole: std::time::Duration::from_secs(15),
};
/// Calls a minute that are asked of one interface; what it allows depends on the account and is not told.
const CALLS_A_MINUTE: u32 = 50;
/// How far the source's clock may be before ours.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// What every row has.
const REQUIRED: [&str; 2] = ["ts_code", "close"];
const FIELDS: &str = "ts_code,name,pre_close,high,open,low,close,vol,amount,trade_time";
/// Ways in which a time with its day is written.
const TIMES: [&str; 3] = ["%Y-%m-%d %H:%M:%S", "%Y%m%d %H:%M:%S", "%Y%m%d%H%M%S"];

/// What can be asked at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LiveBoard {
    /// Stocks of the three exchanges: `rt_k`, <https://tushare.pro/document/2?doc_id=372>.
    Stocks,
    /// Exchange-traded funds: `rt_etf_k`, <https://tushare.pro/document/2?doc_id=400>.
    Etfs,
    /// The indices that market overviews show: `rt_idx_k`, <https://tushare.pro/document/2?doc_id=403>.
    Indices,
}

impl LiveBoard {
    /// Every board.
    pub const ALL: [Self; 3] = [Self::Stocks, Self::Etfs, Self::Indices];

    /// The interface's name at Tushare.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stocks => "rt_k",
            Self::Etfs => "rt_etf_k",
            Self::Indices => "rt_idx_k",
        }
    }

    const fn kind(self) -> SecurityKind {
        match self {
            Self::Stocks => SecurityKind::Stock,
            Self::Etfs => SecurityKind::Etf,
            Self::Indices => SecurityKind::Index,
        }
    }

    /// Shares in one unit of `vol`. The page of indices names no unit; the volumes of its example are lots.
    const fn shares(self) -> f64 {
        match self {
            Self::Stocks | Self::Etfs => 1.0,
            Self::Indices => 100.0,
        }
    }

    /// Parameters of each call. The source advises against asking for the whole market at once.
    fn calls(self) -> Vec<Value> {
        match self {
            Self::Stocks => ["6*.SH", "0*.SZ", "3*.SZ", "4*.BJ,8*.BJ,9*.BJ"]
                .map(|codes| json!({ "ts_code": codes }))
                .to_vec(),
            Self::Etfs => {
                vec![json!({"ts_code": "5*.SH", "topic": "HQ_FND_TICK"}), json!({"ts_code": "1*.SZ"})]
            }
            Self::Indices => vec![json!({"ts_code": INDICES.join(",")})],
        }
    }
}

/// The price of a security and its day so far, in the units of a daily bar.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveQuote {
    /// Security.
    pub ts_code: TsCode,
    /// Its kind.
    pub kind: SecurityKind,
    /// Its name at the source.
    pub name: Option<String>,
    /// When the price was made; where the source does not say, when it was told.
    pub time: Timestamp,
    /// Last price, CNY (indices: points).
    pub price: f64,
    /// First price of the day, CNY (indices: points).
    pub open: Option<f64>,
    /// Highest price so far, CNY (indices: points).
    pub high: Option<f64>,
    /// Lowest price so far, CNY (indices: points).
    pub low: Option<f64>,
    /// Close of the day before on this day's basis, CNY (indices: points).
    pub pre_close: Option<f64>,
    /// Volume so far, lots of 100 shares.
    pub vol: Option<f64>,
    /// Turnover so far, thousand CNY.
    pub amount: Option<f64>,
}

/// What a board said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Quotes of this day, one a security.
    pub quotes: Vec<LiveQuote>,
    /// Rows that cannot be right, or are of another day.
    pub refused: u64,
}

impl Tushare {
    /// The same account, for whoever does not wait long for an answer.
    ///
    /// # Errors
    ///
    /// [`Error::Connection`] when this machine cannot make TLS connections.
    pub(crate) fn hurried(&self) -> Result<Self> {
        let web = Web::new(super::SERVICE, &self.address, PATIENCE)?.hiding(Some(self.token.clone()));
        Ok(Self { web, ..self.clone() })
    }

    /// Asks a board for the quotes of this day. A failure is not tried again here: the next look is soon.
    pub(crate) async fn live(&self, board: LiveBoard) -> Result<Snapshot> {
        let (mut quotes, mut refused) = (HashMap::new(), 0);
        for params in board.calls() {
            let most = CALLS_A_MINUTE.min(self.calls_a_minute);
            self.limiter.turn(board.name(), most).await;
            let asked = format!("{} {}", board.name(), params["ts_code"].as_str().unwrap_or_default());
            let answered = self.post(board.name(), &params, FIELDS, &asked, &REQUIRED).await;
            let Page { table, .. } = answered.inspect_err(|error| {
                if let Error::TooOften { per_minute: Some(per_minute), .. } = error {
                    self.limiter.slow(board.name(), *per_minute);
                }
            })?;
            // A price is not known to a fraction of a second.
            let told = self.clock.now();
            let told = Timestamp::from_second(told.as_second()).unwrap_or(told);
            for row in &table.rows {
                match quote(&table, row, board, told) {
                    Row::Quote(quote) => drop(quotes.insert(quote.ts_code, quote)),
                    Row::Nothing => {}
                    Row::Refused => refused += 1,
                }
            }
        }
        Ok(Snapshot { quotes: quotes.into_values().collect(), refused })
    }
}

enum Row {
    Quote(LiveQuote),
    /// Of a security that has not traded yet, or of no exchange in the store.
    Nothing,
    Refused,
}

fn quote(table: &Table, row: &[Value], board: LiveBoard, told: Timestamp) -> Row {
    let value = |name| table.position(name).and_then(|at| row.get(at)).unwrap_or(&Value::Null);
    let Some(code) = value("ts_code").as_str() else { return Row::Refused };
    let Ok(ts_code) = code.parse::<TsCode>() else {
        return if super::rows::is_foreign(code) { Row::Nothing } else { Row::Refused };
    };
    // `3*.SZ` fits an index as well as a stock.
    if SecurityKind::of(ts_code).is_some_and(|kind| kind != board.kind()) {
        return Row::Nothing;
    }
    let numbers =
        ["close", "open", "high", "low", "pre_close", "vol", "amount"].map(|name| number(value(name)));
    let [Ok(price), Ok(open), Ok(high), Ok(low), Ok(pre_close), Ok(vol), Ok(amount)] = numbers else {
        return Row::Refused;
    };
    // Where nothing was traded, the source writes 0.
    let price_of = |number: Option<f64>| number.filter(|price| *price > 0.0);
    let Some(price) = price_of(price) else { return Row::Nothing };
    let (high, low) = (price_of(high), price_of(low));
    if high.zip(low).is_some_and(|(high, low)| high < low) {
        return Row::Refused;
    }
    let time = match value("trade_time") {
        Value::Null => Some(told),
        Value::String(text) if text.trim().is_empty() => Some(told),
        Value::String(text) => traded_at(text.trim(), told),
        _ => None,
    };
    let Some(time) = time else { return Row::Refused };
    Row::Quote(LiveQuote {
        ts_code,
        kind: board.kind(),
        name: value("name").as_str().map(str::trim).filter(|name| !name.is_empty()).map(ToOwned::to_owned),
        time,
        price,
        open: price_of(open),
        high,
        low,
        pre_close: price_of(pre_close),
        vol: vol.map(|vol| vol * board.shares() / 100.0),
        amount: amount.map(|cny| cny / 1000.0),
    })
}

/// A number that is not below zero; `Ok(None)` where the source has none.
fn number(value: &Value) -> Result<Option<f64>, ()> {
    let number = match value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text.trim().is_empty() => return Ok(None),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite() && *number >= 0.0).map(Some).ok_or(())
}

/// Reads a time at the exchange; one of another day than `told`, or well after it, is none.
fn traded_at(text: &str, told: Timestamp) -> Option<Timestamp> {
    let today = exchange_date(told.as_second());
    let civil = match civil::Time::strptime("%H:%M:%S", text) {
        Ok(time) => today.civil().to_datetime(time),
        Err(_) => TIMES.iter().find_map(|format| civil::DateTime::strptime(format, text).ok())?,
    };
    let offset = Offset::from_seconds(i32::try_from(EXCHANGE_UTC_OFFSET_S).ok()?).ok()?;
    let time = offset.to_timestamp(civil).ok()?;
    (civil.date() == today.civil() && time <= told.saturating_add(SKEW).ok()?).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2025-02-07T10:15:03+08:00";

    fn read(board: LiveBoard, row: &[(&str, Value)]) -> Row {
        let columns = row.iter().map(|(name, _)| (*name).to_owned()).collect();
        let values: Vec<_> = row.iter().map(|(_, value)| value.clone()).collect();
        let table = Table { columns, rows: Vec::new() };
        quote(&table, &values, board, NOW.parse().unwrap())
    }

    fn row(changes: &[(&'static str, Value)]) -> Vec<(&'static str, Value)> {
        let mut row = vec![
            ("ts_code", json!("601866.SH")),
            ("name", json!("中远海发")),
            ("pre_close", json!(2.28)),
            ("high", json!(2.28)),
            ("open", json!(2.28)),
            ("low", json!(2.23)),
            ("close", json!(2.24)),
            ("vol", json!(55_845_293)),
            ("amount", json!(125_364_882)),
            ("trade_time", json!("10:15:00")),
        ];
        for (name, value) in changes {
            row.iter_mut().find(|(column, _)| column == name).unwrap().1 = value.clone();
        }
        row
    }

    fn read_with(changes: &[(&'static str, Value)]) -> Option<LiveQuote> {
        match read(LiveBoard::Stocks, &row(changes)) {
            Row::Quote(quote) => Some(quote),
            Row::Nothing | Row::Refused => None,
        }
    }

    fn is_refused(changes: &[(&'static str, Value)]) -> bool {
        matches!(read(LiveBoard::Stocks, &row(changes)), Row::Refused)
    }

    #[test]
    fn shares_become_lots_and_yuan_thousands() {
        let quote = read_with(&[]).unwrap();
        assert_eq!((quote.vol, quote.amount), (Some(558_452.93), Some(125_364.882)));
        assert_eq!((quote.price, quote.pre_close, quote.kind), (2.24, Some(2.28), SecurityKind::Stock));
        assert_eq!(quote.time, "2025-02-07T10:15:00+08:00".parse().unwrap());
        assert_eq!(quote.name.as_deref(), Some("中远海发"));
        let Row::Quote(index) = read(LiveBoard::Indices, &row(&[("ts_code", json!("000001.SH"))])) else {
            panic!("an index has a quote")
        };
        assert_eq!((index.vol, index.kind), (Some(55_845_293.0), SecurityKind::Index));
    }

    #[test]
    fn what_has_not_traded_has_no_price_and_no_zero_stands_for_one() {
        let none = [("close", json!(0)), ("open", json!(0)), ("high", json!(0)), ("low", json!(0))];
        assert!(matches!(read(LiveBoard::Stocks, &row(&none)), Row::Nothing));
        assert!(matches!(read(LiveBoard::Stocks, &row(&[("close", Value::Null)])), Row::Nothing));
        let halted = read_with(&[("open", json!(0)), ("high", json!(0)), ("low", json!(0))]).unwrap();
        assert_eq!((halted.price, halted.open, halted.high, halted.low), (2.24, None, None, None));
        let silent = read_with(&[("vol", Value::Null), ("amount", json!(""))]).unwrap();
        assert_eq!((silent.vol, silent.amount), (None, None));
    }

    #[test]
    fn a_price_of_another_day_is_never_this_days() {
        for (time, stands) in [
            ("2025-02-07 10:15:00", true),
            ("20250207 10:15:00", true),
            ("20250207101500", true),
            ("2025-02-06 15:00:00", false),
            // The last price of the day before, told in the morning.
            ("15:00:00", false),
            ("10:15:59", true),
            ("soon", false),
        ] {
            let read = read_with(&[("trade_time", json!(time))]);
            assert_eq!(read.is_some(), stands, "{time}");
            assert!(stands || is_refused(&[("trade_time", json!(time))]), "{time}");
        }
        let untold = read_with(&[("trade_time", Value::Null)]).unwrap();
        assert_eq!(untold.time, NOW.parse().unwrap());
    }

    #[test]
    fn rows_that_cannot_be_right_are_refused_and_other_markets_passed_over() {
        for change in [
            ("ts_code", json!("601866")),
            ("ts_code", json!(601_866)),
            ("close", json!("a")),
            ("close", json!([2.24])),
            ("low", json!(2.29)),
            ("vol", json!(-1)),
            ("amount", json!("NaN")),
            ("trade_time", json!(101_500)),
        ] {
            assert!(is_refused(std::slice::from_ref(&change)), "{change:?}");
        }
        for code in ["161725.OF", "399001.SZ"] {
            assert!(
                matches!(read(LiveBoard::Stocks, &row(&[("ts_code", json!(code))])), Row::Nothing),
                "{code}"
            );
        }
    }
}
