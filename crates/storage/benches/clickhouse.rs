//! What the ClickHouse store costs beside the bare driver and bare HTTP, on a real engine.
//!
//! `cargo bench -p stockpile-storage --features clickhouse --bench clickhouse [-- --long]`; with `--long` ten million rows
//! more are written and the memory is watched. Needs `scripts/fetch-clickhouse`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program that measures")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use clickhouse::{Client, Row};
use cpu_time::ProcessTime;
use jiff::{Timestamp, ToSpan as _, civil::date};
use serde::Serialize;
use stockpile_clickhouse_local::{Config, Engine};
use stockpile_market::{DailyBar, SecurityKind, TradeDate, TsCode};
use stockpile_storage::{
    BarRange, HotOrder, HotQuery, NewRun, RowCounts, RunWriter, SourceRow, Store,
    clickhouse::{Options, open},
};

const CODES: usize = 5_500;
const DAYS: usize = 250;
/// Rows the comparison writes.
const ROWS: usize = 1_000_000;
const BATCH: usize = 100_000;
const QUERIES: u32 = 200;
const STOCK: SecurityKind = SecurityKind::Stock;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test --all-targets` starts benches too, without this.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    // As other benches do: a word keeps to those whose name holds it.
    let words: Vec<&String> =
        arguments.iter().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if !words.is_empty() && !words.iter().any(|word| "clickhouse".contains(word.as_str())) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let engine = match Engine::start(&Config::default()) {
        Ok(engine) => engine,
        Err(error) => return println!("clickhouse: left out: {error}"),
    };
    let options = Options::new("127.0.0.1")
        .port(engine.port())
        .timeouts(Duration::from_secs(5), Duration::from_secs(120));
    runtime.block_on(async {
        let store = open(&options).await.unwrap();
        insert_rate(&engine, &store).await;
        fill(&engine, &store).await;
        reads(&engine, &store).await;
        let client = Client::default().with_url(engine.url());
        client.query("SYSTEM START MERGES").execute().await.unwrap();
        day_again(&store).await;
        if arguments.iter().any(|argument| argument == "--long") {
            memory(&engine, &store).await;
        }
    });
}

/// A bar of made-up figures.
fn bar(code: usize, day: usize) -> DailyBar {
    let figure = (code * 7919 + day * 104_729) % 5_000;
    let close = 5.0 + f64::from(u32::try_from(figure).unwrap()) / 100.0;
    DailyBar {
        ts_code: ts_code(code),
        trade_date: trade_date(day),
        open: Some(close),
        high: Some(close + 0.5),
        low: Some(close - 0.5),
        close,
        pre_close: Some(close - 0.01),
        change: Some(0.01),
        pct_chg: Some(1.0 / close),
        vol: Some(close * 1_000.5),
        amount: Some(close * 100.25),
    }
}

fn ts_code(code: usize) -> TsCode {
    format!("{:06}.{}", code * 37 + 1, if code.is_multiple_of(2) { "SH" } else { "SZ" }).parse().unwrap()
}

/// Every day is a trading day here.
fn trade_date(day: usize) -> TradeDate {
    (date(2024, 1, 2) + i64::try_from(day).unwrap().days()).into()
}

async fn start(store: &Store) -> Box<dyn RunWriter> {
    let run = NewRun { source: "bench".into(), kind: "daily".into(), started_at: Timestamp::UNIX_EPOCH };
    store.ingest.start(run).await.unwrap()
}

/// Writes days one after the other, as a plan by date does; `each` is told after every day.
async fn write_days(store: &Store, days: std::ops::Range<usize>, mut each: impl FnMut(usize)) {
    let mut run = start(store).await;
    for day in days {
        let rows = (0..CODES).map(|code| SourceRow { line: 2, row: bar(code, day) }).collect();
        assert!(run.write_bars(STOCK, rows).await.unwrap().is_empty());
        each(day);
    }
    run.commit(RowCounts::default(), Timestamp::UNIX_EPOCH).await.unwrap();
}

/// The columns of `daily_bar`, for the bare driver.
#[derive(Row, Serialize)]
struct RawBar {
    kind: u8,
    ts_code: [u8; 9],
    trade_date: i32,
    open: Option<f64>,
    high: Option<f64>,
    low: Option<f64>,
    close: f64,
    pre_close: Option<f64>,
    change: Option<f64>,
    pct_chg: Option<f64>,
    vol: Option<f64>,
    amount: Option<f64>,
    adjusted: bool,
    version: u64,
}

async fn insert_rate(engine: &Engine, store: &Store) {
    let client = Client::default()
        .with_url(engine.url())
        .with_database("stock_data")
        .with_setting("async_insert", "0");
    let mut rates = [Vec::new(), Vec::new()];
    for round in 0..3 {
        client.query(&format!("CREATE TABLE raw_{round} AS daily_bar")).execute().await.unwrap();
        let began = Instant::now();
        let mut written = 0;
        while written < ROWS {
            let mut insert = client.insert::<RawBar>(&format!("raw_{round}")).await.unwrap();
            for number in written..written + BATCH {
                let bar = bar(number % CODES, number / CODES);
                let mut code = [0; 9];
                code.copy_from_slice(bar.ts_code.text().as_str().as_bytes());
                let row = RawBar {
                    kind: 1,
                    ts_code: code,
                    trade_date: 19_724 + i32::try_from(number / CODES).unwrap(),
                    open: bar.open,
                    high: bar.high,
                    low: bar.low,
                    close: bar.close,
                    pre_close: bar.pre_close,
                    change: bar.change,
                    pct_chg: bar.pct_chg,
                    vol: bar.vol,
                    amount: bar.amount,
                    adjusted: bar.is_adjusted(STOCK),
                    version: 1,
                };
                insert.write(&row).await.unwrap();
            }
            insert.end().await.unwrap();
            written += BATCH;
        }
        rates[0].push(per_second(ROWS, began.elapsed()));
        client.query(&format!("DROP TABLE raw_{round} SYNC")).execute().await.unwrap();

        // Every round writes days of its own, so that each has the same to do.
        let days = ROWS.div_ceil(CODES);
        let first = 1_000 * (round + 1);
        let began = Instant::now();
        write_days(store, first..first + days, |_| ()).await;
        rates[1].push(per_second(days * CODES, began.elapsed()));
    }
    let [raw, ours] = rates.map(median);
    println!(
        "insert 1M typed rows: driver {raw:.0} rows/s, store with its commit {ours:.0} rows/s: {:.2}",
        ours / raw
    );
}

/// A year of days, merged; then a second version of the newest ones that stays beside the first. Nothing merges while the
/// reads are measured.
async fn fill(engine: &Engine, store: &Store) {
    let client = Client::default().with_url(engine.url()).with_database("stock_data");
    write_days(store, 0..DAYS, |_| ()).await;
    client.query("OPTIMIZE TABLE daily_bar FINAL").execute().await.unwrap();
    client.query("SYSTEM STOP MERGES").execute().await.unwrap();
    for day in DAYS - 5..DAYS {
        write_days(store, day..day + 1, |_| ()).await;
    }
}

async fn reads(engine: &Engine, store: &Store) {
    let (merged, twice) = (trade_date(100), trade_date(DAYS - 1));
    let code = ts_code(2_000);
    for (name, day) in [("hot list", merged), ("hot list, day with two versions", twice)] {
        let query =
            HotQuery { kind: STOCK, trade_date: day, order: HotOrder::Amount, exchange: None, limit: 50 };
        let sql = literal(
            include_str!("../src/clickhouse/sql/hottest_by_amount.sql"),
            &[
                ("kind:UInt8", "1"),
                ("trade_date:Int32", &day_literal(day)),
                ("suffix:String", "''"),
                ("limit:UInt32", "50"),
            ],
        );
        compare(engine, name, &sql, async || store.bars.hottest(query).await.unwrap().len()).await;
    }
    for (name, day) in [("market stats", merged), ("market stats, day with two versions", twice)] {
        let sql = literal(
            include_str!("../src/clickhouse/sql/closes.sql"),
            &[("kind:UInt8", "1"), ("trade_date:Int32", &day_literal(day))],
        );
        compare(engine, name, &sql, async || store.bars.closes(STOCK, day).await.unwrap().len()).await;
    }
    let sql = literal(
        include_str!("../src/clickhouse/sql/bars_last.sql"),
        &[("kind:UInt8", "1"), ("ts_code:String", &format!("'{code}'")), ("count:UInt32", "250")],
    );
    let last = BarRange::Last(250);
    compare(engine, "one stock, 250 bars", &sql, async || {
        store.bars.of(STOCK, code, last, 250).await.unwrap().len()
    })
    .await;
}

/// The same question over bare HTTP and through the store, in turns; CPU of both ends.
async fn compare(engine: &Engine, name: &str, sql: &str, ask: impl AsyncFn() -> usize) {
    let mut http = Http::connect(engine.port());
    assert!(ask().await > 0 && http.post(sql) > 0);
    let mut spent = [[0.0; 2]; 2];
    for _ in 0..4 {
        let (client, server) = (ProcessTime::now(), cpu_of(engine));
        for _ in 0..QUERIES / 4 {
            http.post(sql);
        }
        spent[0][0] += client.elapsed().as_secs_f64();
        spent[0][1] += cpu_of(engine) - server;
        let (client, server) = (ProcessTime::now(), cpu_of(engine));
        for _ in 0..QUERIES / 4 {
            ask().await;
        }
        spent[1][0] += client.elapsed().as_secs_f64();
        spent[1][1] += cpu_of(engine) - server;
    }
    let [http, store] = spent.map(|both| both.map(|seconds| seconds * 1000.0 / f64::from(QUERIES)));
    println!(
        "{name}: bare HTTP {:.2} + {:.2} ms, store {:.2} + {:.2} ms (client + server CPU): server {:.2}, both {:.2}",
        http[0],
        http[1],
        store[0],
        store[1],
        store[1] / http[1],
        (store[0] + store[1]) / (http[0] + http[1])
    );
}

async fn day_again(store: &Store) {
    let mut times = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        write_days(store, DAYS - 1..DAYS, |_| ()).await;
        times.push(began.elapsed().as_secs_f64());
    }
    println!("a day of {CODES} bars again, lock to commit: {:.0} ms", median(times) * 1000.0);
}

async fn memory(engine: &Engine, store: &Store) {
    const LONG: usize = 1_820;
    let mut at = Vec::new();
    let began = Instant::now();
    write_days(store, 10_000..10_000 + LONG, |day| {
        if (day - 9_999).is_multiple_of(LONG / 10) {
            at.push((resident("self"), engine.pid().map_or(0, |pid| resident(&pid.to_string()))));
        }
    })
    .await;
    println!(
        "{} rows in one run: {:.0} s; MiB of this process and the engine after each tenth: {at:?}",
        LONG * CODES,
        began.elapsed().as_secs_f64()
    );
}

/// Keep-alive HTTP/1.1 and nothing else.
struct Http {
    stream: BufReader<TcpStream>,
}

impl Http {
    fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    /// Sends a query and reads its answer; gives the number of bytes.
    fn post(&mut self, sql: &str) -> usize {
        let head = format!(
            "POST /?database=stock_data&default_format=RowBinaryWithNamesAndTypes HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
            sql.len()
        );
        self.stream.get_mut().write_all(&[head.as_bytes(), sql.as_bytes()].concat()).unwrap();
        let status = self.line();
        assert!(status.contains(" 200 "), "{status}");
        while !self.line().is_empty() {}
        let mut total = 0;
        loop {
            let size = usize::from_str_radix(&self.line(), 16).unwrap();
            let mut chunk = vec![0; size + 2];
            self.stream.read_exact(&mut chunk).unwrap();
            total += size;
            if size == 0 {
                return total;
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

/// The text of a query with its parameters in place.
fn literal(sql: &str, parameters: &[(&str, &str)]) -> String {
    parameters.iter().fold(sql.to_owned(), |sql, (name, value)| sql.replace(&format!("{{{name}}}"), value))
}

fn day_literal(day: TradeDate) -> String {
    format!("{}", (day.civil() - date(1970, 1, 1)).get_days())
}

/// Seconds of CPU the engine has used.
fn cpu_of(engine: &Engine) -> f64 {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{}/stat", engine.pid().unwrap())).unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let ticks: f64 =
        after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum();
    ticks / TICKS_PER_SECOND
}

/// Memory a process has in use, MiB.
fn resident(process: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

fn per_second(rows: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(rows).unwrap()) / time.as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
