//! The program itself: start, log, stop.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

fn server(folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stockpile-server"));
    command
        .current_dir(folder)
        .env_clear()
        .env("STORAGE_URL", "sqlite://data/stockpile.db")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(command: &mut Command) -> (i32, String) {
    let Output { status, stderr, .. } = command.output().unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

/// Starts on a free port and waits for the line that says so.
fn start(
    folder: &std::path::Path,
    log: &mut Vec<String>,
) -> (Child, String, BufReader<std::process::ChildStderr>) {
    let mut child =
        server(folder).args(["--http-addr", "127.0.0.1:0", "--log-format", "json"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the server ended: {log:?}");
        log.push(line.clone());
        let event: Value = serde_json::from_str(&line).unwrap();
        if event["message"] == "listening" {
            return (child, event["addr"].as_str().unwrap().to_owned(), lines);
        }
    }
}

fn stop(child: &Child) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
}

#[tokio::test]
async fn it_starts_in_an_empty_folder_answers_logs_and_stops_on_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Vec::new();
    let (mut child, addr, mut lines) = start(folder.path(), &mut log);
    let response = reqwest::get(format!("http://{addr}/health?x=1")).await.unwrap();
    let request_id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    stop(&child);
    assert!(child.wait().unwrap().success());
    assert!(folder.path().join("data/stockpile.db").exists());

    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    log.extend(rest.lines().map(ToOwned::to_owned));
    let events: Vec<Value> = log.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered = events.iter().find(|event| event["message"] == "answered").unwrap();
    assert_eq!(answered["request_id"], Value::from(request_id));
    assert_eq!((answered["method"].as_str(), answered["path"].as_str()), (Some("GET"), Some("/health")));
    assert_eq!(answered["status"], 400);
    assert!(
        answered["duration_ms"].is_f64()
            && answered["asctime"].is_string()
            && answered["levelname"] == "INFO"
    );
    assert_eq!(events.last().unwrap()["message"], "stopped");
}

#[test]
fn every_wrong_setting_is_told_at_once_with_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    let (code, text) = run(server(folder.path()).env("HTTP_ADDR", "8000").env("CACHE_TTL_QUOTE", "soon"));
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("HTTP_ADDR") && text.contains("CACHE_TTL_QUOTE"), "{text}");
}

#[test]
fn what_this_release_lacks_stops_the_start_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in [
        ("STORAGE_URL", "clickhouse://app:p4ssw-x9@127.0.0.1:8123/stock_data"),
        ("CACHE_URL", "redis://127.0.0.1:6379"),
        ("API_ACCESS", "authenticated"),
        ("DEMO", "on"),
    ] {
        let (code, text) = run(server(folder.path()).env(name, value));
        assert_eq!(code, 1, "{name}: {text}");
        assert!(text.contains(name), "{text}");
        assert!(!text.contains("p4ssw-x9"), "{text}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let (code, text) = run(server(folder.path()).args(["--http-addr", &addr]));
    assert_eq!(code, 1);
    assert!(text.contains(&addr), "{text}");
}

#[test]
fn a_store_that_is_none_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "not a database, but long enough to be looked at\n".repeat(50)).unwrap();
    let before = std::fs::read(&path).unwrap();
    let (code, text) = run(server(folder.path()).env("STORAGE_URL", format!("sqlite://{}", path.display())));
    assert_eq!(code, 1);
    assert!(text.contains("notes.txt"), "{text}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}
