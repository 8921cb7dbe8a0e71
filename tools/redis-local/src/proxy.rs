use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp},
    task::{JoinHandle, JoinSet},
};

/// Stands between a client and its server, and spoils the line.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    line: Arc<Line>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Line {
    delay_ms: AtomicU64,
    /// Connections up to this number carry nothing any more, and stay open.
    silent_up_to: AtomicU64,
    connections: AtomicU64,
    closed: AtomicBool,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Carries what comes to a server on loopback, from a task of this runtime.
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let line = Arc::new(Line::default());
        let task = tokio::spawn(carry(listener, server, Arc::clone(&line)));
        Self { port, line, task }
    }

    /// Every piece of data takes so much longer.
    pub fn delay(&self, delay: Duration) {
        self.line.delay_ms.store(u64::try_from(delay.as_millis()).unwrap(), SeqCst);
    }

    /// The connections of now stay open and carry nothing; new ones work.
    pub fn silence_open_ones(&self) {
        self.line.silent_up_to.store(self.line.connections.load(SeqCst), SeqCst);
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

async fn carry(listener: TcpListener, server: u16, line: Arc<Line>) {
    // Ends its members when it is dropped.
    let mut pumps = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { continue };
        let number = line.connections.fetch_add(1, SeqCst) + 1;
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        pumps.spawn(pump(from_client, to_server, number, Arc::clone(&line)));
        pumps.spawn(pump(from_server, to_client, number, Arc::clone(&line)));
    }
    line.closed.store(true, SeqCst);
}

async fn pump(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf, number: u64, line: Arc<Line>) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let Ok(length @ 1..) = from.read(&mut buffer).await else { return };
        tokio::time::sleep(Duration::from_millis(line.delay_ms.load(SeqCst))).await;
        if number <= line.silent_up_to.load(SeqCst) {
            return std::future::pending().await;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
