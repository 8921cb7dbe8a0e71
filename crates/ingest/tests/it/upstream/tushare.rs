//! Tushare as it answers: HTTP 200 also for errors, rows capped, columns in any order, numbers null.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::{Asked, Reply, Upstream};

pub(crate) const TOKEN: &str = "7b1c0e9f5a8d4c26a3e1f0b92d64587c";

/// A few weeks around the Spring Festival of 2025.
pub(crate) const OPEN_DAYS: [&str; 6] =
    ["20250123", "20250124", "20250127", "20250205", "20250206", "20250207"];

pub(crate) const TOO_OFTEN: &str =
    "抱歉，您每分钟最多访问该接口60次，权限的具体详情访问：https://tushare.pro/document/1?doc_id=108。";

/// What the market has and how the server misbehaves.
#[derive(Clone, Debug)]
pub(crate) struct Market {
    pub(crate) stocks: usize,
    pub(crate) funds: usize,
    /// Rows an answer has at most, whatever was asked for.
    pub(crate) cap: usize,
    pub(crate) keeps_offsets: bool,
    /// Whether an answer tells that there are more rows.
    pub(crate) says_more: bool,
    pub(crate) has_calendar: bool,
    /// Price of everything on the running day.
    pub(crate) live_price: f64,
    /// Days that have no rows yet.
    pub(crate) unpublished: Vec<&'static str>,
    /// The first answers to an interface, before the ordinary ones; `*` is any.
    pub(crate) quirks: Vec<(&'static str, Reply)>,
    /// Answers to an interface for ever.
    pub(crate) always: Vec<(&'static str, Reply)>,
}

impl Default for Market {
    fn default() -> Self {
        Self {
            stocks: 5,
            funds: 3,
            cap: 8000,
            keeps_offsets: true,
            says_more: false,
            has_calendar: true,
            live_price: 10.4,
            unpublished: Vec::new(),
            quirks: Vec::new(),
            always: Vec::new(),
        }
    }
}

/// A refusal as Tushare words it.
pub(crate) fn refusal(code: i64, message: &str) -> Reply {
    Reply::Json(json!({"request_id": "r", "code": code, "msg": message, "data": null}).to_string())
}

/// A server and the bodies it was sent.
pub(crate) struct Served {
    pub(crate) upstream: Upstream,
    pub(crate) asked: Arc<Mutex<Vec<Value>>>,
}

impl Served {
    pub(crate) fn calls(&self, interface: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|body| body["api_name"] == interface).count()
    }
}

pub(crate) fn serve(market: Market) -> Served {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (heard, quirks) = (asked.clone(), Mutex::new(market.quirks.clone()));
    let upstream = Upstream::start(move |asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        heard.lock().unwrap().push(body.clone());
        let name = body["api_name"].as_str().unwrap().to_owned();
        let fits = |(interface, _): &(&str, Reply)| *interface == "*" || *interface == name;
        if let Some((_, reply)) = market.always.iter().find(|always| fits(always)) {
            return reply.clone();
        }
        let mut quirks = quirks.lock().unwrap();
        if let Some(at) = quirks.iter().position(fits) {
            return quirks.remove(at).1;
        }
        drop(quirks);
        market.answer(asked, &body)
    });
    Served { upstream, asked }
}

