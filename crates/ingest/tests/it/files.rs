//! Files good and bad, whatever is in them.

use std::{io::Write as _, path::Path};

use flate2::{Compression, write::GzEncoder};
use stockpile_ingest::{Error, FileKind, Outcome};
use stockpile_market::{Exchange, SecurityKind};
use stockpile_storage::{BarRange, RowCounts, RunState};

use crate::desk::{Desk, GOOD, HEADER, bar};

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Bars with different keys, on days that every month has.
fn many_bars(count: u32) -> String {
    (0..count)
        .map(|number| {
            let (code, month, day) = (number % 5000, number / 5000 % 12 + 1, number / 60_000 + 1);
            bar(&format!("{code:06}.SZ"), &format!("2025{month:02}{day:02}"), "10.01")
        })
        .collect()
}

#[tokio::test]
async fn plain_gzip_and_zstd_give_the_same_rows_whatever_their_name() {
    let text = format!("{HEADER}{GOOD}");
    for (name, content) in [
        ("daily.csv", text.clone().into_bytes()),
        ("daily.csv.gz", gzip(&text)),
        ("daily.csv.zst", zstd::encode_all(text.as_bytes(), 3).unwrap()),
        ("packed-but-not-named-so.csv", gzip(&text)),
        ("two-members.csv.gz", [gzip(HEADER), gzip(GOOD)].concat()),
        ("bom-and-crlf.csv", format!("\u{feff}{}", text.replace('\n', "\r\n")).into_bytes()),
        ("no-last-line-end.csv", text.trim_end().as_bytes().to_vec()),
    ] {
        let desk = Desk::new().await;
        let ingested = desk.ingest(name, content).await;
        assert_eq!(ingested.rows, RowCounts { read: 1, written: 1, rejected: 0 }, "{name}");
        let code = "000001.SZ".parse().unwrap();
        let bars = desk.store().bars.of(SecurityKind::Stock, code, BarRange::Last(9), 9).await.unwrap();
        assert_eq!(bars.len(), 1, "{name}");
        assert_eq!(bars[0].bar.amount, Some(961_193.579), "{name}");
    }
}

#[tokio::test]
async fn columns_may_stand_in_any_order_and_unread_ones_are_named() {
    let desk = Desk::new().await;
    let ingested = desk
        .ingest(
            "daily.csv",
            "amount,MA5,vol,pct_chg,change,pre_close,close,low,high,open,trade_date,ts_code,note,,\n\
             5,1,4,3,2,10,11,9,12,10,2025-02-05,600519.sh,x,,\n",
        )
        .await;
    assert_eq!(ingested.ignored_columns, ["ma5", "note"]);
    let bars = desk.store().bars.on(SecurityKind::Stock, "20250205".parse().unwrap()).await.unwrap();
    assert_eq!(
        (bars[0].ts_code.to_string().as_str(), bars[0].open, bars[0].amount),
        ("600519.SH", Some(10.0), Some(5.0))
    );
}

#[tokio::test]
async fn a_bar_goes_where_its_code_belongs() {
    let desk = Desk::new().await;
    let rows = [
        ("000001.SZ", "20250205", "10"),
        ("510300.SH", "20250205", "4.001"),
        ("000001.SH", "20250205", "3348.32"),
    ]
    .map(|(code, day, close)| bar(code, day, close));
    let ingested = desk.ingest("mixed.csv", HEADER.to_owned() + &rows.concat()).await;
    assert_eq!((ingested.bars.stock, ingested.bars.etf, ingested.bars.index), (1, 1, 1));
}

#[tokio::test]
async fn a_named_kind_overrides_the_codes() {
    let mut desk = Desk::new().await;
    let text = HEADER.to_owned() + &bar("113050.SH", "20250205", "110.123");
    let error = desk.refused("fund.csv", &text).await;
    assert!(error.to_string().contains("--kind"), "{error}");
    desk.ingest.kind = Some(FileKind::FundDaily);
    assert_eq!(desk.ingest("fund.csv", &text).await.bars.etf, 1);
}

