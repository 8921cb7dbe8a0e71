//! CoinGecko and Binance as they answer.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Asked, Reply, Upstream};

pub(crate) const KEY: &str = "CG-f00dfeed7a";

/// How the server misbehaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coins {
    /// Candles a page has at most, whatever was asked for; zero is a thousand.
    pub(crate) cap: usize,
    /// When the pair was listed, milliseconds: no candle opens before.
    pub(crate) listed: i64,
    /// Time that has come, milliseconds: no candle opens after.
    pub(crate) now: i64,
    pub(crate) keeps_start: bool,
    /// The first answers to a path with this in it, before the ordinary ones.
    pub(crate) quirks: Vec<(&'static str, Reply)>,
    pub(crate) always: Vec<(&'static str, Reply)>,
}

pub(crate) struct Served {
    pub(crate) upstream: Upstream,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
}

impl Served {
    pub(crate) fn calls(&self, path: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.path.contains(path)).count()
    }
}

pub(crate) fn serve(coins: Coins) -> Served {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (heard, quirks) = (asked.clone(), Mutex::new(coins.quirks.clone()));
    let upstream = Upstream::start(move |asked| {
        heard.lock().unwrap().push(asked.clone());
        let fits = |(part, _): &(&str, Reply)| asked.path.contains(part);
        if let Some((_, reply)) = coins.always.iter().find(|always| fits(always)) {
            return reply.clone();
        }
        let mut quirks = quirks.lock().unwrap();
        if let Some(at) = quirks.iter().position(fits) {
            return quirks.remove(at).1;
        }
        drop(quirks);
        if asked.path.starts_with("/api/v3/klines?") {
            coins.klines(&asked.path)
        } else if asked.path.starts_with("/coins/markets?") {
            Reply::Json(markets().to_string())
        } else {
            Reply::Status(404, Vec::new(), "{}".into())
        }
    });
    Served { upstream, asked }
}

impl Coins {
    fn klines(&self, path: &str) -> Reply {
        let text = |name: &str| {
            path.split(['?', '&']).find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap_or_default()
        };
        let number = |name: &str| text(name).parse::<i64>().unwrap();
        if text("symbol") == "NOCOINUSDT" {
            let body = json!({"code": -1121, "msg": "Invalid symbol."}).to_string();
            return Reply::Status(400, Vec::new(), body);
        }
        let step = match text("interval") {
            "1h" => 3_600_000,
            "1d" => 86_400_000,
            other => panic!("{other}"),
        };
        let start = if self.keeps_start { number("startTime").max(self.listed) } else { self.listed };
        let limit = match self.cap {
            0 => number("limit"),
            cap => number("limit").min(i64::try_from(cap).unwrap()),
        };
        let first = (start + step - 1).div_euclid(step) * step;
        let last = number("endTime").min(self.now);
        let opens = (0..limit).map(|count| first + count * step).take_while(|opens| *opens <= last);
        let candles: Vec<Value> = opens
            .map(|opens| {
                // A candle that is not over has traded less.
                let volume = if opens + step > self.now { "1.0" } else { "2.5" };
                json!([
                    opens,
                    "100.00",
                    "110.5",
                    "90.1",
                    "105.0",
                    volume,
                    opens + step - 1,
                    "262.5",
                    7,
                    "1",
                    "2",
                    "0"
                ])
            })
            .collect();
        Reply::Json(Value::from(candles).to_string())
    }
}

fn markets() -> Value {
    let coin = |id: &str, symbol: &str, price: Value| {
        json!({
            "id": id, "symbol": symbol, "name": id, "image": "x", "current_price": price,
            "market_cap": 1_125_417_792_623_u64, "total_volume": null,
            "price_change_percentage_24h": -1.25, "last_updated": "2025-02-07T11:59:55.700Z", "roi": {"times": 1},
        })
    };
    json!([
        coin("bitcoin", "btc", json!(56768)),
        coin("ethereum", "eth", json!(2500.5)),
        coin("odd", "odd", json!(-1))
    ])
}
