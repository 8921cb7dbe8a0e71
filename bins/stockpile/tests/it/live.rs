//! `stockpile ingest tushare` and `crypto` as a person or a script meets them, over servers that speak as the sources do.

#[path = "../../../../crates/ingest/tests/it/dump.rs"]
pub(crate) mod dump;
#[path = "../../../../crates/ingest/tests/it/upstream/mod.rs"]
pub(crate) mod upstream;

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use self::{
    dump::{dump, same},
    upstream::{
        Reply, coins,
        tushare::{Market, OPEN_DAYS, Served, TOKEN, refusal, serve},
    },
};
use crate::desk::{Run, desk};

const SPAN: [&str; 4] = ["--from", "20250123", "--to", "2025-02-07"];

fn command(folder: &Path, url: &str, token: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stockpile"));
    command
        .args(args)
        .current_dir(folder)
        .env_clear()
        .envs([("TUSHARE_URL", url), ("TUSHARE_TOKEN", token), ("TUSHARE_CALLS_PER_MINUTE", "100000")])
        .envs([("COINGECKO_URL", url), ("BINANCE_URL", url)]);
    command
}

fn run(folder: &Path, served: &Served, args: &[&str]) -> Run {
    ended(command(folder, &served.upstream.url(), TOKEN, &[&["ingest", "tushare"], args].concat()))
}

fn ended(mut command: Command) -> Run {
    let output = command.output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn rows(folder: &TempDir) -> Vec<String> {
    let read = async {
        let store = stockpile_storage::sqlite::open(&folder.path().join("data/stockpile.db")).await.unwrap();
        dump(&store).await
    };
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(read)
}

#[test]
fn a_killed_back_fill_goes_on_to_the_rows_of_an_unbroken_one() {
    let served = serve(Market::default());
    let unbroken = desk(&[]);
    let whole = run(unbroken.path(), &served, &[&SPAN[..], &["--json"]].concat());
    assert_eq!(whole.code, 0, "{}", whole.err);
    let lines = whole.out.lines().count();
    assert_eq!(lines, 5 + 7 * OPEN_DAYS.len());
    for kill_after in [1, 4, lines / 2, lines - 1] {
        let folder = desk(&[]);
        let args = [&["ingest", "tushare", "--json"], &SPAN[..]].concat();
        let mut child = command(folder.path(), &served.upstream.url(), TOKEN, &args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let told = BufReader::new(child.stdout.take().unwrap()).lines().take(kill_after).count();
        assert_eq!(told, kill_after);
        child.kill().unwrap();
        child.wait().unwrap();
        let rest = run(folder.path(), &served, &[&SPAN[..], &["--json"]].concat());
        assert_eq!(rest.code, 0, "{}", rest.err);
        // One more may have been committed, or told, by the moment of the kill.
        let (rest, left) = (rest.out.lines().count(), lines - kill_after);
        assert!((left.saturating_sub(2)..=left).contains(&rest), "{rest} after {kill_after}");
        same(&rows(&folder), &rows(&unbroken));
    }
}

#[test]
fn each_run_is_a_line_and_a_second_one_has_nothing_to_do() {
    let (served, folder) = (serve(Market::default()), desk(&[]));
    let first = run(folder.path(), &served, &[&SPAN[..], &["--kinds", "daily,suspend_d"]].concat());
    assert_eq!(first.code, 0, "{}", first.err);
    assert!(first.out.starts_with("tushare trade_cal 20240101-20"), "{}", first.out);
    assert!(first.out.contains("tushare daily 20250205: 5 rows of kind daily in "), "{}", first.out);
    assert!(first.out.contains("tushare suspend_d 20250205: no row\n"), "{}", first.out);
    let second = run(folder.path(), &served, &[&SPAN[..], &["--kinds", "daily,suspend_d"]].concat());
    assert_eq!((second.code, second.out.as_str()), (0, "everything is there already\n"), "{}", second.err);
}

#[test]
fn exit_codes_tell_what_happened_and_no_text_has_the_token() {
    let refused = refusal(2002, "抱歉，您没有访问该接口的权限");
    let bad = Reply::Json(
        r#"{"code":0,"msg":"","data":{"fields":["ts_code","trade_date","adj_factor"],
        "items":[["000001.SZ","20250205",1.5],["000002.SZ","20250205",-1]]}}"#
            .into(),
    );
    let served =
        serve(Market { always: vec![("fund_daily", refused), ("adj_factor", bad)], ..Market::default() });
    let folder = desk(&[]);
    let one = |kind: &str| {
        run(folder.path(), &served, &["--from", "20250205", "--to", "20250205", "--kinds", kind, "--json"])
    };
    let forbidden = one("fund_daily");
    assert_eq!(forbidden.code, 1, "{}", forbidden.out);
    let lines: Vec<Value> = forbidden.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines[0]["state"].as_str(), lines[1]["state"].as_str()), (Some("ingested"), Some("failed")));
    assert!(lines[1]["error"].as_str().unwrap().contains("没有访问该接口的权限"), "{}", lines[1]);
    assert_eq!(
        (lines[1]["interface"].as_str(), lines[1]["first"].as_str()),
        (Some("fund_daily"), Some("20250205"))
    );
    assert_eq!(one("adj_factor").code, 8);
    let unknown = one("weekly");
    assert!(unknown.code == 2 && unknown.err.contains("stock_basic"), "{}", unknown.err);

    let args = [&["ingest", "tushare"], &SPAN[..]].concat();
    let without = ended(command(folder.path(), &served.upstream.url(), "", &args));
    assert!(without.code == 2 && without.err.contains("TUSHARE_TOKEN"), "{}", without.err);
    let mistaken = ended(command(
        folder.path(),
        &served.upstream.url(),
        "c0ffee5ecre7",
        &[&args[..], &["--again"]].concat(),
    ));
    assert!(mistaken.code == 1 && mistaken.err.contains("refuses the account"), "{}", mistaken.err);
    for said in [forbidden, without, mistaken] {
        assert!(!(said.out + &said.err).contains("c0ffee5ecre7"));
    }
}