#[tokio::test]
async fn an_adj_factor_beside_the_bars_is_read_as_factors() {
    let desk = Desk::new().await;
    let header = HEADER.replace('\n', ",adj_factor\n");
    let rows = GOOD.replace('\n', ",116.713\n") + &GOOD.replace("20250205", "20250206").replace('\n', ",\n");
    let ingested = desk.ingest("daily.csv", header + &rows).await;
    assert_eq!((ingested.bars.stock, ingested.factors), (2, 1));
    assert!(ingested.ignored_columns.is_empty());
    let factors = desk.store().adj_factors.of("000001.SZ".parse().unwrap()).await.unwrap();
    assert_eq!(factors[0].adj_factor.to_bits(), 116.713_f64.to_bits());
}

#[tokio::test]
async fn factors_alone_and_facts_and_calendar_are_recognised() {
    let desk = Desk::new().await;
    let factors = desk.ingest("adj.csv", "ts_code,trade_date,adj_factor\n000001.SZ,20250205,127.5\n").await;
    assert_eq!((factors.kind, factors.factors), (FileKind::AdjFactor, 1));
    let stocks = desk
        .ingest(
            "stock_basic.csv",
            "ts_code,symbol,name,area,industry,fullname,cnspell,list_status,list_date\n\
             000001.SZ,000001,平安银行,深圳,银行,\"Ping An Bank Co., Ltd.\",PAYH,L,19910403\n",
        )
        .await;
    assert_eq!(stocks.kind, FileKind::StockBasic);
    let funds = desk
        .ingest(
            "fund_basic.csv",
            "ts_code,name,management,custodian,fund_type,list_date,delist_date,status\n\
             510300.SH,沪深300ETF,华泰柏瑞基金,工商银行,股票型,20120528,,L\n",
        )
        .await;
    assert_eq!(funds.kind, FileKind::FundBasic);
    let securities = desk.store().securities.all().await.unwrap();
    assert_eq!(
        securities
            .iter()
            .map(|security| (security.kind, security.name.as_deref().unwrap()))
            .collect::<Vec<_>>(),
        [(SecurityKind::Stock, "平安银行"), (SecurityKind::Etf, "沪深300ETF")]
    );
    let calendar = desk
        .ingest(
            "cal.csv",
            "exchange,cal_date,is_open,pretrade_date\nSSE,20250203,0,20250127\nSSE,20250205,1,20250127\n",
        )
        .await;
    assert_eq!(calendar.kind, FileKind::TradeCal);
    assert_eq!(desk.store().calendar.days(Exchange::Sse).await.unwrap().len(), 2);
}

