//! `stockpile ingest file` as a person or a script meets it.

use std::{fs, process::Command};

use serde_json::Value;

use crate::desk::{GOOD, HEADER, desk, ingest, stockpile};

#[test]
fn a_good_file_is_summed_up_in_a_line() {
    let folder = desk(&[("daily.csv", &(HEADER.to_owned() + GOOD))]);
    let run = ingest(&folder, &["daily.csv"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.starts_with("daily.csv: 1 row of kind bars in "), "{}", run.out);
    assert!(run.out.trim_end().ends_with("1 stock bar; 20250205"), "{}", run.out);
    assert!(folder.path().join("data/stockpile.db").exists());
}

#[test]
fn refused_rows_are_reported_with_exit_8() {
    let text = format!("{HEADER}{GOOD}000002.SZ,20250205,NaN,1,1,1,1,0,0,1,1\n");
    let folder = desk(&[("daily.csv", &text)]);
    let run = ingest(&folder, &["daily.csv"]);
    assert_eq!(run.code, 8, "{}", run.err);
    let report = run.out.split("listed in ").nth(1).unwrap().trim();
    let report = fs::read_to_string(folder.path().join(report)).unwrap();
    assert!(report.contains("3,open,NaN,not a finite number"), "{report}");
}

#[test]
fn json_has_a_line_for_each_file() {
    let adjusted = GOOD.replace("11.37", "11.3712");
    let folder = desk(&[("a.csv", &(HEADER.to_owned() + &adjusted)), ("b.json", "[]"), ("c.csv", "")]);
    let run = ingest(&folder, &["--json", "a.csv", "b.json", "c.csv"]);
    let lines: Vec<Value> = run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let states: Vec<&str> = lines.iter().map(|line| line["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["ingested", "unsupported", "failed"]);
    assert_eq!(lines[0]["path"], "a.csv");
    assert_eq!(lines[0]["rows"]["written"], 1);
    assert_eq!(lines[0]["adjusted_days"][0], "20250205");
    assert!(lines[2]["error"].as_str().unwrap().contains("c.csv"));
    assert_eq!(run.code, 1);
}

#[test]
fn one_bad_file_stops_none_of_the_others() {
    let folder = desk(&[("empty.csv", ""), ("daily.csv", &(HEADER.to_owned() + GOOD))]);
    let run = ingest(&folder, &["empty.csv", "missing.csv", ".", "daily.csv"]);
    assert_eq!(run.code, 1);
    for named in ["`empty.csv` is empty", "`missing.csv` cannot be read", "`.` is a folder"] {
        assert!(run.err.contains(named), "{}", run.err);
    }
    assert!(run.out.contains("daily.csv: 1 row"), "{}", run.out);
}

#[test]
fn what_cannot_be_ingested_yet_is_passed_over_beside_what_can() {
    let folder = desk(&[("notes.md", "# Notes\n"), ("daily.csv", &(HEADER.to_owned() + GOOD))]);
    let both = ingest(&folder, &["notes.md", "daily.csv"]);
    assert_eq!(both.code, 0, "{}", both.err);
    assert!(both.out.contains("notes.md: passed over"), "{}", both.out);
    assert_eq!(ingest(&folder, &["notes.md"]).code, 1, "nothing was ingested");
}

#[test]
fn a_strict_ingest_fails_for_one_bad_row() {
    let folder = desk(&[("daily.csv", &format!("{HEADER}{GOOD}bad\n"))]);
    let run = ingest(&folder, &["--strict", "daily.csv"]);
    assert_eq!(run.code, 1);
    assert!(run.err.contains("line 3"), "{}", run.err);
}

#[test]
fn usage_and_settings_are_told_with_exit_2() {
    let folder = desk(&[]);
    assert_eq!(stockpile(folder.path(), &["ingest", "file"]).code, 2);
    let kind = ingest(&folder, &["--kind", "weekly", "a.csv"]);
    assert_eq!(kind.code, 2);
    assert!(kind.err.contains("fund_daily"), "{}", kind.err);
    let url = ingest(&folder, &["--storage-url", "mysql://x", "a.csv"]);
    assert_eq!(url.code, 2, "{}", url.err);
    assert!(url.err.contains("STORAGE_URL"), "{}", url.err);
}

#[test]
fn a_store_that_does_not_answer_is_named_without_its_password() {
    let folder = desk(&[("daily.csv", HEADER)]);
    for (scheme, name) in [("clickhouse", "127.0.0.1:1/stock_data"), ("postgres", "127.0.0.1:1/stock_data")] {
        let url = format!("{scheme}://ann:hunter7@{name}");
        let run = ingest(&folder, &["--storage-url", &url, "daily.csv"]);
        assert_eq!(run.code, 1);
        assert!(run.err.contains(&format!("no server answers at `{scheme}://{name}`")), "{}", run.err);
        assert!(!run.err.contains("hunter7"), "{}", run.err);
    }
}

#[test]
fn a_held_lock_ends_with_exit_4() {
    let folder = desk(&[("daily.csv", &(HEADER.to_owned() + GOOD))]);
    assert_eq!(ingest(&folder, &["daily.csv"]).code, 0);
    let blocker = rusqlite::Connection::open(folder.path().join("data/stockpile.db")).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let run = ingest(&folder, &["daily.csv"]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(run.err.contains("another ingest is writing"), "{}", run.err);
}

#[test]
fn another_ingest_is_waited_for_as_long_as_one_is_told_to() {
    let folder = desk(&[("daily.csv", &(HEADER.to_owned() + GOOD))]);
    assert_eq!(ingest(&folder, &["daily.csv"]).code, 0);
    let blocker = rusqlite::Connection::open(folder.path().join("data/stockpile.db")).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| ingest(&folder, &["--wait", "60", "daily.csv"]));
        let began = std::time::Instant::now();
        // One that did not wait would be over by then.
        while !waiting.is_finished() && began.elapsed() < std::time::Duration::from_millis(500) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert!(!waiting.is_finished(), "it waits");
        blocker.execute_batch("ROLLBACK").unwrap();
        let run = waiting.join().unwrap();
        assert_eq!(run.code, 0, "{}", run.err);
    });
}

#[test]
fn an_interrupt_leaves_nothing_of_the_file() {
    let rows: String = (0..400_000_u32)
        .map(|number| {
            let (code, day) = (number % 5000, number / 5000);
            format!("{code:06}.SZ,2024{:02}{:02},10,10,10,10,10,0,0,1,1\n", day / 28 + 1, day % 28 + 1)
        })
        .collect();
    let folder =
        desk(&[("big.csv", &(HEADER.to_owned() + &rows)), ("small.csv", &(HEADER.to_owned() + GOOD))]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_stockpile"))
        .args(["ingest", "file", "big.csv"])
        .current_dir(folder.path())
        .env_clear()
        .spawn()
        .unwrap();
    let log = folder.path().join("data/stockpile.db-wal");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    // The log grows once the writer's pages no longer fit in memory: rows are being written.
    while fs::metadata(&log).map_or(0, |file| file.len()) < 100_000 && child.try_wait().unwrap().is_none() {
        assert!(std::time::Instant::now() < deadline, "the ingest does not start");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ended = child.wait().unwrap();
    let rows: i64 = rusqlite::Connection::open(folder.path().join("data/stockpile.db"))
        .unwrap()
        .query_row("SELECT count(*) FROM daily_bar", [], |row| row.get(0))
        .unwrap();
    // On a fast machine the file may have been finished before the signal came; half of it must never be in.
    assert!(
        (ended.code() == Some(1) && rows == 0) || (ended.success() && rows == 400_000),
        "{ended} with {rows} rows"
    );
    assert_eq!(ingest(&folder, &["small.csv"]).code, 0, "no lock is left");
}
