//! What a reader of the log can rely on.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io,
    sync::{Arc, Mutex},
};

use proptest::prelude::*;
use serde_json::{Map, Value};
use stockpile_settings::{LogFormat, LogLevel};
use stockpile_telemetry::{Error, init, subscriber};
use tracing::{field, info_span};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<Vec<u8>>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is written while `events` runs, one text per write.
fn written(format: LogFormat, level: LogLevel, events: impl FnOnce()) -> Vec<String> {
    let sink = Sink::default();
    let writer = sink.clone();
    tracing::subscriber::with_default(
        subscriber(format, level, "test-service", move || writer.clone()),
        events,
    );
    let writes = sink.0.lock().unwrap();
    writes.iter().map(|bytes| String::from_utf8(bytes.clone()).unwrap()).collect()
}

fn parsed(line: &str) -> Map<String, Value> {
    assert!(line.ends_with('\n') && line.matches('\n').count() == 1, "not one line: {line:?}");
    serde_json::from_str(line).unwrap()
}

fn one(level: LogLevel, events: impl FnOnce()) -> Map<String, Value> {
    let lines = written(LogFormat::Json, level, events);
    assert_eq!(lines.len(), 1, "{lines:?}");
    parsed(&lines[0])
}

#[test]
fn a_line_has_the_names_that_readers_of_the_log_know() {
    let line = one(LogLevel::Info, || {
        let span = info_span!(
            "request",
            request_id = "r-1",
            method = "GET",
            path = "/health",
            status = field::Empty
        );
        let _entered = span.enter();
        span.record("status", 200);
        tracing::info!(duration_ms = 1.25, "answered");
    });
    let names: Vec<&str> = line.keys().map(String::as_str).collect();
    let mut expected = [
        "asctime",
        "name",
        "levelname",
        "message",
        "service",
        "duration_ms",
        "request_id",
        "method",
        "path",
        "status",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!((&line["name"], &line["levelname"]), (&"logs".into(), &"INFO".into()));
    assert_eq!((&line["message"], &line["service"]), (&"answered".into(), &"test-service".into()));
    assert_eq!((&line["status"], &line["duration_ms"]), (&200.into(), &1.25.into()));
    let time = line["asctime"].as_str().unwrap();
    assert_eq!((time.len(), &time[19..20], &time[23..]), (29, ".", "+00:00"), "{time}");
}

#[test]
fn the_line_begins_with_time_name_level_message_service() {
    let lines = written(LogFormat::Json, LogLevel::Info, || tracing::info!("x"));
    let at = |name: &str| lines[0].find(&format!("\"{name}\":")).unwrap();
    assert!(lines[0].starts_with("{\"asctime\":"), "{lines:?}");
    assert!(at("name") < at("levelname") && at("levelname") < at("message") && at("message") < at("service"));
}

#[test]
fn fields_of_the_http_middleware_have_our_names() {
    let line = one(LogLevel::Info, || {
        let _request =
            info_span!("request", http.method = "GET", http.route = "/health", http.status_code = 200)
                .entered();
        tracing::info!("x");
    });
    assert_eq!(
        (&line["method"], &line["path"], &line["status"]),
        (&"GET".into(), &"/health".into(), &200.into())
    );
}

#[test]
fn inner_field_wins_and_reserved_names_are_kept_apart() {
    let line = one(LogLevel::Info, || {
        let _outer = info_span!("outer", code = "outer", only = 1).entered();
        let _inner = info_span!("inner", code = "inner", service = "s").entered();
        tracing::info!(name = "n", "x");
    });
    assert_eq!((&line["code"], &line["only"]), (&"inner".into(), &1.into()));
    assert_eq!((&line["name"], &line["name_"]), (&"logs".into(), &"n".into()));
    assert_eq!((&line["service"], &line["service_"]), (&"test-service".into(), &"s".into()));
}

#[test]
fn values_keep_their_types_and_errors_their_causes() {
    let error = io::Error::other(Error::AlreadyStarted);
    let line = one(LogLevel::Info, || {
        let shown: &(dyn std::error::Error + 'static) = &error;
        tracing::warn!(rows = 3_u64, low = -1, open = true, ratio = f64::NAN, tag = ?Some("a"), error = shown, "x");
    });
    assert_eq!(line["levelname"], "WARNING");
    assert_eq!((&line["rows"], &line["low"], &line["open"]), (&3.into(), &(-1).into(), &true.into()));
    assert_eq!((&line["ratio"], &line["tag"]), (&Value::Null, &"Some(\"a\")".into()));
    assert!(line["error"].as_str().unwrap().contains("started already"), "{line:?}");
}

#[test]
fn level_is_ours_and_what_others_say_is_held_back() {
    let count = |level| {
        written(LogFormat::Json, level, || {
            tracing::debug!(target: "stockpile_cache", "ours");
            tracing::trace!(target: "stockpile_cache", "ours");
            tracing::debug!(target: "some_crate", "theirs");
            tracing::info!(target: "hyper::client", "noise");
            tracing::info!(target: "actix_server::builder", "noise");
            tracing::warn!(target: "hyper::client", "worth knowing");
            tracing::info!(target: "some_crate", "theirs");
        })
        .len()
    };
    assert_eq!(count(LogLevel::Error), 0);
    assert_eq!(count(LogLevel::Warn), 1);
    assert_eq!(count(LogLevel::Info), 2);
    assert_eq!(count(LogLevel::Debug), 3);
    assert_eq!(count(LogLevel::Trace), 4);
}

#[test]
fn a_warning_names_its_request_at_level_error_too() {
    let line = one(LogLevel::Error, || {
        let _request = info_span!("request", request_id = "r-7").entered();
        tracing::error!("x");
    });
    assert_eq!(line["request_id"], "r-7");
}

#[test]
fn text_names_level_target_message_and_fields_without_colour_off_a_terminal() {
    let lines = written(LogFormat::Text, LogLevel::Info, || tracing::info!(port = 8000, "listening"));
    let text = lines.concat();
    for part in ["INFO", "logs", "listening", "port=8000", "+00:00"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

/// The only test that starts the log of the process, so that no other depends on its order.
#[test]
fn a_second_start_is_an_error_and_the_log_crate_is_heard() {
    init(LogFormat::Json, LogLevel::Info, "first").unwrap();
    assert_eq!(init(LogFormat::Json, LogLevel::Info, "second"), Err(Error::AlreadyStarted));

    let line = one(LogLevel::Info, || log::warn!(target: "some_crate", "through log"));
    assert_eq!((&line["name"], &line["message"]), (&"some_crate".into(), &"through log".into()));
    assert!(!line.keys().any(|name| name.starts_with("log.")), "{line:?}");
}

proptest! {
    #[test]
    fn any_text_stays_one_line_of_valid_json(message in any::<String>(), value in "\\PC*|[\"\\\\\n\r\t\u{0}-\u{1f}]*") {
        let line = one(LogLevel::Info, || {
            let _span = info_span!("span", inner = %value).entered();
            tracing::info!(value, debugged = ?value, "{message}");
        });
        prop_assert_eq!(line["message"].as_str(), Some(message.as_str()));
        prop_assert_eq!(line["value"].as_str(), Some(value.as_str()));
        prop_assert_eq!(line["inner"].as_str(), Some(value.as_str()));
    }
}
