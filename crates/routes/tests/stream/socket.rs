use std::{collections::BTreeMap, sync::atomic::Ordering::SeqCst, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use stockpile_routes::StreamOptions;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        self, Message, client::IntoClientRequest as _, http::HeaderValue, protocol::frame::coding::CloseCode,
    },
};

use crate::market::{Server, code_and_price, codes, quick, until};

struct Client(WebSocketStream<TcpStream>);

impl Client {
    async fn connect(server: &Server, query: &str) -> Self {
        Self::on(TcpStream::connect(server.addr).await.unwrap(), server, query, None).await.unwrap()
    }

    async fn on(
        stream: TcpStream,
        server: &Server,
        query: &str,
        origin: Option<&str>,
    ) -> Result<Self, tungstenite::Error> {
        let mut request =
            format!("ws://{}/api/stream/quotes{query}", server.addr).into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", HeaderValue::from_str(origin).unwrap());
        }
        client_async(request, stream).await.map(|(client, _)| Self(client))
    }

    async fn send(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn next(&mut self) -> Message {
        let next = tokio::time::timeout(Duration::from_secs(10), self.0.next());
        next.await.expect("nothing comes").unwrap().unwrap()
    }

    async fn json(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.next().await {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    async fn quote(&mut self) -> (String, u64) {
        code_and_price(&self.json().await["quote"])
    }

    async fn problem(&mut self) -> Value {
        self.json().await["error"].clone()
    }

    async fn close_code(&mut self) -> CloseCode {
        loop {
            if let Message::Close(frame) = self.next().await {
                return frame.unwrap().code;
            }
        }
    }
}

#[actix_web::test]
async fn quotes_come_for_what_is_subscribed_to_and_end_with_it() {
    let server = Server::live(quick());
    let mut client = Client::connect(&server, "?codes=600000").await;
    assert_eq!(client.quote().await, ("600000.SH".into(), 10));
    client.send(&json!({"subscribe": ["sh600001", "600000"]})).await;
    assert_eq!(client.quote().await, ("600001.SH".into(), 10));
    client.send(&json!({"unsubscribe": ["600000"]})).await;
    // Answered in order, so what was asked for before is done.
    client.send(&json!({"subscribe": ["nonsense"]})).await;
    assert_eq!(client.problem().await["code"], "invalid_parameter");
    for price in 11..14 {
        server.set_price(price);
        assert_eq!(client.quote().await, ("600001.SH".into(), price));
    }
}

#[actix_web::test]
async fn a_wish_that_cannot_be_granted_changes_nothing() {
    let server = Server::live(quick());
    let mut client = Client::connect(&server, "").await;
    let numbers = |range: std::ops::Range<u32>| range.map(|number| number.to_string()).collect::<Vec<_>>();
    for (message, status, word) in [
        (json!({"subscribe": ["600000", "600999"]}), 404, "600999"),
        (json!({"subscribe": ["600000", "6"]}), 400, "subscribe"),
        (json!({"subscribe": []}), 400, "subscribe"),
        (json!({"subscribe": "600000"}), 400, "message"),
        (json!({"listen": ["600000"]}), 400, "message"),
        (json!(["600000"]), 400, "message"),
        (json!({"subscribe": numbers(600_000..600_201)}), 400, "1 to 200"),
    ] {
        client.send(&message).await;
        let problem = client.problem().await;
        assert_eq!(problem["status"], status, "{message}: {problem}");
        assert!(problem.to_string().contains(word), "{message}: {problem}");
    }
    client.send(&json!({"subscribe": numbers(600_000..600_200)})).await;
    for _ in 0..200 {
        client.quote().await;
    }
    client.send(&json!({"subscribe": ["600201"]})).await;
    assert!(client.problem().await["detail"].as_str().unwrap().contains("more than 200"));
    client.send(&json!({"unsubscribe": ["600000"]})).await;
    client.send(&json!({"subscribe": ["600201"]})).await;
    assert_eq!(client.quote().await.0, "600201.SH");
}

#[actix_web::test]
async fn a_message_that_is_too_long_or_no_text_ends_the_connection() {
    let server = Server::live(quick());
    let mut client = Client::connect(&server, "").await;
    client.0.send(Message::text("x".repeat(17 * 1024))).await.unwrap();
    assert_eq!(client.close_code().await, CloseCode::Size);
    let mut client = Client::connect(&server, "").await;
    client.0.send(Message::binary(b"{}".to_vec())).await.unwrap();
    assert_eq!(client.close_code().await, CloseCode::Unsupported);
}

#[actix_web::test]
async fn a_page_of_another_origin_is_refused_unless_it_is_named() {
    let options = StreamOptions { allowed_origins: vec!["https://example.org".into()], ..quick() };
    let server = Server::live(options);
    let own = format!("http://{}", server.addr);
    for (origin, status) in [
        ("https://example.com", 403),
        ("null", 403),
        ("http://example.org", 403),
        ("https://example.org", 101),
        (own.as_str(), 101),
    ] {
        let stream = TcpStream::connect(server.addr).await.unwrap();
        let answered = match Client::on(stream, &server, "", Some(origin)).await {
            Ok(_) => 101,
            Err(tungstenite::Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(answered, status, "{origin}");
    }
}

#[actix_web::test]
async fn an_upgrade_without_a_key_is_a_bad_request() {
    let server = Server::live(quick());
    let headers = "upgrade: websocket\r\nsec-websocket-version: 13\r\n";
    let (status, rest) = server.answer("GET", "", headers).await;
    assert_eq!(status, "HTTP/1.1 400 Bad Request");
    assert!(rest.contains("\"parameter\":\"upgrade\""), "{rest}");
}

#[actix_web::test]
async fn a_client_is_pinged_and_let_go_when_it_is_silent() {
    let options = StreamOptions { max_connections: 1, heartbeat: Duration::from_millis(15), ..quick() };
    let server = Server::live(options);
    let mut lively = Client::connect(&server, "").await;
    for _ in 0..8 {
        // Reading answers it.
        assert!(matches!(lively.next().await, Message::Ping(_)));
    }
    assert_eq!(server.answer("GET", "codes=600000", "").await.0, "HTTP/1.1 429 Too Many Requests");
    // From here on nobody reads, so nobody answers.
    while server.answer("HEAD", "codes=600000", "").await.0 != "HTTP/1.1 200 OK" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[actix_web::test]
async fn a_slow_client_skips_quotes_and_ends_with_the_latest_of_each_code() {
    const CODES: u32 = 200;
    let server = Server::live(quick());
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(server.addr).await.unwrap();
    let mut slow = Client::on(stream, &server, &format!("?codes={}", codes(CODES)), None).await.unwrap();
    server.market.restless.store(true, SeqCst);
    until(|| server.market.price.load(SeqCst) > 60_000).await;
    server.market.restless.store(false, SeqCst);
    let last = server.market.price.load(SeqCst);
    let (mut received, mut latest) = (0_u64, BTreeMap::new());
    while latest.len() < CODES as usize || latest.values().any(|price| *price != last) {
        let (code, price) = slow.quote().await;
        assert!(latest.insert(code, price).is_none_or(|before| before < price));
        received += 1;
    }
    assert!(received < 50_000, "{received} of 60,000");
}

#[actix_web::test]
async fn connections_are_closed_when_the_server_ends() {
    let server = Server::live(quick());
    let mut client = Client::connect(&server, "?codes=600000").await;
    client.quote().await;
    server.state.end_streams();
    assert_eq!(client.close_code().await, CloseCode::Away);
}
