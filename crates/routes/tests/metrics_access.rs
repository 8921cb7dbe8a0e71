//! Who may read `/metrics`, by the address of the connection.
#![allow(clippy::unwrap_used, reason = "test")]

use std::{sync::Arc, time::Duration};

use actix_web::{App, test, web};
use jiff::Timestamp;
use metrics::NoopRecorder;
use stockpile_cache::Cache;
use stockpile_routes::{AppState, Lifetimes, Metrics, MetricsAccess, Options, configure};
use stockpile_storage::Store;

fn state(access: Option<MetricsAccess>) -> web::Data<AppState> {
    let minute = Duration::from_secs(60);
    let options = Options {
        version: "test",
        lifetimes: Lifetimes::all(minute),
        request_timeout: minute,
        now: || Timestamp::UNIX_EPOCH,
    };
    // A store that is asked anything panics.
    let state = AppState::new(Store::mocked(), Cache::in_memory(), &options);
    let metrics = |access| Metrics {
        recorder: Arc::new(NoopRecorder),
        render: Arc::new(|| "up 1\n".to_owned()),
        access,
    };
    web::Data::new(match access {
        Some(access) => state.with_metrics(metrics(access)),
        None => state,
    })
}

/// The status for a client at an address that names another in every header there is for that.
async fn status(access: Option<MetricsAccess>, peer: Option<&str>, claimed: &str) -> u16 {
    let app = test::init_service(App::new().app_data(state(access)).configure(configure)).await;
    let mut request = test::TestRequest::get().uri("/metrics");
    for header in ["x-forwarded-for", "x-real-ip", "host"] {
        request = request.insert_header((header, claimed));
    }
    request = request.insert_header(("forwarded", format!("for={claimed}")));
    if let Some(peer) = peer {
        request = request.peer_addr(peer.parse().unwrap());
    }
    test::call_service(&app, request.to_request()).await.status().as_u16()
}

#[actix_web::test]
async fn only_this_machine_reads_them_whatever_a_request_claims() {
    let loopback = Some(MetricsAccess::Loopback);
    for peer in ["127.0.0.1:5000", "127.8.8.8:1", "[::1]:5000", "[::ffff:127.0.0.1]:5000"] {
        assert_eq!(status(loopback, Some(peer), "203.0.113.9").await, 200, "{peer}");
    }
    for peer in ["192.168.1.7:5000", "203.0.113.9:1", "[2001:db8::1]:5000", "[::ffff:10.0.0.1]:5000"] {
        assert_eq!(status(loopback, Some(peer), "127.0.0.1").await, 403, "{peer}");
    }
    assert_eq!(status(loopback, None, "127.0.0.1").await, 403);
}

#[actix_web::test]
async fn they_are_for_everybody_or_nobody_when_told_so() {
    assert_eq!(status(Some(MetricsAccess::Open), Some("203.0.113.9:1"), "203.0.113.9").await, 200);
    assert_eq!(status(None, Some("127.0.0.1:1"), "127.0.0.1").await, 404);
}
