//! Servers that are not there, are slow, or are something else.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use stockpile_market::SecurityKind;
use stockpile_storage::{
    Error, RowCounts,
    clickhouse::{Options, open},
    contract::{bar, date, ingest, numbered, start},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket},
};

use super::{
    engine::fresh,
    proxy::{Mode, Proxy},
};

const STOCK: SecurityKind = SecurityKind::Stock;
const SOON: Duration = Duration::from_millis(400);

/// Answers every request with the same bytes.
async fn something_else(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut request = vec![0; 16 * 1024];
            let _ = client.read(&mut request).await;
            let _ = client.write_all(answer.as_bytes()).await;
        }
    });
    port
}

#[tokio::test]
async fn a_web_page_is_not_taken_for_the_server() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 22\r\n\r\n<html>It works!</html>",
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 22\r\n\r\n<html>Not found</html>",
        "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n",
    ] {
        let port = something_else(answer).await;
        let refused = open(&Options::new("127.0.0.1").port(port)).await.unwrap_err();
        assert!(matches!(refused, Error::WrongServer { engine: "ClickHouse", .. }), "{answer}: {refused:?}");
        assert!(refused.to_string().contains(&port.to_string()), "{refused}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    // Held, so that nobody else listens there.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let port = nobody.local_addr().unwrap().port();
    let refused = open(&Options::new("127.0.0.1").port(port)).await.unwrap_err();
    assert!(matches!(refused, Error::Unreachable { .. }), "{refused:?}");
    assert!(refused.to_string().contains(&format!("clickhouse://127.0.0.1:{port}/stock_data")), "{refused}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = Options::new("127.0.0.1").port(silent.local_addr().unwrap().port()).timeouts(SOON, SOON);
    let refused = open(&options).await.unwrap_err();
    assert!(matches!(refused, Error::TimedOut { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_half_open_connection_is_given_up_and_the_next_question_is_answered() {
    let Some((database, store)) = fresh().await else { return };
    ingest(&store, STOCK, [bar("000001.SZ", "20250205", 10.0)]).await;
    let proxy = Proxy::before(database.options.port).await;
    let options = database.options.clone().port(proxy.port).timeouts(SOON, Duration::from_secs(2));
    let behind = open(&options).await.unwrap();
    proxy.set(Mode::Silent);
    let refused = behind.bars.day_counts(STOCK).await.unwrap_err();
    assert!(matches!(refused, Error::TimedOut { .. }), "{refused:?}");
    assert!(refused.is_transient());
    proxy.set(Mode::Pass);
    assert_eq!(behind.bars.day_counts(STOCK).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_slow_server_is_waited_for() {
    let Some((database, store)) = fresh().await else { return };
    ingest(&store, STOCK, [bar("000001.SZ", "20250205", 10.0)]).await;
    let proxy = Proxy::before(database.options.port).await;
    let behind = open(&database.options.clone().port(proxy.port)).await.unwrap();
    proxy.set(Mode::Slow(Duration::from_millis(30)));
    assert_eq!(behind.bars.day_counts(STOCK).await.unwrap().len(), 1);
    ingest(&behind, STOCK, [bar("000001.SZ", "20250206", 10.0)]).await;
    assert_eq!(store.bars.day_counts(STOCK).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_server_that_is_away_for_a_moment_is_asked_again() {
    let Some((database, store)) = fresh().await else { return };
    ingest(&store, STOCK, [bar("000001.SZ", "20250205", 10.0)]).await;
    let proxy = Proxy::before(database.options.port).await;
    let behind = open(&database.options.clone().port(proxy.port)).await.unwrap();
    let until_refused = proxy.until_refused();
    proxy.set(Mode::Dead);
    let asked = tokio::spawn(async move { behind.bars.day_counts(STOCK).await });
    until_refused.await;
    proxy.set(Mode::Pass);
    assert_eq!(asked.await.unwrap().unwrap().len(), 1);
}

const PAGE: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 22\r\n\r\n<html>It works!</html>";
const GATEWAYS: [&str; 3] = [
    "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 43\r\n\r\n<html><title>502 Bad Gateway</title></html>",
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 19\r\n\r\nno healthy upstream",
    "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n",
];

#[tokio::test]
async fn a_gateway_before_a_server_that_is_away_is_no_wrong_server() {
    for answer in GATEWAYS {
        let port = something_else(answer).await;
        let refused = open(&Options::new("127.0.0.1").port(port)).await.unwrap_err();
        assert!(matches!(refused, Error::Unreachable { .. }), "{answer}: {refused:?}");
        assert!(refused.is_transient());
    }
}

#[tokio::test]
async fn a_read_and_a_run_go_on_when_the_gateway_finds_the_server_again() {
    let Some((database, store)) = fresh().await else { return };
    ingest(&store, STOCK, [bar("000001.SZ", "20250205", 10.0)]).await;
    for answer in GATEWAYS {
        let proxy = Proxy::before(database.options.port).await;
        let behind = open(&database.options.clone().port(proxy.port)).await.unwrap();
        let until_refused = proxy.until_refused();
        let soon = async {
            until_refused.await;
            proxy.let_go();
        };
        proxy.answer("HTTP/1.1", answer);
        let (days, ()) = tokio::join!(behind.bars.day_counts(STOCK), soon);
        assert_eq!(days.unwrap().len(), 1, "{answer}");

        let mut run = start(&behind).await;
        run.write_bars(STOCK, numbered([bar("000001.SZ", "20250205", 10.0)])).await.unwrap();
        let until_refused = proxy.until_refused();
        proxy.answer("INTO+%60stage_", answer);
        let soon = async {
            until_refused.await;
            proxy.let_go();
        };
        let (committed, ()) =
            tokio::join!(run.commit(RowCounts::default(), jiff::Timestamp::UNIX_EPOCH), soon);
        committed.unwrap();
    }
}

#[tokio::test]
async fn a_page_during_a_read_is_not_taken_for_an_answer() {
    let Some((database, store)) = fresh().await else { return };
    ingest(&store, STOCK, [bar("000001.SZ", "20250205", 10.0)]).await;
    let proxy = Proxy::before(database.options.port).await;
    let behind = open(&database.options.clone().port(proxy.port)).await.unwrap();
    proxy.answer("HTTP/1.1", PAGE);
    let refused = behind.bars.day_counts(STOCK).await.unwrap_err();
    assert!(matches!(refused, Error::WrongServer { engine: "ClickHouse", .. }), "{refused:?}");
    let refused = behind.bars.closes(STOCK, date("20250205")).await.unwrap_err();
    assert!(matches!(refused, Error::WrongServer { engine: "ClickHouse", .. }), "{refused:?}");
    let refused = behind.ingest.revision().await.unwrap_err();
    assert!(matches!(refused, Error::WrongServer { engine: "ClickHouse", .. }), "{refused:?}");
    proxy.let_go();
    assert_eq!(behind.bars.day_counts(STOCK).await.unwrap().len(), 1);
}
