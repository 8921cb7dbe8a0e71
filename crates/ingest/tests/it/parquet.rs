//! Parquet files, written here in the types that other programs choose.

use std::{fs::File, path::PathBuf, sync::Arc};

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array,
    Int32Array, Int64Array, LargeStringArray, NullArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, types::Int32Type,
};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};
use stockpile_ingest::{Error, FileKind, Ingested, Outcome};
use stockpile_market::{BarFreq, Exchange, SecurityKind};
use stockpile_storage::{BarRange, RowCounts};

use crate::desk::{Desk, GOOD, HEADER};

type Columns = Vec<(&'static str, ArrayRef)>;

fn write(desk: &Desk, name: &str, columns: Columns, codec: Compression) -> PathBuf {
    let path = desk.folder.path().join(name);
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap();
    let properties =
        WriterProperties::builder().set_compression(codec).set_max_row_group_row_count(Some(1000)).build();
    let mut writer =
        ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

async fn try_ingest(desk: &Desk, columns: Columns) -> Result<Outcome, Error> {
    desk.ingest.ingest(&write(desk, "a.parquet", columns, Compression::ZSTD(ZstdLevel::default()))).await
}

async fn ingest(desk: &Desk, columns: Columns) -> Ingested {
    match try_ingest(desk, columns).await.unwrap() {
        Outcome::Ingested(ingested) => ingested,
        Outcome::Unsupported { reason } => panic!("{reason}"),
    }
}

fn text(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn numbers(values: impl IntoIterator<Item = Option<f64>>) -> ArrayRef {
    Arc::new(Float64Array::from_iter(values))
}

/// One bar a code, all figures plain.
fn bars(codes: ArrayRef, days: ArrayRef, closes: ArrayRef) -> Columns {
    let rows = codes.len();
    let ten = || numbers((0..rows).map(|_| Some(10.0)));
    vec![
        ("ts_code", codes),
        ("trade_date", days),
        ("open", ten()),
        ("high", numbers((0..rows).map(|_| Some(12.0)))),
        ("low", numbers((0..rows).map(|_| Some(9.0)))),
        ("close", closes),
        ("pre_close", ten()),
        ("change", Arc::new(NullArray::new(rows))),
        ("pct_chg", numbers((0..rows).map(|_| Some(f64::NAN)))),
        ("vol", Arc::new(Int64Array::from_iter_values((0..).take(rows)))),
        ("amount", ten()),
        ("note", text(&vec!["x"; rows])),
    ]
}

async fn the_bar(desk: &Desk) -> stockpile_market::DailyBar {
    let code = "000001.SZ".parse().unwrap();
    let mut bars = desk.store().bars.of(SecurityKind::Stock, code, BarRange::Last(9), 9).await.unwrap();
    assert_eq!(bars.len(), 1);
    bars.remove(0).bar
}

#[tokio::test]
async fn bars_are_read_whatever_types_hold_them() {
    let code = || text(&["000001.SZ"]);
    let category: DictionaryArray<Int32Type> = ["000001.SZ"].into_iter().collect();
    let day = || text(&["20250205"]);
    let close = || numbers([Some(11.37)]);
    // 2025-02-05 in days since 1970, and its midnight in UTC and at the exchange.
    let (days, utc_ms) = (20_124, 20_124 * 86_400_000_i64);
    let exchange_us = (utc_ms - 8 * 3_600_000) * 1000;
    let decimal = Decimal128Array::from_iter_values([113_700]).with_precision_and_scale(10, 4).unwrap();
    let variants: Vec<Columns> = vec![
        bars(code(), day(), close()),
        bars(Arc::new(category), day(), close()),
        bars(Arc::new(LargeStringArray::from(vec!["000001.sz"])), text(&["2025-02-05"]), close()),
        bars(code(), Arc::new(Int32Array::from(vec![20_250_205])), close()),
        bars(code(), Arc::new(Int64Array::from(vec![20_250_205])), close()),
        bars(code(), numbers([Some(20_250_205.0)]), close()),
        bars(code(), Arc::new(Date32Array::from(vec![days])), close()),
        bars(code(), Arc::new(TimestampMillisecondArray::from(vec![utc_ms])), close()),
        bars(code(), Arc::new(TimestampNanosecondArray::from(vec![utc_ms * 1_000_000])), close()),
        bars(
            code(),
            Arc::new(TimestampMicrosecondArray::from(vec![exchange_us]).with_timezone("+08:00")),
            close(),
        ),
        bars(code(), Arc::new(TimestampMillisecondArray::from(vec![utc_ms]).with_timezone("UTC")), close()),
        bars(code(), day(), Arc::new(Float32Array::from(vec![11.37]))),
        bars(code(), day(), Arc::new(decimal)),
    ];
    for (number, columns) in variants.into_iter().enumerate() {
        let desk = Desk::new().await;
        let ingested = ingest(&desk, columns).await;
        assert_eq!(ingested.rows, RowCounts { read: 1, written: 1, rejected: 0 }, "variant {number}");
        assert_eq!(ingested.ignored_columns, ["note"]);
        let bar = the_bar(&desk).await;
        assert_eq!(bar.trade_date.to_string(), "20250205", "variant {number}");
        assert_eq!(bar.close.to_bits(), 11.37_f64.to_bits(), "variant {number}");
        assert_eq!((bar.change, bar.pct_chg, bar.vol), (None, None, Some(0.0)), "missing stays null");
    }
}

#[tokio::test]
async fn the_rows_are_those_of_the_same_csv_file() {
    let (from_csv, from_parquet) = (Desk::new().await, Desk::new().await);
    from_csv.ingest("daily.csv", HEADER.to_owned() + GOOD).await;
    let fields: Vec<&str> = GOOD.trim().split(',').collect();
    let columns = HEADER.trim().split(',').zip(&fields).enumerate();
    let columns: Columns = columns
        .map(|(index, (name, value))| {
            let array = if index < 2 { text(&[value]) } else { numbers([Some(value.parse().unwrap())]) };
            (name, array)
        })
        .collect();
    assert_eq!(ingest(&from_parquet, columns).await.kind, FileKind::Bars);
    assert_eq!(the_bar(&from_parquet).await, the_bar(&from_csv).await);
}

#[tokio::test]
async fn other_kinds_are_read_by_the_names_of_their_columns() {
    let desk = Desk::new().await;
    let calendar: Columns = vec![
        ("is_open", Arc::new(BooleanArray::from(vec![true, false]))),
        ("cal_date", Arc::new(Date32Array::from(vec![20_124, 20_125]))),
        ("exchange", text(&["SSE", "SSE"])),
    ];
    assert_eq!(ingest(&desk, calendar).await.kind, FileKind::TradeCal);
    let days = desk.store().calendar.days(Exchange::Sse).await.unwrap();
    assert_eq!(days.iter().map(|day| day.is_open).collect::<Vec<_>>(), [true, false]);

    // 10:30 at the exchange, as a plain local time.
    let local_ms = 20_124 * 86_400_000_i64 + (10 * 60 + 30) * 60_000;
    let price = || numbers([Some(5.0)]);
    let minutes: Columns = vec![
        ("ts_code", text(&["600028.SH"])),
        ("trade_time", Arc::new(TimestampMillisecondArray::from(vec![local_ms]))),
        ("open", price()),
        ("high", price()),
        ("low", price()),
        ("close", price()),
        ("vol", numbers([Some(1200.0)])),
    ];
    assert_eq!(ingest(&desk, minutes).await.kind, FileKind::MinuteBars);
    let code = "600028.SH".parse().unwrap();
    let bars = desk.store().minute_bars.before(code, BarFreq::Min60, jiff::Timestamp::MAX, 9).await.unwrap();
    assert_eq!(bars[0].time.to_string(), "2025-02-05T02:30:00Z");
}

#[tokio::test]
async fn bad_rows_are_named_by_their_number() {
    let desk = Desk::new().await;
    let columns = bars(
        text(&["000001.SZ", "x", "000002.SZ", "000001.SZ"]),
        text(&["20250205"; 4]),
        numbers([Some(10.0), Some(10.0), None, Some(11.0)]),
    );
    let ingested = ingest(&desk, columns).await;
    assert_eq!(ingested.rows, RowCounts { read: 4, written: 1, rejected: 3 });
    let report = Desk::report(&ingested);
    let places: Vec<(&str, &str)> = report.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    assert_eq!(places, [("2", "ts_code"), ("3", "close"), ("4", "")]);
    assert!(report[0][4].starts_with("x,20250205,10,12,9,10,10,"), "{}", report[0][4]);
}

#[tokio::test]
async fn a_date_at_a_time_of_day_is_no_date() {
    let desk = Desk::new().await;
    // Midnight at the exchange, written as if it were local time: the day before, 16:00.
    let moved = Arc::new(TimestampMillisecondArray::from(vec![20_124 * 86_400_000 - 8 * 3_600_000]));
    let error =
        try_ingest(&desk, bars(text(&["000001.SZ"]), moved, numbers([Some(10.0)]))).await.unwrap_err();
    assert!(error.to_string().contains("2025-02-04T16:00:00"), "{error}");
}

#[tokio::test]
async fn other_types_and_missing_columns_are_named() {
    let desk = Desk::new().await;
    let (code, day) = (|| text(&["000001.SZ"]), || text(&["20250205"]));
    let close = || numbers([Some(10.0)]);
    for (columns, column) in [
        (bars(Arc::new(Int32Array::from(vec![1])), day(), close()), "ts_code"),
        (bars(code(), Arc::new(BooleanArray::from(vec![true])), close()), "trade_date"),
        (bars(code(), day(), text(&["10"])), "close"),
    ] {
        let error = try_ingest(&desk, columns).await.unwrap_err();
        assert!(matches!(&error, Error::ColumnType { column: named, .. } if named == column), "{error}");
        assert!(error.to_string().contains(&format!("column `{column}` holds")), "{error}");
    }
    let mut columns = bars(code(), day(), close());
    columns.retain(|(name, _)| *name != "vol");
    let error = try_ingest(&desk, columns).await.unwrap_err();
    assert!(matches!(&error, Error::MissingColumns { missing, .. } if *missing == ["vol"]), "{error}");
    assert_eq!(desk.bars().await, 0);
}

#[tokio::test]
async fn a_damaged_file_leaves_nothing() {
    let desk = Desk::new().await;
    let codes: Vec<String> = (0..5000).map(|number| format!("{number:06}.SZ")).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let closes = numbers((0..5000).map(|number| Some(9.0 + f64::from(number % 300) / 100.0)));
    let columns = bars(text(&codes), text(&vec!["20250205"; 5000]), closes);
    let path = write(&desk, "whole.parquet", columns, Compression::SNAPPY);
    let whole = std::fs::read(&path).unwrap();
    desk.refused("cut.parquet", &whole[..whole.len() / 2]).await;
    desk.refused("magic.parquet", "PAR1").await;
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 512].fill(0xff);
    desk.refused("damaged.parquet", damaged).await;
    // Several row groups, all in.
    assert_eq!(desk.ingest("whole.parquet", whole).await.rows.written, 5000);
}