/// A row: columns by name.
type Row = Vec<(&'static str, Value)>;

impl Market {
    fn answer(&self, asked: &Asked, body: &Value) -> Reply {
        assert!(!asked.path.contains(TOKEN) && !asked.headers.concat().contains(TOKEN));
        if body["token"] != TOKEN {
            return refusal(40101, "您的token不对，请确认。");
        }
        let fields: Vec<&str> = body["fields"].as_str().unwrap().split(',').collect();
        let mut rows = self.rows(body["api_name"].as_str().unwrap(), &body["params"]);
        let number = |name: &str| body["params"][name].as_u64().map_or(0, |number| number as usize);
        if self.keeps_offsets {
            rows.drain(..number("offset").min(rows.len()));
        }
        let limit = body["params"]["limit"].as_u64().map_or(self.cap, |limit| limit as usize);
        let whole = rows.len();
        rows.truncate(limit.min(self.cap));
        let has_more = self.says_more.then_some(rows.len() < whole);
        // Columns in another order than asked for, and one nobody asked for.
        let mut columns: Vec<&str> = fields.into_iter().rev().collect();
        columns.insert(1, "new_column");
        let items: Vec<Value> = rows
            .iter()
            .map(|row| {
                let value = |name: &&str| {
                    row.iter()
                        .find(|(column, _)| column == name)
                        .map_or(Value::Null, |(_, value)| value.clone())
                };
                columns.iter().map(value).collect()
            })
            .collect();
        Reply::Json(
            json!({
                "request_id": "r", "code": 0, "msg": "",
                "data": {"fields": columns, "items": items, "has_more": has_more},
            })
            .to_string(),
        )
    }

    fn stock(number: usize) -> String {
        format!("{:06}.SZ", number + 1)
    }

    fn fund(number: usize) -> String {
        format!("51{number:04}.SH")
    }

    /// Quotes of the codes asked for, of which `*` stands for any digits; volumes in what makes a lot of so many.
    fn live(&self, wanted: &str, lot: f64) -> Vec<Row> {
        let codes = (0..self.stocks).map(Self::stock).chain((0..self.funds).map(Self::fund));
        let indices = ["000001.SH", "399001.SZ"].map(ToOwned::to_owned);
        let fits = |code: &String| {
            wanted.split(',').any(|wanted| match wanted.split_once('*') {
                Some((start, end)) => code.starts_with(start) && code.ends_with(end),
                None => code == wanted,
            })
        };
        codes
            .chain(indices)
            .filter(fits)
            .map(|code| {
                vec![
                    ("ts_code", json!(code)),
                    ("name", json!("平安银行")),
                    ("pre_close", json!(10)),
                    ("open", json!(10.1)),
                    ("high", json!(10.5)),
                    ("low", json!(0)),
                    ("close", json!(self.live_price)),
                    ("vol", json!(1234.0 * lot)),
                    ("amount", json!(5_678_000)),
                    ("trade_time", Value::Null),
                ]
            })
            .collect()
    }

    fn rows(&self, interface: &str, params: &Value) -> Vec<Row> {
        let text = |name: &str| params[name].as_str().unwrap_or_default().to_owned();
        let day = text("trade_date");
        let is_open = OPEN_DAYS.contains(&day.as_str()) && !self.unpublished.contains(&day.as_str());
        let of_day = |count: usize, row: &dyn Fn(usize) -> Row| -> Vec<Row> {
            (0..if is_open { count } else { 0 }).map(row).collect()
        };
        match interface {
            "trade_cal" if self.has_calendar => calendar(&text("start_date"), &text("end_date")),
            "stock_basic" => match text("list_status").as_str() {
                "L" => (0..self.stocks).map(|number| stock_facts(&Self::stock(number), "L")).collect(),
                "D" => vec![stock_facts("000999.SZ", "D"), stock_facts("T00018.SH", "D")],
                _ => Vec::new(),
            },
            "fund_basic" => (0..self.funds)
                .map(|number| {
                    vec![
                        ("ts_code", json!(Self::fund(number))),
                        ("name", json!("基金")),
                        ("status", json!("L")),
                    ]
                })
                .collect(),
            "index_basic" => index_facts(&text("market")),
            "daily" => of_day(self.stocks, &|number| bar(&Self::stock(number), &day, number)),
            "fund_daily" => of_day(self.funds, &|number| bar(&Self::fund(number), &day, number)),
            "index_daily" => OPEN_DAYS
                .iter()
                .filter(|day| (text("start_date")..=text("end_date")).contains(&(**day).to_owned()))
                .filter(|day| !self.unpublished.contains(day))
                .map(|day| bar(&text("ts_code"), day, 7))
                .collect(),
            "adj_factor" => of_day(self.stocks, &|number| factor(&Self::stock(number), &day)),
            "fund_adj" => of_day(self.funds, &|number| factor(&Self::fund(number), &day)),
            "daily_basic" => of_day(self.stocks, &|number| {
                // A loss has no ratio.
                vec![
                    ("ts_code", json!(Self::stock(number))),
                    ("trade_date", json!(day)),
                    ("close", json!(10.5)),
                    ("turnover_rate", json!(0.4346)),
                    ("pe_ttm", if number == 0 { Value::Null } else { json!(4.75) }),
                    ("pb", json!(0.51)),
                    ("total_mv", json!(22_064_529.0)),
                    ("circ_mv", json!(22_064_167.0)),
                ]
            }),
            "stk_limit" => of_day(self.stocks, &|number| {
                vec![
                    ("ts_code", json!(Self::stock(number))),
                    ("trade_date", json!(day)),
                    ("pre_close", json!(10.0)),
                    ("up_limit", json!(11.0)),
                    ("down_limit", json!(9)),
                ]
            }),
            "rt_k" => self.live(&text("ts_code"), 100.0),
            "rt_etf_k" if text("ts_code").starts_with('5') && text("topic") != "HQ_FND_TICK" => Vec::new(),
            "rt_etf_k" => self.live(&text("ts_code"), 100.0),
            "rt_idx_k" => self.live(&text("ts_code"), 1.0),
            // Nothing is suspended on most days.
            "suspend_d" if day == "20250206" => {
                vec![vec![
                    ("ts_code", json!("000001.SZ")),
                    ("trade_date", json!(day)),
                    ("suspend_type", json!("S")),
                ]]
            }
            _ => Vec::new(),
        }
    }
}

fn bar(code: &str, day: &str, number: usize) -> Row {
    let close = 10.0 + (number % 50) as f64 / 100.0;
    vec![
        ("ts_code", json!(code)),
        ("trade_date", json!(day)),
        ("open", json!(10)),
        ("high", json!(11.0)),
        ("low", json!(9.5)),
        ("close", json!(close)),
        ("pre_close", json!(10.0)),
        ("change", Value::Null),
        ("pct_chg", json!(-0.8718)),
        ("vol", json!(843_433.7)),
        ("amount", json!(961_193.579)),
    ]
}

fn factor(code: &str, day: &str) -> Row {
    vec![("ts_code", json!(code)), ("trade_date", json!(day)), ("adj_factor", json!(127.5))]
}

fn stock_facts(code: &str, status: &str) -> Row {
    vec![
        ("ts_code", json!(code)),
        ("name", json!("平安银行")),
        ("area", json!("深圳")),
        ("industry", json!("银行")),
        ("cnspell", json!("PAYH")),
        ("list_date", json!("19910403")),
        ("list_status", json!(status)),
    ]
}

fn index_facts(market: &str) -> Vec<Row> {
    let row = |code: &str, name: &str| {
        vec![
            ("ts_code", json!(code)),
            ("name", json!(name)),
            ("publisher", json!("中证公司")),
            ("list_date", json!("20050408")),
        ]
    };
    match market {
        "SSE" => vec![row("000001.SH", "上证指数"), row("000300.SH", "沪深300")],
        "CSI" => vec![row("000300.SH", "沪深300 (中证)"), row("H11001.CSI", "中证综债")],
        _ => Vec::new(),
    }
}

/// Every day of a span of years, or none: a single year is not answered.
fn calendar(first: &str, last: &str) -> Vec<Row> {
    if first[..4] == last[..4] {
        return Vec::new();
    }
    let first: jiff::civil::Date = parse(first);
    let last = parse(last);
    let days = first.series(jiff::ToSpan::days(1)).take_while(|day| *day <= last);
    days.map(|day| {
        let mut text = String::new();
        let _ = write!(text, "{}", day.strftime("%Y%m%d"));
        let open = OPEN_DAYS.contains(&text.as_str());
        vec![("exchange", json!("SSE")), ("cal_date", json!(text)), ("is_open", json!(u8::from(open)))]
    })
    .collect()
}

fn parse(day: &str) -> jiff::civil::Date {
    jiff::civil::Date::strptime("%Y%m%d", day).unwrap()
}
