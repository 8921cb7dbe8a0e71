//! Messages between processes, and the server's own word on what changed.

use std::time::Duration;

use bytes::Bytes;
use stockpile_cache::{
    Backend, Bus, BusEvent,
    redis::{RedisBackend, RedisBus},
};
use tokio::sync::mpsc::Receiver;

use stockpile_redis_local::{Proxy, Server};

use crate::{connected, groups::Cluster, key, set};

fn bus(url: &str) -> RedisBus {
    RedisBus::new(url).unwrap()
}

async fn next(events: &mut Receiver<BusEvent>) -> BusEvent {
    tokio::time::timeout(Duration::from_secs(10), events.recv()).await.unwrap().unwrap()
}

/// Skips what else is told until something wanted comes.
async fn until(events: &mut Receiver<BusEvent>, wanted: impl Fn(&BusEvent) -> bool) -> BusEvent {
    loop {
        let event = next(events).await;
        if wanted(&event) {
            return event;
        }
    }
}

fn message(text: &'static str) -> BusEvent {
    BusEvent::Message(Bytes::from_static(text.as_bytes()))
}

async fn publish(bus: &RedisBus, text: &'static str) {
    while bus.publish("news", Bytes::from_static(text.as_bytes())).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn message_reaches_everybody_from_connected_on_and_in_order() {
    let Some(server) = Server::start("") else { return };
    let url = server.url("/1");
    let (one, other) = (RedisBus::over(connected(RedisBackend::builder(&url)).await), bus(&url));
    let mut heard = [one.subscribe("news"), other.subscribe("news")];
    for events in &mut heard {
        assert_eq!(next(events).await, BusEvent::Connected);
    }
    let numbers: Vec<Bytes> = (0..100).map(|number: u32| number.to_string().into()).collect();
    for number in &numbers {
        one.publish("news", number.clone()).await.unwrap();
    }
    for events in &mut heard {
        for number in &numbers {
            assert_eq!(next(events).await, BusEvent::Message(number.clone()));
        }
    }
}

#[tokio::test]
async fn any_bytes_come_as_they_were_sent() {
    let Some(server) = Server::start("") else { return };
    let bus = bus(&server.url(""));
    let mut events = bus.subscribe("news");
    assert_eq!(next(&mut events).await, BusEvent::Connected);
    for bytes in [&b""[..], b"\x00\xff\r\n", b"text", b"12", "贵州茅台".as_bytes()] {
        bus.publish("news", Bytes::copy_from_slice(bytes)).await.unwrap();
        assert_eq!(next(&mut events).await, BusEvent::Message(Bytes::copy_from_slice(bytes)));
    }
}

#[tokio::test]
async fn channels_and_databases_do_not_hear_each_other() {
    let Some(server) = Server::start("") else { return };
    let (first, second) = (bus(&server.url("/1")), bus(&server.url("/2")));
    let mut events = first.subscribe("news");
    assert_eq!(next(&mut events).await, BusEvent::Connected);
    publish(&second, "of another database").await;
    first.publish("weather", Bytes::from_static(b"of another channel")).await.unwrap();
    publish(&first, "mine").await;
    assert_eq!(next(&mut events).await, message("mine"));
}

#[tokio::test]
async fn restarted_server_is_heard_again_after_the_cut_was_told() {
    let Some(mut server) = Server::start("") else { return };
    let bus = bus(&server.url(""));
    let mut events = bus.subscribe("news");
    assert_eq!(next(&mut events).await, BusEvent::Connected);
    server.kill();
    assert_eq!(next(&mut events).await, BusEvent::Disconnected);
    server.restart();
    assert_eq!(next(&mut events).await, BusEvent::Connected);
    publish(&bus, "after").await;
    assert_eq!(next(&mut events).await, message("after"));
}

#[tokio::test]
async fn listener_of_a_server_that_is_down_waits_without_a_word() {
    let Some(mut server) = Server::stopped() else { return };
    let bus = bus(&server.url(""));
    let mut events = bus.subscribe("news");
    assert!(tokio::time::timeout(Duration::from_millis(200), events.recv()).await.is_err());
    server.restart();
    assert_eq!(next(&mut events).await, BusEvent::Connected);
}

#[tokio::test]
async fn line_that_died_silently_is_noticed_though_nothing_is_sent() {
    let Some(server) = Server::start("") else { return };
    let proxy = Proxy::to(server.port).await;
    let bus = bus(&proxy.url());
    let mut events = bus.subscribe("news");
    assert_eq!(next(&mut events).await, BusEvent::Connected);
    proxy.silence_open_ones();
    assert_eq!(next(&mut events).await, BusEvent::Disconnected);
    assert_eq!(next(&mut events).await, BusEvent::Connected);
}

#[tokio::test]
async fn listener_that_does_not_keep_up_is_told() {
    let Some(server) = Server::start("") else { return };
    let bus = bus(&server.url(""));
    let mut events = bus.subscribe("news");
    assert_eq!(next(&mut events).await, BusEvent::Connected);
    let mut wire = server.wire();
    for number in 0..10_000 {
        wire.send(&["PUBLISH", "news:db0", &number.to_string()]).unwrap();
        // Answers are read in between, or both sides would wait for each other.
        if number % 100 == 99 {
            for _ in 0..100 {
                wire.read().unwrap();
            }
            tokio::task::yield_now().await;
        }
    }
    // Nobody has read so far, and not all of it fits.
    tokio::time::sleep(Duration::from_millis(300)).await;
    until(&mut events, |event| *event == BusEvent::Lost).await;
    publish(&bus, "last").await;
    until(&mut events, |event| *event == message("last")).await;
}

#[tokio::test]
async fn dropped_receiver_ends_its_connection() {
    let Some(server) = Server::start("") else { return };
    let bus = bus(&server.url(""));
    let mut events = bus.subscribe("news");
    assert_eq!(next(&mut events).await, BusEvent::Connected);
    let connections = async |wanted: &str| {
        for _ in 0..1000 {
            if server.info("clients", "connected_clients").as_deref() == Some(wanted) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not {wanted} connections");
    };
    connections("2").await;
    drop(events);
    connections("1").await;
}

#[test]
fn subscribing_outside_of_a_runtime_works() {
    let Some(server) = Server::start("") else { return };
    let bus = bus(&server.url(""));
    let mut events = bus.subscribe("news");
    assert_eq!(events.blocking_recv(), Some(BusEvent::Connected));
}

fn changed(name: &str) -> BusEvent {
    BusEvent::Changed(vec![Bytes::copy_from_slice(key(name).as_str().as_bytes())])
}

#[tokio::test]
async fn tracking_tells_of_writes_deletions_expiry_and_emptying_by_anybody() {
    let Some(server) = Server::start("") else { return };
    let bus = bus(&server.url("")).with_tracking("cache:");
    let mut events = bus.subscribe("news");
    assert_eq!(next(&mut events).await, BusEvent::Connected);
    let name = key("a");
    server.ask(&["SET", "other:a", "v"]);
    server.ask(&["SET", name.as_str(), "v"]);
    assert_eq!(next(&mut events).await, changed("a"));
    server.ask(&["DEL", name.as_str()]);
    assert_eq!(next(&mut events).await, changed("a"));
    server.ask(&["SET", name.as_str(), "v", "PX", "30"]);
    assert_eq!(next(&mut events).await, changed("a"));
    assert_eq!(next(&mut events).await, changed("a"), "it expired");
    server.empty();
    assert_eq!(next(&mut events).await, BusEvent::Flushed);
    publish(&bus, "and messages").await;
    assert_eq!(next(&mut events).await, message("and messages"));
}

#[tokio::test]
async fn tracking_is_armed_again_after_a_restart() {
    let Some(mut server) = Server::start("") else { return };
    let bus = bus(&server.url("")).with_tracking("cache:");
    let mut events = bus.subscribe("news");
    assert_eq!(next(&mut events).await, BusEvent::Connected);
    server.restart();
    until(&mut events, |event| *event == BusEvent::Connected).await;
    server.ask(&["SET", key("a").as_str(), "v"]);
    assert_eq!(next(&mut events).await, changed("a"));
}

#[tokio::test]
async fn tracking_of_a_cluster_hears_every_primary() {
    let Some(cluster) = Cluster::start() else { return };
    let bus = bus(&cluster.url()).with_tracking("cache:");
    let mut events = bus.subscribe("news");
    assert_eq!(next(&mut events).await, BusEvent::Connected);
    let backend = connected(RedisBackend::builder(cluster.url())).await;
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        set(&backend, name, "v").await.unwrap();
        assert_eq!(next(&mut events).await, changed(name));
    }
    assert!(cluster.nodes[..3].iter().all(|node| node.keys_in(0) > 0), "the names cover every primary");
    publish(&bus, "once").await;
    publish(&bus, "twice").await;
    assert_eq!(next(&mut events).await, message("once"));
    assert_eq!(next(&mut events).await, message("twice"));
    backend.ping().await.unwrap();
}

#[tokio::test]
async fn server_that_refuses_tracking_still_carries_messages() {
    let config = "user ann on >secret ~* &* +@all -client|tracking\nuser default off";
    let Some(server) = Server::start(config) else { return };
    let bus = bus(&server.url("").replace("//", "//ann:secret@")).with_tracking("cache:");
    let mut events = bus.subscribe("news");
    assert_eq!(next(&mut events).await, BusEvent::Connected);
    publish(&bus, "m").await;
    assert_eq!(next(&mut events).await, message("m"));
}
