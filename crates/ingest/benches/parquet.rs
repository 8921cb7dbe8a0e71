//! Rows per CPU second from a Parquet file into SQLite, end to end, and the most memory that took.
//!
//! Run alone: `cargo bench -p stockpile-ingest --features parquet --bench parquet`, with `days=2000` for 10 million rows.
//! The floor is 60,000 rows per CPU second.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "bench")]

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use cpu_time::ProcessTime;
use jiff::{Timestamp, ToSpan as _, civil::date};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};
use stockpile_ingest::{FileIngest, Outcome, Silent};
use stockpile_storage::sqlite;

const CODES: u32 = 5000;
const DAYS: i32 = 120;
const FLOOR: f64 = 60_000.0;

fn main() {
    let argument =
        |prefix: &str| std::env::args().find_map(|argument| argument.strip_prefix(prefix)?.parse().ok());
    // Cargo passes a filter to every bench.
    let filter =
        std::env::args().skip(1).find(|argument| !argument.starts_with('-') && !argument.contains('='));
    if filter.is_some_and(|filter| !"parquet".contains(&filter)) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = write_file(folder.path(), argument("days=").unwrap_or(DAYS));
    let written_kib = peak_kib();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!("{:>10} {:>10} {:>18} {:>14} {:>8}", "rows", "CPU s", "rows per CPU s", "peak MiB", "floor");
    for round in ["first", "again"] {
        let started = ProcessTime::now();
        let rows = runtime.block_on(ingest(&folder.path().join("bench.db"), &path));
        let cpu = started.elapsed().as_secs_f64();
        let rate = rows as f64 / cpu;
        let verdict = if rate >= FLOOR { "ok" } else { "BELOW" };
        // The peak is of the whole process: that of writing the file is told beside it.
        let memory = format!("{} ({})", peak_kib() / 1024, written_kib / 1024);
        println!("{rows:>10} {cpu:>10.2} {rate:>18.0} {memory:>14} {verdict:>8}  {round}");
    }
}

/// The most memory this process had, KiB; 0 where the system does not tell.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
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

/// One row group for 20 days, every price on the tick.
fn write_file(folder: &Path, days: i32) -> PathBuf {
    let path = folder.join("bars.parquet");
    let codes: Vec<String> = (0..CODES).map(|code| format!("{code:06}.SZ")).collect();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(100_000))
        .build();
    let mut writer = None;
    for day in 0..days {
        let text = date(2000, 1, 1).checked_add(day.days()).unwrap().strftime("%Y%m%d").to_string();
        let column = |value: &dyn Fn(u32) -> f64| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values((0..CODES).map(value)))
        };
        let price = |code: u32, offset: u32| {
            f64::from(500 + (code * 7919 + day.unsigned_abs() * 104_729) % 9000 + offset) / 100.0
        };
        let columns: [(&str, ArrayRef); 11] = [
            ("ts_code", Arc::new(StringArray::from_iter_values(&codes))),
            ("trade_date", Arc::new(StringArray::from_iter_values(codes.iter().map(|_| &text)))),
            ("open", column(&|code| price(code, 5))),
            ("high", column(&|code| price(code, 20))),
            ("low", column(&|code| price(code, 0))),
            ("close", column(&|code| price(code, 10))),
            ("pre_close", column(&|code| price(code, 8))),
            ("change", column(&|_| 0.02)),
            ("pct_chg", column(&|code| (2000.0 / price(code, 8)).round() / 1000.0)),
            ("vol", column(&|code| f64::from(code * 3117) / 100.0)),
            ("amount", column(&|code| f64::from(code * 317) / 1000.0)),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let writer = writer.get_or_insert_with(|| {
            ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(properties.clone()))
                .unwrap()
        });
        writer.write(&batch).unwrap();
    }
    writer.unwrap().close().unwrap();
    path
}
