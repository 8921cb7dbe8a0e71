//! The program itself: start, log, stop.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    path::Path,
    process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use serde_json::Value;
use stockpile_postgres_local::{Config, Error, Server};
use stockpile_storage::sqlite;
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;

use crate::{
    app::{HEADER, client, ingest_into},
    collector::upstream::{
        Reply,
        tushare::{Market, TOKEN, serve as serve_tushare},
    },
};

fn server(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stockpile-server"));
    command
        .current_dir(folder)
        .env_clear()
        .env("STORAGE_URL", "sqlite://data/stockpile.db")
        .env("DEMO", "off")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(command: &mut Command) -> (i32, String) {
    let Output { status, stderr, .. } = command.output().unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

/// A started server, ended with the test whatever happens.
struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Running {
    fn start(folder: &Path) -> Self {
        Self::spawn(server(folder))
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.args(["--http-addr", "127.0.0.1:0", "--log-format", "json"]).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, log }
    }

    /// Reads the log up to the event that tells the address.
    fn addr(&mut self) -> String {
        self.event("listening")["addr"].as_str().unwrap().to_owned()
    }

    /// Reads the log up to an event.
    fn event(&mut self, message: &str) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.log.read_line(&mut line).unwrap() > 0, "the server ended without `{message}`");
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["message"] == message {
                return event;
            }
        }
    }

    /// Asks it to stop, and gives how it ended and the rest of its log.
    fn stop(mut self) -> (ExitStatus, Vec<Value>) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        (status, rest.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail harmlessly once it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn it_starts_in_an_empty_folder_answers_logs_and_stops_on_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Running::start(folder.path());
    let addr = server.addr();
    let response = client().get(format!("http://{addr}/health?x=1")).send().await.unwrap();
    let request_id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let mut labels = Vec::new();
    for _ in 0..3 {
        let response = client().get(format!("http://{addr}/api/overview/indices")).send().await.unwrap();
        labels.push(response.headers()["x-cache"].to_str().unwrap().to_owned());
    }
    let (status, events) = server.stop();
    assert!(status.success());
    assert!(folder.path().join("data/stockpile.db").exists());

    let answered = events.iter().find(|event| event["message"] == "answered").unwrap();
    assert_eq!(answered["request_id"], Value::from(request_id));
    assert_eq!((answered["method"].as_str(), answered["path"].as_str()), (Some("GET"), Some("/health")));
    assert_eq!(answered["status"], 400);
    assert!(
        answered["duration_ms"].is_f64()
            && answered["asctime"].is_string()
            && answered["levelname"] == "INFO"
    );
    assert_eq!(labels, ["miss", "hit", "hit"]);
    let of_route =
        |event: &&Value| event["path"] == "/api/overview/indices" && event["message"] == "answered";
    assert_eq!(events.iter().filter(of_route).count(), 1, "a hit has no line at this level");
    assert_eq!(events.last().unwrap()["message"], "stopped");
}

#[tokio::test]
async fn a_server_that_starts_before_its_store_waits_for_it() {
    let mut store = match Server::start(&Config::default()) {
        Ok(store) => store,
        Err(error @ Error::NotInstalled) if std::env::var_os("REQUIRE_BACKENDS").is_none() => {
            return eprintln!("left out: {error}");
        }
        Err(error) => panic!("{error}"),
    };
    store.kill().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = server(folder.path());
    command.env("STORAGE_URL", store.url("late")).env("DEMO", "off");
    let mut server = Running::spawn(command);
    let waiting = server.event("waiting for the store");
    assert!(waiting["error"].as_str().unwrap().contains("no server answers"), "{waiting}");
    store.restart(&Config::default()).unwrap();
    let health = client().get(format!("http://{}/health", server.addr())).send().await.unwrap();
    assert_eq!(health.json::<Value>().await.unwrap()["services"]["postgres"], "connected");
}

#[tokio::test]
async fn a_stop_ends_open_streams_rather_than_waiting_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let bars = folder.path().join("bars.csv");
    std::fs::write(&bars, HEADER.to_owned() + "600519.SH,20250205,10,10,10,10,10,0,0,1,1\n").unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    let store = sqlite::open(&folder.path().join("data/stockpile.db")).await.unwrap();
    ingest_into(store, folder.path(), &bars).await;
    let mut server = Running::start(folder.path());
    let addr = server.addr();
    let target = format!("{addr}/api/stream/quotes?codes=600519");
    let mut events = client().get(format!("http://{target}")).send().await.unwrap();
    assert!(events.chunk().await.unwrap().is_some());
    let (mut socket, _) =
        client_async(format!("ws://{target}"), TcpStream::connect(&addr).await.unwrap()).await.unwrap();
    assert!(socket.next().await.unwrap().unwrap().is_text());

    let asked = Instant::now();
    let (status, events_of_log) = tokio::task::spawn_blocking(|| server.stop()).await.unwrap();
    // Ten seconds are what other answers have.
    assert!(status.success() && asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    assert_eq!(events_of_log.last().unwrap()["message"], "stopped");
    assert_eq!(events.chunk().await.unwrap(), None);
    assert!(socket.next().await.unwrap().unwrap().is_close());
}

#[tokio::test]
async fn a_stop_in_the_middle_of_collecting_gives_the_turn_back() {
    let Some(redis) = stockpile_redis_local::Server::start("") else { return };
    let silent = serve_tushare(Market { always: vec![("*", Reply::Silence)], ..Market::default() });
    let folder = tempfile::tempdir().unwrap();
    let mut command = server(folder.path());
    command.env("CACHE_URL", redis.url("")).env("TUSHARE_TOKEN", TOKEN);
    command.env("TUSHARE_URL", silent.upstream.url());
    let mut running = Running::spawn(command);
    running.event("listening");
    let has_turn = || redis.keys(1).iter().any(|key| key == "stock:collector:tushare");
    let asked = Instant::now();
    while !has_turn() {
        assert!(asked.elapsed() < Duration::from_secs(20), "nobody took the turn");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(running.stop().0.success());
    assert!(!has_turn(), "the next one would wait for a minute");
}

#[test]
fn every_wrong_setting_is_told_at_once_with_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    let (code, text) = run(server(folder.path()).env("HTTP_ADDR", "8000").env("CACHE_TTL_QUOTE", "soon"));
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("HTTP_ADDR") && text.contains("CACHE_TTL_QUOTE"), "{text}");
}

#[test]
fn everything_this_release_lacks_is_named_at_once_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = server(folder.path());
    server
        .env("STORAGE_URL", "clickhouse://app:p4ssw-x9@127.0.0.1:8123/stock_demo")
        .env("DEMO", "auto")
        .env("API_ACCESS", "authenticated");
    let (code, text) = run(&mut server);
    assert_eq!(code, 2, "{text}");
    for name in ["STORAGE_URL", "API_ACCESS"] {
        assert!(text.contains(name), "{text}");
    }
    assert!(!text.contains("p4ssw-x9"), "{text}");
    assert!(!folder.path().join("data").exists());
}

#[test]
fn the_demo_market_never_gets_into_a_real_store() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = server(folder.path());
    let (code, text) = run(server.env("STORAGE_URL", "sqlite://data/demo.db").env("DEMO", "auto"));
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("STORAGE_URL") && text.contains("demo.db"), "{text}");
    assert!(!folder.path().join("data").exists());
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
