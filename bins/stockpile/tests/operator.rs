//! `stockpile status`, `config`, `init` and `completions`.
#![allow(clippy::unwrap_used, reason = "test")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

fn stockpile(folder: &Path, args: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_stockpile"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn status_tells_what_the_store_holds() {
    let folder = tempfile::tempdir().unwrap();
    let (code, empty, _) = stockpile(folder.path(), &["status"], &[]);
    assert_eq!(code, 0);
    assert!(empty.contains("stock       no bars") && empty.contains("stockpile ingest file"), "{empty}");
    fs::write(
        folder.path().join("daily.csv"),
        "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount\n\
         000001.SZ,20250205,11.5,11.52,11.33,11.37,11.47,-0.1,-0.8718,843433.7,961193.579\n",
    )
    .unwrap();
    stockpile(folder.path(), &["ingest", "file", "daily.csv"], &[]);
    let (_, filled, _) = stockpile(folder.path(), &["status"], &[]);
    assert!(filled.contains("1 bars on 1 days, 20250205 to 20250205"), "{filled}");
    assert!(filled.contains("daily.csv done: 1 of 1 rows"), "{filled}");
    let (_, line, _) = stockpile(folder.path(), &["status", "--json"], &[]);
    let status: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&status["revision"], &status["bars"][0]["rows"]), (&Value::from(1), &Value::from(1)));
    assert_eq!(status["last_run"]["state"], "done");
}

#[test]
fn config_show_names_every_setting_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".env"), "CACHE_TTL_QUOTE=15\nTUSHARE_TOKEN=t0psecret-9f\n").unwrap();
    let environment = [("HTTP_ADDR", "127.0.0.1:9000")];
    let (code, text, _) = stockpile(folder.path(), &["config", "show"], &environment);
    assert_eq!(code, 0);
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("HTTP_ADDR").ends_with("environment") && line("HTTP_ADDR").contains("127.0.0.1:9000"));
    assert!(line("CACHE_TTL_QUOTE").ends_with(".env") && line("CACHE_TTL_QUOTE").contains("15"));
    assert!(line("CACHE_TTL_DAILY").ends_with("default"));
    assert!(!text.contains("t0psecret-9f"), "{text}");
    let (_, json, _) = stockpile(folder.path(), &["config", "show", "--json"], &environment);
    assert!(json.lines().all(|line| serde_json::from_str::<Value>(line).unwrap()["variable"].is_string()));
}

#[test]
fn config_check_tells_every_mistake_with_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(stockpile(folder.path(), &["config", "check"], &[]).0, 0);
    let (code, _, err) =
        stockpile(folder.path(), &["config", "check"], &[("HTTP_ADDR", "x"), ("CACHE_TTL_DAILY", "soon")]);
    assert_eq!(code, 2);
    assert!(err.contains("HTTP_ADDR") && err.contains("CACHE_TTL_DAILY"), "{err}");
}

#[test]
fn init_writes_a_file_that_changes_nothing_and_replaces_none() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(stockpile(folder.path(), &["init"], &[]).0, 0);
    let path = folder.path().join(".env");
    let written = fs::read_to_string(&path).unwrap();
    assert!(written.contains("#CACHE_TTL_QUOTE=60"), "{written}");
    assert_eq!(stockpile(folder.path(), &["config", "check"], &[]).0, 0);
    fs::write(&path, "CACHE_TTL_QUOTE=15\n").unwrap();
    let (code, _, err) = stockpile(folder.path(), &["init"], &[]);
    assert_eq!((code, fs::read_to_string(&path).unwrap().as_str()), (1, "CACHE_TTL_QUOTE=15\n"));
    assert!(err.contains("--force"), "{err}");
    assert_eq!(stockpile(folder.path(), &["init", "--force"], &[]).0, 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), written);
}

#[test]
fn completions_know_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let (code, text, _) = stockpile(folder.path(), &["completions", shell], &[]);
        assert_eq!(code, 0);
        assert!(text.contains("ingest") && text.contains("status"), "{shell}");
    }
}
