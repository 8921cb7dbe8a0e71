//! What an ingest leaves that is killed, crowded or out of space: everything or nothing.

use std::{
    collections::hash_map::DefaultHasher,
    fmt::Write as _,
    hash::{Hash as _, Hasher as _},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, types::ValueRef};
use tempfile::TempDir;

use crate::desk::{GOOD, HEADER, desk, ingest, stockpile};

const ROWS: usize = 80_000;

/// Bars of a year, in the order that touches most pages.
fn big() -> String {
    let mut text = HEADER.to_owned();
    for number in 0..ROWS {
        let (code, day) = (number / 300, number % 300);
        let cents = number % 89 + 10;
        let _ = writeln!(
            text,
            "{code:06}.SZ,2024{:02}{:02},10,12,9,10.{cents},10,0,0,{number},1",
            day / 28 + 1,
            day % 28 + 1
        );
    }
    text
}

fn spawn(folder: &TempDir, file: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_stockpile"))
        .args(["ingest", "file", file])
        .current_dir(folder.path())
        .env_clear()
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Rows and a hash of all values but the number of the run, which a second try has another of.
fn contents(folder: &Path) -> (usize, u64) {
    let store = Connection::open(folder.join("data/stockpile.db")).unwrap();
    let check: String = store.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let mut hasher = DefaultHasher::new();
    let mut rows = 0;
    for sql in [
        "SELECT kind, trade_date, ts_code, open, high, low, close, pre_close, change, pct_chg, vol, amount, adjusted
         FROM daily_bar ORDER BY kind, trade_date, ts_code",
        "SELECT kind, trade_date, rows, adjusted FROM bar_day WHERE rows > 0 ORDER BY kind, trade_date",
    ] {
        let mut statement = store.prepare(sql).unwrap();
        let width = statement.column_count();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            rows += 1;
            for column in 0..width {
                match row.get_ref(column).unwrap() {
                    ValueRef::Integer(value) => value.hash(&mut hasher),
                    ValueRef::Real(value) => value.to_bits().hash(&mut hasher),
                    ValueRef::Text(value) => value.hash(&mut hasher),
                    _ => 0_u8.hash(&mut hasher),
                }
            }
        }
    }
    (rows, hasher.finish())
}

#[test]
fn a_killed_ingest_leaves_nothing_and_a_second_one_everything() {
    let text = big();
    let unbroken = desk(&[("big.csv", &text)]);
    let started = Instant::now();
    assert_eq!(ingest(&unbroken, &["big.csv"]).code, 0);
    let whole = started.elapsed();
    let expected = contents(unbroken.path());

    let folder = desk(&[("big.csv", &text), ("small.csv", &(HEADER.to_owned() + GOOD))]);
    assert_eq!(ingest(&folder, &["small.csv"]).code, 0);
    let before = contents(folder.path());
    let mut killed = 0;
    for part in 0..8_u32 {
        let mut child = spawn(&folder, "big.csv");
        thread::sleep(whole * part / 8 + Duration::from_millis(10));
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            break;
        }
        killed += 1;
        let after = contents(folder.path());
        assert!(
            after == before || after.0 > ROWS,
            "killed after {part}/8 of the time: {} rows, neither all nor none",
            after.0
        );
    }
    assert!(killed > 0, "no run was killed in time");
    // What a kill in the middle of a commit may have let through is not told apart from here on: the file is read again.
    assert_eq!(ingest(&folder, &["big.csv"]).code, 0, "no lock is left");
    Connection::open(folder.path().join("data/stockpile.db"))
        .unwrap()
        .execute_batch("DELETE FROM daily_bar WHERE trade_date = 20250205; DELETE FROM bar_day WHERE trade_date = 20250205")
        .unwrap();
    assert_eq!(contents(folder.path()), expected);

    let repaired = stockpile(folder.path(), &["ingest", "repair", "--json"]);
    assert!(repaired.out.contains("\"recounted_days\":0"), "{}", repaired.out);
}

/// Whether a run has begun and holds the write lock of the store, asked without waiting. Before it has begun, a
/// process may hold locks that keep others from opening the store at all.
fn is_writing(folder: &Path) -> bool {
    let connection = Connection::open(folder.join("data/stockpile.db")).unwrap();
    connection.busy_timeout(Duration::ZERO).unwrap();
    let running: Result<u32, _> =
        connection.query_row("SELECT count(*) FROM ingest_run WHERE state = 'running'", [], |row| row.get(0));
    running.is_ok_and(|running| running > 0) && connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_err()
}

fn send(signal: &str, child: &Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn of_two_ingests_at_once_one_wins_and_the_other_is_told() {
    let folder = desk(&[("big.csv", &big()), ("small.csv", &(HEADER.to_owned() + GOOD))]);
    assert_eq!(ingest(&folder, &["small.csv"]).code, 0);
    let mut first = spawn(&folder, "big.csv");
    let deadline = Instant::now() + Duration::from_secs(20);
    // Stopped in the middle of its run, it holds the lock for as long as the test needs.
    loop {
        send("-STOP", &first);
        if is_writing(folder.path()) {
            break;
        }
        send("-CONT", &first);
        assert!(
            first.try_wait().unwrap().is_none() && Instant::now() < deadline,
            "the first run does not begin"
        );
        thread::sleep(Duration::from_millis(2));
    }
    let second = ingest(&folder, &["small.csv"]);
    send("-CONT", &first);
    assert_eq!(second.code, 4, "{}", second.err);
    assert!(second.err.contains("another ingest is writing"), "{}", second.err);
    assert!(first.wait().unwrap().success());
    assert!(contents(folder.path()).0 > ROWS);
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_named_and_leaves_nothing() {
    let folder = desk(&[("big.csv", &big()), ("small.csv", &(HEADER.to_owned() + GOOD))]);
    assert_eq!(ingest(&folder, &["small.csv"]).code, 0);
    let before = contents(folder.path());
    // A limit on the size of files is met as a full disk is: a write that is cut short or refused.
    let run = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 4096; exec \"$0\" ingest file big.csv"])
        .arg(env!("CARGO_BIN_EXE_stockpile"))
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(said.contains("big.csv") && said.contains("full"), "{said}");
    assert_eq!(contents(folder.path()), before);
    let newest = stockpile(folder.path(), &["ingest", "status", "--json", "--limit", "1"]).out;
    assert!(newest.contains(r#""state":"failed""#) && newest.contains("full"), "{newest}");
    assert_eq!(ingest(&folder, &["big.csv"]).code, 0, "with space again it goes through");
}
