//! The launcher on the real engine; left out, loudly, where it was not fetched.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test")]

use std::{
    env,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use stockpile_clickhouse_local::{Config, Engine, Error, User};

fn engine(config: &Config) -> Option<Engine> {
    match Engine::start(config) {
        Ok(engine) => Some(engine),
        Err(error @ Error::NotFetched { .. }) if env::var_os("REQUIRE_BACKENDS").is_none() => {
            eprintln!("left out: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn ask(engine: &Engine, user: &str, query: &str) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", engine.port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let length = query.len();
    write!(stream, "POST /?{user} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{query}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.trim().to_owned())
}

#[test]
fn data_outlives_a_kill_and_a_restart() {
    let Some(mut engine) = engine(&Config::default()) else { return };
    assert_eq!(ask(&engine, "", "SELECT timezone()").1, "UTC");
    ask(&engine, "", "CREATE DATABASE d");
    ask(&engine, "", "CREATE TABLE d.t (x UInt8) ENGINE = MergeTree ORDER BY x");
    ask(&engine, "async_insert=0", "INSERT INTO d.t VALUES (7)");
    engine.kill().unwrap();
    engine.restart(&Config::default()).unwrap();
    assert_eq!(ask(&engine, "", "SELECT x FROM d.t").1, "7");
    engine.restart(&Config::default()).unwrap();
    assert_eq!(ask(&engine, "", "SELECT x FROM d.t").1, "7");
}

#[test]
fn users_have_the_rights_they_were_given_and_the_zone_is_the_one_asked_for() {
    let user = |name: &str, grants: &[&str], read_only| User {
        name: name.to_owned(),
        password: "pa&ss".to_owned(),
        grants: grants.iter().map(|&grant| grant.to_owned()).collect(),
        read_only,
    };
    let config = Config {
        users: vec![user("app", &["GRANT SELECT, CREATE ON stock_data.*"], false), user("reader", &[], true)],
        time_zone: Some("Asia/Shanghai".to_owned()),
        query_log: true,
    };
    let Some(engine) = engine(&config) else { return };
    assert_eq!(ask(&engine, "", "SELECT timezone()").1, "Asia/Shanghai");
    let as_user = |name: &str, query: &str| ask(&engine, &format!("user={name}&password=pa%26ss"), query);
    assert!(as_user("app", "CREATE DATABASE stock_data").0.contains("200"));
    assert!(as_user("app", "CREATE DATABASE other").1.contains("ACCESS_DENIED"));
    assert!(as_user("reader", "CREATE DATABASE other").1.contains("READONLY"));
    assert!(ask(&engine, "user=app&password=wrong", "SELECT 1").0.contains("403"));
}

#[test]
fn a_dropped_engine_is_gone_with_its_folder() {
    let Some(engine) = engine(&Config::default()) else { return };
    let pid = engine.pid().unwrap();
    let process = format!("/proc/{pid}");
    assert!(Path::new(&process).exists());
    drop(engine);
    let began = Instant::now();
    while Path::new(&process).exists() && began.elapsed() < Duration::from_secs(10) {
        thread::sleep(Duration::from_millis(20));
    }
    assert!(!Path::new(&process).exists());
}