#[tokio::test]
async fn bad_rows_are_named_and_the_good_ones_stay() {
    let desk = Desk::new().await;
    let good = "10,11,9,10,10,0,0,1,1";
    let bad = [
        ("000002.SZ,20250205,10,11", "", "fewer fields than the header"),
        ("000002.SZ,20250205,10,11,9,10,10,0,0,1,1,7", "", "more fields than the header"),
        (&format!("000002,20250205,{good}"), "ts_code", "not a code of SH, SZ or BJ such as 600519.SH"),
        (&format!("00002A.SZ,20250205,{good}"), "ts_code", "not a code of SH, SZ or BJ such as 600519.SH"),
        (&format!("000002.SZ,20250230,{good}"), "trade_date", "not a date YYYYMMDD"),
        (&format!("000002.SZ,,{good}"), "trade_date", "not a date YYYYMMDD"),
        ("000002.SZ,20250205,NaN,11,9,10,10,0,0,1,1", "open", "not a finite number"),
        ("000002.SZ,20250205,10,inf,9,10,10,0,0,1,1", "high", "not a finite number"),
        ("000002.SZ,20250205,10,11,-9,10,10,0,0,1,1", "low", "a price must be above zero"),
        ("000002.SZ,20250205,10,11,9,,10,0,0,1,1", "close", "is missing"),
        ("000002.SZ,20250205,10,11,9,0,10,0,0,1,1", "close", "a price must be above zero"),
        ("000002.SZ,20250205,10,11,9,ten,10,0,0,1,1", "close", "not a number"),
        ("000002.SZ,20250205,10,8,9,8.5,10,0,0,1,1", "high", "the highest price is below the lowest"),
        (
            "000002.SZ,20250205,10,11,9,12,10,0,0,1,1",
            "close",
            "lies outside of the day's lowest and highest price",
        ),
        ("000002.SZ,20250205,10,11,9,10,10,0,0,-1,1", "vol", "cannot be below zero"),
        ("\"000002.SZ,20250205,10,11,9,10,10,0,0,1,1", "", "a quote is never closed"),
    ];
    let rows: Vec<&str> = bad.iter().map(|(row, ..)| *row).collect();
    let text = format!("{HEADER}{GOOD}{}\n{}", rows.join("\n"), GOOD.replace("20250205", "20250206"));
    let ingested = desk.ingest("daily.csv", text).await;
    let rejected = bad.len() as u64;
    assert_eq!(ingested.rows, RowCounts { read: rejected + 2, written: 2, rejected });
    assert_eq!(desk.bars().await, 2);
    for (number, (found, (row, column, reason))) in Desk::report(&ingested).iter().zip(bad).enumerate() {
        assert_eq!(found[0], (number + 3).to_string(), "{row}");
        assert_eq!((found[1].as_str(), found[3].as_str(), found[4].as_str()), (column, reason, row));
    }
    let run = &desk.store().ingest.latest(1).await.unwrap()[0];
    assert_eq!((run.state, run.rows, run.source.as_str()), (RunState::Done, ingested.rows, "daily.csv"));
}

#[tokio::test]
async fn a_day_that_has_not_come_is_refused() {
    let desk = Desk::new().await;
    let text =
        HEADER.to_owned() + GOOD + &bar("000001.SZ", "20260101", "10") + &bar("000001.SZ", "20260102", "10");
    let ingested = desk.ingest("daily.csv", text).await;
    assert_eq!(ingested.rows, RowCounts { read: 3, written: 2, rejected: 1 });
    assert_eq!(Desk::report(&ingested)[0][3], "lies in the future");
}

#[tokio::test]
async fn facts_cannot_change_what_a_code_is() {
    let desk = Desk::new().await;
    let header = "ts_code,name,area,industry,list_date\n";
    let text = format!("{header}000001.SH,Z,,,\n510300.SH,Z,,,\n600519.SH,贵州茅台,,,\n");
    let ingested = desk.ingest("stock_basic.csv", text).await;
    assert_eq!(ingested.rows, RowCounts { read: 3, written: 1, rejected: 2 });
    assert!(Desk::report(&ingested)[0][3].contains("another kind"));
}

#[tokio::test]
async fn a_long_name_and_an_old_report_stop_no_report() {
    let desk = Desk::new().await;
    let text = HEADER.to_owned() + GOOD + "bad\n";
    let name = format!("{}.csv", "长".repeat(80));
    let first = desk.ingest(&name, &text).await;
    // Another store with its reports in the same folder numbers its runs alike.
    let mut other = Desk::new().await;
    other.ingest.report_folder.clone_from(&desk.ingest.report_folder);
    let second = other.ingest(&name, &text).await;
    assert_ne!(first.report, second.report);
    assert_eq!(Desk::report(&first), Desk::report(&second));
}

#[tokio::test]
async fn a_key_met_twice_keeps_its_first_row_and_is_named() {
    let desk = Desk::new().await;
    let text = HEADER.to_owned() + GOOD + &bar("000001.SZ", "20250205", "99");
    let ingested = desk.ingest("daily.csv", text).await;
    assert_eq!(ingested.rows, RowCounts { read: 2, written: 1, rejected: 1 });
    let report = Desk::report(&ingested);
    assert_eq!(report[0][0], "3");
    assert!(report[0][3].contains("000001.SZ"), "{report:?}");
    let bars = desk.store().bars.on(SecurityKind::Stock, "20250205".parse().unwrap()).await.unwrap();
    assert_eq!(bars[0].close.to_bits(), 11.37_f64.to_bits());
}

