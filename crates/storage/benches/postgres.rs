//! What the PostgreSQL store costs beside a bare `COPY` and bare queries, on a real server.
//!
//! `cargo bench -p stockpile-storage --features postgres --bench postgres`. Needs the package postgresql. The server runs
//! without waiting for the disk, so the figures compare ways of writing and say nothing of a disk.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program that measures")]

use std::{
    hint::black_box,
    pin::pin,
    time::{Duration, Instant},
};

use cpu_time::ProcessTime;
use jiff::{Timestamp, ToSpan as _, civil::date};
use stockpile_market::{DailyBar, SecurityKind, TradeDate, TsCode};
use stockpile_postgres_local::{Config, Server};
use stockpile_storage::{
    BarRange, HotOrder, HotQuery, NewRun, RowCounts, SourceRow, Store,
    postgres::{Options, open},
};
use tokio_postgres::{
    Client, NoTls, Statement,
    binary_copy::BinaryCopyInWriter,
    types::{ToSql, Type},
};

const CODES: usize = 5_500;
const DAYS: usize = 182;
const QUERIES: u32 = 200;
const STOCK: SecurityKind = SecurityKind::Stock;

fn main() {
    // `cargo test --all-targets` starts benches too, without this.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let server = Server::start(&Config::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store =
            open(&Options::new("127.0.0.1", "stock_data", "postgres").port(server.port())).await.unwrap();
        let url = server.url("stock_data");
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        writing(&client, &store).await;
        client.batch_execute("VACUUM ANALYZE").await.unwrap();
        reading(&client, &store).await;
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

async fn writing(client: &Client, store: &Store) {
    let rows = u32::try_from(CODES * DAYS).unwrap();
    let told = |what: &str, took: Duration| {
        println!("{what:<44} {:>9.0} rows/s", f64::from(rows) / took.as_secs_f64());
    };
    for (what, table, like) in [
        ("bare COPY, no index", "raw_heap", ""),
        ("bare COPY, the table's two indexes", "raw_indexed", "INCLUDING INDEXES"),
    ] {
        client.batch_execute(&format!("CREATE TABLE {table} (LIKE daily_bar {like})")).await.unwrap();
        let began = Instant::now();
        copy(client, table).await;
        told(what, began.elapsed());
        client.batch_execute(&format!("DROP TABLE {table}")).await.unwrap();
    }
    for what in ["a run, new rows, commit included", "a run, every row replaced, commit included"] {
        let began = Instant::now();
        write(store, 0..DAYS).await;
        told(what, began.elapsed());
    }
    let began = Instant::now();
    write(store, 7..8).await;
    println!("{:<44} {:>9.0} ms", "one day ingested again", began.elapsed().as_secs_f64() * 1000.0);
}

/// Writes days one after the other, as a plan by date does.
async fn write(store: &Store, days: std::ops::Range<usize>) {
    let new = NewRun { source: "bench".into(), kind: "daily".into(), started_at: Timestamp::UNIX_EPOCH };
    let mut run = store.ingest.start(new).await.unwrap();
    for day in days {
        let rows = (0..CODES).map(|code| SourceRow { line: 2, row: bar(code, day) }).collect();
        assert!(run.write_bars(STOCK, rows).await.unwrap().is_empty());
    }
    run.commit(RowCounts::default(), Timestamp::UNIX_EPOCH).await.unwrap();
}

async fn copy(client: &Client, table: &str) {
    let mut types = vec![Type::INT2, Type::DATE, Type::TEXT];
    types.extend([(); 9].map(|()| Type::FLOAT8));
    types.extend([Type::BOOL, Type::INT8]);
    let sink = client.copy_in(&format!("COPY {table} FROM STDIN (FORMAT binary)")).await.unwrap();
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    for number in 0..CODES * DAYS {
        let bar = bar(number % CODES, number / CODES);
        let (day, code) = (bar.trade_date.civil(), bar.ts_code.text());
        let row: [&(dyn ToSql + Sync); 14] = [
            &1_i16,
            &day,
            &code.as_str(),
            &bar.open,
            &bar.high,
            &bar.low,
            &bar.close,
            &bar.pre_close,
            &bar.change,
            &bar.pct_chg,
            &bar.vol,
            &bar.amount,
            &bar.is_adjusted(STOCK),
            &1_i64,
        ];
        writer.as_mut().write(&row).await.unwrap();
    }
    writer.finish().await.unwrap();
}

async fn reading(client: &Client, store: &Store) {
    let (day, code) = (trade_date(100), ts_code(1234));
    let hot = HotQuery { kind: STOCK, trade_date: day, order: HotOrder::Amount, exchange: None, limit: 20 };
    let range = BarRange::Last(u32::MAX);
    let (civil, text, suffix) = (day.civil(), code.text(), None::<&str>);
    let sql = client.prepare(include_str!("../src/postgres/sql/hottest_by_amount.sql")).await.unwrap();
    let raw = measured(async || ask(client, &sql, &[&1_i16, &civil, &suffix, &20_i64]).await).await;
    compared("hot 20 of a day", raw, measured(async || store.bars.hottest(hot).await.unwrap()).await);
    let sql = client.prepare(include_str!("../src/postgres/sql/closes.sql")).await.unwrap();
    let raw = measured(async || ask(client, &sql, &[&1_i16, &civil]).await).await;
    let own = measured(async || store.bars.closes(STOCK, day).await.unwrap()).await;
    compared("statistics of a day", raw, own);
    let sql = client.prepare(include_str!("../src/postgres/sql/bars_last.sql")).await.unwrap();
    let raw = measured(async || ask(client, &sql, &[&text.as_str(), &1_i16, &1000_i64]).await).await;
    let own = measured(async || store.bars.of(STOCK, code, range, 1000).await.unwrap()).await;
    compared("one stock, all bars", raw, own);
}

/// Asks as a program without a store would: the statement is prepared, and each column of each row is read.
async fn ask(client: &Client, sql: &Statement, params: &[&(dyn ToSql + Sync)]) -> f64 {
    let rows = client.query(sql, params).await.unwrap();
    let mut sum = 0.0;
    for row in &rows {
        for (index, column) in row.columns().iter().enumerate() {
            if *column.type_() == Type::FLOAT8 {
                sum += row.get::<_, Option<f64>>(index).unwrap_or_default();
            }
        }
    }
    sum
}

/// Wall time and this process's CPU time of a query, milliseconds.
async fn measured<T>(query: impl AsyncFn() -> T) -> (f64, f64) {
    query().await;
    let (began, cpu) = (Instant::now(), ProcessTime::now());
    for _ in 0..QUERIES {
        black_box(query().await);
    }
    let each = |time: Duration| time.as_secs_f64() * 1000.0 / f64::from(QUERIES);
    (each(began.elapsed()), each(cpu.elapsed()))
}

fn compared(what: &str, raw: (f64, f64), own: (f64, f64)) {
    println!(
        "{what:<24} bare {:.2} ms, {:.2} ms CPU here; store {:.2} ms, {:.2} ms CPU here",
        raw.0, raw.1, own.0, own.1
    );
}
