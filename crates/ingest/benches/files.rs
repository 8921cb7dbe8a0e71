//! Rows per CPU second from a packed file into SQLite, end to end, for both orders that files come in.
//!
//! Run alone: `cargo bench -p stockpile-ingest`. The floor is 60,000 rows per CPU second.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "bench")]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use cpu_time::ProcessTime;
use jiff::{Timestamp, ToSpan as _, civil::date};
use stockpile_ingest::{FileIngest, Outcome, Silent};
use stockpile_storage::sqlite;

const CODES: u32 = 5000;
const DAYS: u32 = 120;
const FLOOR: f64 = 60_000.0;

fn main() {
    // Cargo passes flags of its own harness; a filter that names something else leaves nothing to do.
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    println!(
        "{:<18} {:>9} {:>8} {:>15} {:>8} {:>8}",
        "order", "rows", "CPU s", "rows per CPU s", "floor", "peak MB"
    );
    for (name, order, days) in [
        ("date-major", Order::Date, DAYS),
        ("code-major", Order::Code, DAYS),
        // Four times the rows in the same memory.
        ("date-major, long", Order::Date, 4 * DAYS),
    ] {
        if !name.contains(&filter) {
            continue;
        }
        let path = write_file(folder.path(), name, order, days);
        let store = folder.path().join(format!("{name}.db"));
        for round in ["first", "again"] {
            forget_peak();
            let started = ProcessTime::now();
            let rows = runtime.block_on(ingest(&store, &path));
            let cpu = started.elapsed().as_secs_f64();
            let rate = rows as f64 / cpu;
            let verdict = if rate >= FLOOR { "ok" } else { "BELOW" };
            let peak = peak_mb();
            println!("{name:<18} {rows:>9} {cpu:>8.2} {rate:>15.0} {verdict:>8} {peak:>8.0}  {round}");
        }
    }
}

/// Makes the system measure the peak from now on (Linux).
fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

fn peak_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

#[derive(Clone, Copy)]
enum Order {
    Date,
    Code,
}

async fn ingest(store: &Path, path: &Path) -> u64 {
    let ingest = FileIngest {
        store: sqlite::open(store).await.unwrap(),
        kind: None,
        adjusted: false,
        strict: true,
        report_folder: PathBuf::from("unused"),
        wait: std::time::Duration::ZERO,
        now: Timestamp::now,
        progress: Arc::new(Silent),
    };
    match ingest.ingest(path).await.unwrap() {
        Outcome::Ingested(ingested) => ingested.rows.written,
        Outcome::Unsupported { reason } => panic!("{reason}"),
    }
}

/// A market in which every price is on the tick and no two rows are alike.
fn write_file(folder: &Path, name: &str, order: Order, days: u32) -> PathBuf {
    let path = folder.join(format!("{name}.csv.zst"));
    let mut text = zstd::Encoder::new(fs::File::create(&path).unwrap(), 3).unwrap();
    writeln!(text, "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount").unwrap();
    let (outer, inner) = match order {
        Order::Date => (days, CODES),
        Order::Code => (CODES, days),
    };
    for first in 0..outer {
        for second in 0..inner {
            let (day, code) = match order {
                Order::Date => (first, second),
                Order::Code => (second, first),
            };
            let day_text = date(2022, 7, 1).checked_add(i64::from(day).days()).unwrap().strftime("%Y%m%d");
            let suffix = if code < CODES / 2 { "SZ" } else { "SH" };
            let number = if code < CODES / 2 { code } else { 600_000 + code };
            let cents = 500 + (code * 7919 + day * 104_729) % 9000;
            let price = |offset: u32| f64::from(cents + offset) / 100.0;
            writeln!(
                text,
                "{number:06}.{suffix},{day_text},{},{},{},{},{},{:.2},{:.4},{}.{},{}.{}",
                price(5),
                price(20),
                price(0),
                price(10),
                price(8),
                0.02,
                2.0 / f64::from(cents + 8) * 100.0,
                code * 31 + day,
                code % 100,
                cents * 17 + code,
                day,
            )
            .unwrap();
        }
    }
    text.finish().unwrap();
    path
}