#[tokio::test]
async fn a_second_ingest_changes_no_count() {
    let desk = Desk::new().await;
    let text = HEADER.to_owned() + GOOD + &bar("510300.SH", "20250205", "4.001");
    let first = desk.ingest("daily.csv", &text).await;
    let second = desk.ingest("daily.csv", &text).await;
    assert_eq!(first.rows, second.rows);
    assert!(second.revision > first.revision);
    assert_eq!(desk.bars().await, 2);
}

#[tokio::test]
async fn a_strict_ingest_takes_no_file_with_a_bad_row() {
    let mut desk = Desk::new().await;
    desk.ingest.strict = true;
    let error = desk.refused("daily.csv", format!("{HEADER}{GOOD}000002.SZ,20250205\n")).await;
    assert!(matches!(error, Error::Strict { line: 3, .. }), "{error}");
    let run = &desk.store().ingest.latest(1).await.unwrap()[0];
    assert_eq!(run.state, RunState::Failed);
    assert_eq!(desk.ingest("daily.csv", format!("{HEADER}{GOOD}")).await.rows.written, 1);
}

#[tokio::test]
async fn a_truncated_archive_leaves_nothing_and_names_where_it_ends() {
    let desk = Desk::new().await;
    // Text that packs badly, so that whole batches are written before the end is missed.
    let rows = many_bars(100_000);
    let text = HEADER.to_owned() + &rows;
    for (name, packed) in
        [("a.csv.gz", gzip(&text)), ("a.csv.zst", zstd::encode_all(text.as_bytes(), 1).unwrap())]
    {
        let error = desk.refused(name, &packed[..packed.len() - packed.len() / 10]).await;
        assert!(matches!(error, Error::Damaged { line, .. } if line > 1000), "{name}: {error:?}");
        assert!(error.to_string().contains(name), "{error}");
    }
    let mut damaged = gzip(&text);
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);
    // What a damaged archive unpacks to is anybody's guess; that nothing of it stays is not.
    desk.refused("damaged.csv.gz", damaged).await;
}

