use std::{collections::BTreeMap, sync::atomic::Ordering::SeqCst, time::Duration};

use stockpile_routes::StreamOptions;
use tokio::net::TcpSocket;

use crate::market::{Events, Server, codes, quick, until};

#[actix_web::test]
async fn a_stream_begins_with_each_quote_and_goes_on_with_what_changes() {
    let server = Server::live(quick());
    let mut events = server.events("600001,sh600000").await;
    let mut first = [events.quote().await.unwrap(), events.quote().await.unwrap()];
    first.sort();
    assert_eq!(first, [("600000.SH".to_owned(), 10), ("600001.SH".to_owned(), 10)]);
    server.set_price(11);
    let mut second = [events.quote().await.unwrap(), events.quote().await.unwrap()];
    second.sort();
    assert_eq!(second, [("600000.SH".to_owned(), 11), ("600001.SH".to_owned(), 11)]);
}

#[actix_web::test]
async fn every_event_has_a_larger_id_and_is_what_the_quote_route_answers() {
    let server = Server::live(quick());
    let mut events = server.events("600000").await;
    let first: u64 = events.after("id: ").await.unwrap().parse().unwrap();
    assert_eq!(events.line().await.unwrap(), "event: quote");
    let data = events.after("data: ").await.unwrap();
    assert_eq!(events.line().await.unwrap(), "");
    let (_, answer) = server.answer_of("GET", "/api/stock/600000.SH/quote", "").await;
    assert!(answer.ends_with(&format!("{data}\n")), "{data}\n{answer}");
    assert!(data.starts_with("{\"demo\":true,"), "{data}");
    server.set_price(11);
    let second: u64 = events.after("id: ").await.unwrap().parse().unwrap();
    assert!(second > first);
}

