use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Response;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{client_async, tungstenite::Message};

use crate::app::{HEADER, TestApp};

/// The next event: its lines up to the empty one.
async fn event(response: &mut Response) -> Vec<String> {
    let mut text = String::new();
    while !text.ends_with("\n\n") {
        let chunk = response.chunk().await.unwrap().expect("the stream ended");
        text += std::str::from_utf8(&chunk).unwrap();
    }
    text.lines().map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn a_stream_begins_with_the_quote_and_tells_of_a_new_one() {
    let app = TestApp::with_a_small_market().await;
    let mut response = app.get("/api/stream/quotes?codes=600519").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let first = event(&mut response).await;
    let quote: Value = serde_json::from_str(first[2].strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(quote, app.json("/api/stock/600519/quote").await);
    assert_eq!((quote["price"].as_f64(), quote["source"].as_str()), (Some(1436.0), Some("daily")));

    app.ingest("next.csv", HEADER.to_owned() + "600519.SH,20250206,10,11,10,11,10,1,10,1,1\n").await;
    let next = event(&mut response).await;
    assert_eq!(next[1], "event: quote");
    assert!(next[2].contains("\"price\":11.0"), "{next:?}");
}

#[tokio::test]
async fn the_same_path_speaks_websocket() {
    let app = TestApp::with_a_small_market().await;
    let stream = TcpStream::connect(app.addr).await.unwrap();
    let (mut socket, _) = client_async(format!("ws://{}/api/stream/quotes", app.addr), stream).await.unwrap();
    for (wish, answer) in [
        (json!({"subscribe": ["000001.SH"]}), json!({"quote": app.json("/api/stock/000001.SH/quote").await})),
        (json!({"subscribe": ["600000"]}), json!("not_found")),
    ] {
        socket.send(Message::text(wish.to_string())).await.unwrap();
        let text = socket.next().await.unwrap().unwrap().into_text().unwrap();
        let told: Value = serde_json::from_str(&text).unwrap();
        let told = if told["error"].is_null() { told } else { told["error"]["code"].clone() };
        assert_eq!(told, answer);
    }
}
