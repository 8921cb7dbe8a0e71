//! Quotes of a real exchange, as a collector publishes them.

use std::{sync::Arc, sync::atomic::Ordering::SeqCst, time::Duration};

use stockpile_cache::{Cache, MemoryBackend, MemoryBus, testkit::ManualClock};
use stockpile_market::SecurityKind;
use stockpile_routes::{LiveQuote, Quote};

use crate::market::{Server, quick, this_morning, until};

fn quote(code: &str, price: f64) -> LiveQuote {
    LiveQuote {
        code: code.parse().unwrap(),
        kind: SecurityKind::Stock,
        name: Some("浦发银行".to_owned()),
        quote: Quote {
            time: this_morning(),
            price,
            open: Some(9.9),
            high: None,
            low: None,
            pre_close: Some(10.0),
            change: Some(1.0),
            pct_chg: Some(10.0),
            vol: Some(558_452.93),
            amount: None,
        },
    }
}

const TARGET: &str = "/api/stock/600000.SH/quote";

#[actix_web::test]
async fn a_published_quote_is_answered_and_streamed() {
    let server = Server::of_the_exchange(quick(), Cache::in_memory());
    let mut events = server.events("600000").await;
    assert_eq!(events.quote().await, Some(("600000.SH".into(), 10)), "the last bar, until there is more");
    server.state.publish(vec![quote("600000.SH", 11.0), quote("600001.SH", 12.0)]).await;
    let data = events.after("data: ").await.unwrap();
    assert_eq!(
        data,
        concat!(
            r#"{"ts_code":"600000.SH","name":"浦发银行","time":"2025-02-06T10:00:00+08:00","price":11.0,"open":9.9,"#,
            r#""high":null,"low":null,"pre_close":10.0,"change":1.0,"pct_chg":10.0,"vol":558452.93,"amount":null,"#,
            r#""source":"live"}"#
        )
    );
    let (status, answer) = server.answer_of("GET", TARGET, "").await;
    assert!(status.ends_with("200 OK") && answer.ends_with(&format!("{data}\n")), "{answer}");
    for header in ["x-cache: hit", "age: 0", "etag: ", "max-age=60, "] {
        assert!(answer.contains(header), "{header}\n{answer}");
    }
    server.state.publish(vec![quote("600000.SH", 11.0)]).await;
    server.state.publish(vec![quote("600000.SH", 13.0)]).await;
    assert_eq!(events.quote().await, Some(("600000.SH".into(), 13)));
    // Whoever comes later begins with it.
    assert_eq!(server.events("600001").await.quote().await, Some(("600001.SH".into(), 12)));
}

#[actix_web::test]
async fn a_quote_that_is_not_followed_by_another_stands_and_is_called_stale() {
    let clock = ManualClock::new();
    let cache = Cache::builder().clock(clock.shared()).build().unwrap();
    let server = Server::of_the_exchange(quick(), cache);
    server.state.publish(vec![quote("600000.SH", 11.0)]).await;
    clock.advance(Duration::from_secs(61));
    let (_, answer) = server.answer_of("GET", TARGET, "").await;
    assert!(answer.contains("x-cache: stale") && answer.contains("age: 61"), "{answer}");
    assert!(answer.contains(r#""price":11.0"#), "{answer}");
    assert_eq!(server.events("600000").await.quote().await, Some(("600000.SH".into(), 11)));
}

#[actix_web::test]
async fn once_the_day_has_its_bars_they_are_shown() {
    let server = Server::of_the_exchange(quick(), Cache::in_memory());
    server.state.publish(vec![quote("600000.SH", 11.0)]).await;
    let mut events = server.events("600000").await;
    assert_eq!(events.quote().await, Some(("600000.SH".into(), 11)));
    server.set_price(14);
    server.market.has_today.store(true, SeqCst);
    server.market.revision.store(1, SeqCst);
    assert_eq!(events.quote().await, Some(("600000.SH".into(), 14)));
    let (_, answer) = server.answer_of("GET", TARGET, "").await;
    assert!(answer.contains(r#""source":"daily""#), "{answer}");
}

#[actix_web::test]
async fn servers_that_share_a_cache_show_what_one_of_them_publishes() {
    let (backend, bus) = (Arc::new(MemoryBackend::new(1 << 20)), MemoryBus::new());
    let cache = || {
        let builder = Cache::builder().backend(backend.clone()).bus(Arc::new(bus.clone()));
        builder.build().unwrap()
    };
    let (one, other) = (cache(), cache());
    let collector = Server::of_the_exchange(quick(), one);
    let server = Server::of_the_exchange(quick(), other.clone());
    let mut events = server.events("600000").await;
    assert_eq!(events.quote().await, Some(("600000.SH".into(), 10)));
    for price in [11, 12, 13] {
        collector.state.publish(vec![quote("600000.SH", f64::from(price))]).await;
        assert_eq!(events.quote().await, Some(("600000.SH".into(), u64::try_from(price).unwrap())));
    }
    let (_, answer) = server.answer_of("GET", TARGET, "").await;
    assert!(answer.contains(r#""price":13.0"#), "{answer}");
}

#[actix_web::test]
async fn a_server_that_knows_of_no_collector_looks_for_no_quotes() {
    let server = Server::daily(quick());
    server.state.publish(vec![quote("600000.SH", 11.0)]).await;
    let (_, answer) = server.answer_of("GET", TARGET, "").await;
    assert!(answer.contains(r#""source":"daily""#), "{answer}");
    let mut seen = 0;
    until(|| {
        seen += 1;
        seen > 5
    })
    .await;
    assert_eq!(server.events("600000").await.quote().await, Some(("600000.SH".into(), 10)));
}