#[actix_web::test]
async fn a_clock_that_moves_alone_is_no_change() {
    let server = Server::live(quick());
    let mut events = server.events("600000").await;
    assert_eq!(events.quote().await, Some(("600000.SH".into(), 10)));
    for second in 1..20 {
        server.market.time.store(second, SeqCst);
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    server.set_price(12);
    assert_eq!(events.quote().await, Some(("600000.SH".into(), 12)));
}

#[actix_web::test]
async fn many_streams_of_one_security_read_the_store_once() {
    let server = Server::daily(quick());
    let mut streams = Vec::new();
    for _ in 0..30 {
        let mut events = server.events("600000,600001").await;
        assert!(events.quote().await.is_some() && events.quote().await.is_some());
        streams.push(events);
    }
    drop(streams);
    // Also one that comes back after all have gone.
    assert!(server.events("600001").await.quote().await.is_some());
    assert_eq!(server.market.reads.load(SeqCst), 2);
}

#[actix_web::test]
async fn new_data_is_sent_and_a_commit_that_changes_nothing_is_not() {
    let server = Server::daily(quick());
    let mut events = server.events("600000").await;
    assert_eq!(events.quote().await, Some(("600000.SH".into(), 10)));
    server.market.revision.store(1, SeqCst);
    until(|| server.market.reads.load(SeqCst) == 2).await;
    server.set_price(13);
    server.market.revision.store(2, SeqCst);
    assert_eq!(events.quote().await, Some(("600000.SH".into(), 13)));
    assert_eq!(server.market.reads.load(SeqCst), 3);
}

#[actix_web::test]
async fn a_stream_outlives_an_outage_of_the_store() {
    let server = Server::daily(quick());
    let mut events = server.events("600000").await;
    assert!(events.quote().await.is_some());
    server.market.is_down.store(true, SeqCst);
    server.set_price(14);
    server.market.revision.store(1, SeqCst);
    let mut other = server.events("600001").await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    server.market.is_down.store(false, SeqCst);
    assert_eq!(events.quote().await, Some(("600000.SH".into(), 14)));
    assert_eq!(other.quote().await, Some(("600001.SH".into(), 14)));
}

#[actix_web::test]
async fn a_comment_shows_that_the_connection_lives() {
    let server = Server::live(StreamOptions { heartbeat: Duration::from_millis(10), ..quick() });
    let mut events = server.events("600000").await;
    for _ in 0..3 {
        assert_eq!(events.after(": ").await.unwrap(), "heartbeat");
    }
}

#[actix_web::test]
async fn a_slow_client_skips_quotes_and_ends_with_the_latest_of_each_code() {
    const CODES: u32 = 200;
    let server = Server::live(quick());
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut slow = Events::on(socket.connect(server.addr).await.unwrap(), &codes(CODES)).await;
    server.market.restless.store(true, SeqCst);
    // Some 20 MB of events, more than the system keeps for a client.
    until(|| server.market.price.load(SeqCst) > 60_000).await;
    server.market.restless.store(false, SeqCst);
    let last = server.market.price.load(SeqCst);
    let (mut received, mut latest) = (0_u64, BTreeMap::new());
    while latest.len() < CODES as usize || latest.values().any(|price| *price != last) {
        let (code, price) = slow.quote().await.unwrap();
        assert!(latest.insert(code, price).is_none_or(|before| before < price));
        received += 1;
    }
    assert!(received < 50_000, "{received} of 60,000");
}

#[actix_web::test]
async fn one_stream_more_than_there_may_be_is_refused_until_another_ends() {
    let options = StreamOptions { max_connections: 2, heartbeat: Duration::from_millis(5), ..quick() };
    let server = Server::live(options);
    let (first, _second) = (server.events("600000").await, server.events("600000").await);
    let (status, rest) = server.answer("GET", "codes=600000", "").await;
    assert_eq!(status, "HTTP/1.1 429 Too Many Requests");
    assert!(rest.contains("retry-after: 5") && rest.contains("\"code\":\"rate_limited\""), "{rest}");
    drop(first);
    // The server sees it at its next heartbeat.
    while server.answer("HEAD", "codes=600000", "").await.0 != "HTTP/1.1 200 OK" {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[actix_web::test]
async fn what_cannot_be_streamed_is_refused_at_once() {
    let server = Server::live(quick());
    let too_many = format!("codes={}", codes(201));
    for (query, status, part) in [
        ("", "400 Bad Request", "\"parameter\":\"codes\""),
        ("codes=", "400 Bad Request", "\"parameter\":\"codes\""),
        ("codes=6000", "400 Bad Request", "\"parameter\":\"codes\""),
        ("codes=600000,", "400 Bad Request", "\"parameter\":\"codes\""),
        ("codes=600000&limit=1", "400 Bad Request", "\"parameter\":\"limit\""),
        (&too_many, "400 Bad Request", "\"parameter\":\"codes\""),
        ("codes=600000,600999", "404 Not Found", "600999: no security has this code"),
    ] {
        let (answered, rest) = server.answer("GET", query, "").await;
        assert_eq!(answered, format!("HTTP/1.1 {status}"), "{query}");
        assert!(rest.contains(part), "{query}: {rest}");
    }
    let down = Server::daily(quick());
    down.market.is_down.store(true, SeqCst);
    let (answered, rest) = down.answer("GET", "codes=600000", "").await;
    assert_eq!(answered, "HTTP/1.1 503 Service Unavailable");
    assert!(rest.contains("retry-after: 5"), "{rest}");
}

#[actix_web::test]
async fn a_head_request_is_answered_without_a_stream() {
    let server = Server::live(quick());
    let (status, rest) = server.answer("HEAD", "codes=600000", "").await;
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert!(
        rest.contains("content-type: text/event-stream") && rest.contains("cache-control: no-store"),
        "{rest}"
    );
    assert!(!rest.contains("data:"), "{rest}");
}

#[actix_web::test]
async fn streams_end_when_the_server_does() {
    let server = Server::live(quick());
    let mut events = server.events("600000").await;
    assert!(events.quote().await.is_some());
    server.state.end_streams();
    assert_eq!(events.quote().await, None);
    // And those that begin while it ends.
    assert_eq!(server.events("600000").await.quote().await, None);
}