#[tokio::test]
async fn what_is_no_table_is_refused_by_name() {
    let desk = Desk::new().await;
    assert!(matches!(desk.refused("empty.csv", "").await, Error::Empty { .. }));
    assert!(matches!(desk.refused("empty.csv.gz", gzip("")).await, Error::Empty { .. }));
    assert!(matches!(desk.refused("blank.csv", "\n\n").await, Error::Empty { .. }));
    let folder = desk.ingest.ingest(desk.folder.path()).await.unwrap_err();
    assert!(matches!(folder, Error::Folder { .. }), "{folder}");
    let absent = desk.ingest.ingest(Path::new("/no/such/file.csv")).await.unwrap_err();
    assert!(absent.to_string().contains("/no/such/file.csv"), "{absent}");
    let endless = desk.refused("endless.csv", vec![b'7'; 1 << 20]).await;
    assert!(matches!(endless, Error::LineTooLong { line: 1, .. }), "{endless}");
    let late = desk.refused("late.csv", format!("{HEADER}{GOOD}{}", "7".repeat(1 << 20))).await;
    assert!(matches!(late, Error::LineTooLong { line: 3, .. }), "{late}");
    let utf16: Vec<u8> =
        std::iter::once(0xfeff).chain(HEADER.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert!(matches!(desk.refused("no-mark.csv", &utf16[2..]).await, Error::Encoding { line: 1, .. }));
    assert!(matches!(desk.refused("utf16.csv", utf16).await, Error::Encoding { line: 1, .. }));
}

#[tokio::test]
async fn a_header_that_lacks_columns_names_them() {
    let desk = Desk::new().await;
    let few = desk.refused("few.csv", "ts_code,trade_date,close,vol\n").await;
    assert!(matches!(&few, Error::MissingColumns { missing, .. } if missing.len() == 7), "{few}");
    let text = HEADER.replace(",pre_close", "").replace(",vol", "") + GOOD;
    let error = desk.refused("daily.csv", text).await;
    assert!(
        matches!(&error, Error::MissingColumns { missing, .. } if *missing == ["pre_close", "vol"]),
        "{error}"
    );
    let twice = desk.refused("twice.csv", HEADER.replace("change", "close") + GOOD).await;
    assert!(matches!(&twice, Error::RepeatedColumn { column, .. } if column == "close"), "{twice}");
}

#[tokio::test]
async fn another_encoding_is_named_row_by_row_or_as_a_whole() {
    let desk = Desk::new().await;
    let header = "ts_code,symbol,name,area,industry,list_date\n".as_bytes();
    let gbk = b"000001.SZ,000001,\xc6\xbd\xb0\xb2\xd2\xf8\xd0\xd0,,,19910403\n".as_slice();
    let utf8 = "000002.SZ,000002,万科A,,,19910129\n".as_bytes();
    let whole = desk.refused("gbk.csv", [header, gbk, gbk].concat()).await;
    assert!(matches!(&whole, Error::NoUsableRow { line: 2, .. }), "{whole}");
    assert!(whole.to_string().contains("UTF-8"), "{whole}");
    let partly = desk.ingest("partly.csv", [header, gbk, utf8].concat()).await;
    assert_eq!(partly.rows, RowCounts { read: 2, written: 1, rejected: 1 });
}

#[tokio::test]
async fn what_cannot_be_ingested_is_named_and_passed_over() {
    let desk = Desk::new().await;
    for (name, content, what) in [
        ("a.json", "{\"code\":0}", "arrays of objects"),
        ("b.json", "[{\"id\":\"bitcoin\"}]", "no known kind"),
        ("c.json", "[]", "no known kind"),
        ("README.md", "# Data\n\nSome words.\n", "no known kind"),
    ] {
        match desk.try_ingest(name, content).await.unwrap() {
            Outcome::Unsupported { reason } => assert!(reason.contains(what), "{name}: {reason}"),
            Outcome::Ingested(_) => panic!("{name} was ingested"),
        }
    }
    assert_eq!(desk.store().ingest.latest(9).await.unwrap(), []);
}

#[tokio::test]
async fn a_file_with_a_header_alone_has_no_rows_and_is_no_failure() {
    let desk = Desk::new().await;
    let ingested = desk.ingest("daily.csv", HEADER).await;
    assert_eq!(ingested.rows, RowCounts::default());
    assert_eq!(ingested.days, None);
}

#[tokio::test]
async fn days_with_adjusted_prices_are_told() {
    let desk = Desk::new().await;
    let on_tick = (0..99).map(|number| bar(&format!("{number:06}.SZ"), "20220701", "10.01"));
    let two_off = ["600001.SH", "600002.SH"].map(|code| bar(code, "20220701", "10.0123"));
    let clean = (0..99).map(|number| bar(&format!("{number:06}.SZ"), "20220704", "10.01"));
    let one_off = bar("600001.SH", "20220704", "10.0123");
    let text: String =
        [HEADER.to_owned()].into_iter().chain(on_tick).chain(two_off).chain(clean).chain([one_off]).collect();
    let ingested = desk.ingest("daily.csv", text).await;
    assert_eq!(
        ingested.adjusted_days,
        ["20220701".parse().unwrap()],
        "more than 1 % marks a day, 1 % does not"
    );
}

#[tokio::test]
async fn dropping_an_ingest_leaves_nothing_and_no_lock() {
    let desk = Desk::new().await;
    let rows = many_bars(200_000);
    let path = desk.file("big.csv", HEADER.to_owned() + &rows);
    let ingest = desk.ingest.clone();
    let task = tokio::spawn(async move { ingest.ingest(&path).await });
    while desk.store().ingest.latest(1).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(desk.bars().await, 0);
    assert_eq!(desk.ingest("daily.csv", HEADER.to_owned() + GOOD).await.rows.written, 1);
}