#[test]
fn a_store_that_another_writes_to_is_told_by_exit_4() {
    let (served, folder) = (serve(Market::default()), desk(&[]));
    let args = [&SPAN[..], &["--kinds", "trade_cal"]].concat();
    assert_eq!(run(folder.path(), &served, &args).code, 0);
    let other = Connection::open(folder.path().join("data/stockpile.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let locked = run(folder.path(), &served, &[&SPAN[..], &["--kinds", "daily", "--wait", "0"]].concat());
    assert_eq!(locked.code, 4, "{}", locked.err);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(run(folder.path(), &served, &[&SPAN[..], &["--kinds", "daily"]].concat()).code, 0);
}

#[test]
fn coins_come_with_their_candles() {
    let now = jiff::Timestamp::now().as_millisecond();
    let served = coins::serve(coins::Coins { now, keeps_start: true, ..coins::Coins::default() });
    let folder = desk(&[]);
    let args =
        ["ingest", "crypto", "--symbols", "btc,NOCOIN", "--interval", "1d", "--from", "20250101", "--json"];
    let both = ended(command(folder.path(), &served.upstream.url(), "", &args));
    assert_eq!(both.code, 1, "a pair that is not there: {}", both.err);
    let lines: Vec<Value> = both.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["name"], "coingecko coins_markets");
    assert_eq!(lines[0]["rows"]["rejected"], 1, "a price below zero");
    assert!(
        lines[1]["name"].as_str().unwrap().starts_with("binance BTCUSDT 1d 2025-01-01T00:00:00Z/"),
        "{}",
        lines[1]
    );
    assert_eq!(lines.last().unwrap()["state"], "failed");
    assert!(rows(&folder).iter().filter(|row| row.starts_with("Candle ")).count() > 600);
}
