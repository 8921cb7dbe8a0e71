//! `stockpile ingest status`, `repair` and `check`.

use std::fmt::Write as _;

use rusqlite::Connection;
use serde_json::Value;

use crate::desk::{GOOD, HEADER, Run, desk, ingest, stockpile};

fn lines(run: &Run) -> Vec<Value> {
    run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn runs_are_listed_newest_first_with_dead_ones_named() {
    let folder =
        desk(&[("daily.csv", &(HEADER.to_owned() + GOOD)), ("bad.csv", &(HEADER.to_owned() + "x\n"))]);
    let status = |args: &[&str]| stockpile(folder.path(), &[&["ingest", "status"], args].concat());
    assert_eq!(status(&[]).out, "no runs yet\n");
    ingest(&folder, &["daily.csv", "bad.csv"]);
    let store = Connection::open(folder.path().join("data/stockpile.db")).unwrap();
    store
        .execute("INSERT INTO ingest_run (source, kind, state, started_at) VALUES ('dead.csv', 'daily', 'running', 0)", [])
        .unwrap();

    let run = status(&["--json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let states: Vec<String> = lines(&run)
        .iter()
        .map(|line| format!("{} {}", line["source"], line["state"]).replace('"', ""))
        .collect();
    assert_eq!(states, ["dead.csv interrupted", "bad.csv failed", "daily.csv done"]);
    assert_eq!(lines(&run)[2]["rows"]["written"], 1);
    assert_eq!(lines(&status(&["--json", "--limit", "1"])).len(), 1);
    let text = status(&[]).out;
    for said in ["interrupted", "stockpile ingest repair", "daily.csv (bars): 1 rows", "fewer fields"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(lines(&status(&["--json"]))[0]["state"], "running", "somebody writes");
    assert_eq!(stockpile(folder.path(), &["ingest", "repair"]).code, 4);
}

#[test]
fn a_repair_says_what_it_did() {
    let folder = desk(&[("daily.csv", &(HEADER.to_owned() + GOOD))]);
    ingest(&folder, &["daily.csv"]);
    Connection::open(folder.path().join("data/stockpile.db"))
        .unwrap()
        .execute_batch(
            "INSERT INTO ingest_run (source, kind, state, started_at) VALUES ('dead.csv', 'daily', 'running', 0);
             UPDATE bar_day SET rows = 9;",
        )
        .unwrap();
    let run = stockpile(folder.path(), &["ingest", "repair"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(
        run.out.contains("run 2: interrupted") && run.out.contains("counted again on 1 days"),
        "{}",
        run.out
    );
    let again = stockpile(folder.path(), &["ingest", "repair", "--json"]);
    assert_eq!(again.out.trim(), r#"{"runs":[],"recounted_days":0}"#);
}

#[test]
fn a_check_names_days_and_securities() {
    let mut bars = HEADER.to_owned();
    for (day, count, close) in [
        ("20250102", 10, "10.01"),
        ("20250103", 10, "10.01"),
        ("20250107", 10, "10.0123"),
        ("20250108", 3, "10.01"),
    ] {
        for code in 0..count {
            let _ = writeln!(bars, "{code:06}.SZ,{day},10,11,9,{close},10,0,0,1,1");
        }
    }
    let calendar: String = (1..=31)
        .map(|day| {
            let open = !matches!(day, 1 | 4 | 5 | 11 | 12 | 18 | 19 | 25 | 26 | 28..=31);
            format!("SSE,202501{day:02},{}\n", u8::from(open))
        })
        .collect();
    let folder = desk(&[
        ("daily.csv", &bars),
        ("cal.csv", &format!("exchange,cal_date,is_open\n{calendar}")),
        ("stock_basic.csv", "ts_code,name,area,industry,list_date\n000000.SZ,A,,,19910403\n"),
    ]);
    let check = |args: &[&str]| stockpile(folder.path(), &[&["ingest", "check"], args].concat());
    assert_eq!(check(&[]).out, "no bars yet\n");
    ingest(&folder, &["daily.csv"]);
    assert!(check(&[]).out.contains("ingest trade_cal"), "{}", check(&[]).out);
    ingest(&folder, &["cal.csv", "stock_basic.csv"]);

    let report = &lines(&check(&["--json"]))[0];
    assert_eq!((&report["kind"], &report["rows"], &report["days"]), (&"stock".into(), &33.into(), &4.into()));
    assert_eq!(report["missing"], serde_json::json!(["20250106"]));
    assert_eq!(report["behind"].as_array().unwrap().len(), 13);
    assert_eq!(report["incomplete"], serde_json::json!([{"trade_date": "20250108", "rows": 3}]));
    assert_eq!(report["adjusted"], serde_json::json!(["20250107"]));
    assert_eq!(report["without_facts"].as_array().unwrap().len(), 9);
    let text = check(&[]).out;
    for said in [
        "stock: 33 bars on 4 days, 20250102 to 20250108",
        "open days without bars: 1: 20250106",
        "20250108 (3 bars)",
        "securities without facts: 9: 000001.SZ, ",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn a_check_names_what_bars_lack_and_where_series_have_gaps() {
    let bars = |codes: &[(&str, &[&str])]| {
        let mut text = HEADER.to_owned();
        for (code, days) in codes {
            for day in *days {
                let _ = writeln!(text, "{code},{day},10,11,9,10.01,10,0,0,1,1");
            }
        }
        text
    };
    let days = ["20250205", "20250206", "20250207"];
    let indices = bars(&[("000001.SH", &days), ("000300.SH", &["20250205", "20250207"])]);
    let hour = |hour: u8| format!("BTCUSDT,1h,2025-02-05T{hour:02}:00:00Z,1,1,1,1,,\n");
    let candles: String = [0, 1, 5].map(hour).concat();
    let folder = desk(&[
        ("daily.csv", &bars(&[("000001.SZ", &days)])),
        ("index.csv", &indices),
        ("factors.csv", "ts_code,trade_date,adj_factor\n000001.SZ,20250205,1\n000001.SZ,20250207,1\n"),
        (
            "limits.csv",
            "trade_date,ts_code,up_limit,down_limit\n20250205,000001.SZ,11,9\n20250207,000001.SZ,11,9\n",
        ),
        ("candles.csv", &format!("symbol,interval,ts,open,high,low,close,volume,quote_volume\n{candles}")),
    ]);
    let check = |args: &[&str]| stockpile(folder.path(), &[&["ingest", "check"], args].concat());
    let kept = ingest(&folder, &["daily.csv", "factors.csv", "limits.csv", "candles.csv"]);
    assert_eq!(kept.code, 0, "{} {}", kept.out, kept.err);
    let kept = ingest(&folder, &["--kind", "index_daily", "index.csv"]);
    assert_eq!(kept.code, 0, "{} {}", kept.out, kept.err);

    let reports = lines(&check(&["--json"]));
    assert_eq!(reports[0]["without_factors"], serde_json::json!(["20250206"]));
    assert_eq!(reports[0]["without_limits"], serde_json::json!(["20250206"]));
    let gaps = serde_json::json!([{"trade_date": "20250206", "ts_codes": ["000300.SH"]}]);
    assert_eq!((&reports[1]["kind"], &reports[1]["gaps"]), (&"index".into(), &gaps));
    let candles = serde_json::json!({
        "symbol": "BTCUSDT",
        "interval": "1h",
        "missing": 3,
        "gaps": [{"first": "2025-02-05T02:00:00Z", "last": "2025-02-05T04:00:00Z", "missing": 3}],
    });
    assert_eq!(reports[2..], [candles]);
    let text = check(&[]).out;
    for said in [
        "without adjustment factors: 1: 20250206",
        "without price limits: 1: 20250206",
        "indices without a bar on days of others: 1: 20250206 (000300.SH)",
        "BTCUSDT 1h: 3 candles missing: 2025-02-05T02:00:00Z to 2025-02-05T04:00:00Z (3)",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}
