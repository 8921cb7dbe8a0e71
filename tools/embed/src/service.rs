//! Answers `GET code` and `CHANGED code`, a line each, over TCP.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use stockpile_cache::{Cache, Kind, bytes::Bytes, cached};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// A line to send, with its newline.
const LINE: Kind<Bytes> = Kind::new("line").ttl(Duration::from_secs(60)).stale(Duration::from_secs(600));

/// What is asked when nothing is kept. It takes its time.
#[derive(Clone, Debug, Default)]
pub struct Store {
    questions: Arc<AtomicU32>,
}

impl Store {
    /// How often it was asked.
    #[must_use]
    pub fn questions(&self) -> u32 {
        self.questions.load(Relaxed)
    }

    async fn price(&self, code: &str) -> io::Result<String> {
        let number = self.questions.fetch_add(1, Relaxed) + 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
        if code == "closed" {
            return Err(io::Error::other("the store is closed"));
        }
        Ok(format!("{code} {number}"))
    }
}

#[cached(cache = cache, kind = LINE, key = "{code}", tags = ["code:{code}"], skip(store))]
async fn line(cache: &Cache, store: &Store, code: &str) -> io::Result<Bytes> {
    Ok(Bytes::from(store.price(code).await? + "\n"))
}

/// Serves for ever.
///
/// # Errors
///
/// When no more connections can be taken.
pub async fn serve(listener: TcpListener, cache: Cache, store: Store) -> io::Result<()> {
    cache.connect();
    loop {
        let (client, _) = listener.accept().await?;
        tokio::spawn(talk(client, cache.clone(), store.clone()));
    }
}

async fn talk(client: TcpStream, cache: Cache, store: Store) -> io::Result<()> {
    let (from, mut to) = client.into_split();
    let mut questions = BufReader::new(from).lines();
    while let Some(question) = questions.next_line().await? {
        let answer = match question.split_once(' ') {
            Some(("GET", code)) => match line(&cache, &store, code).await {
                Ok(line) => line,
                Err(error) => Bytes::from(format!("sorry: {error}\n")),
            },
            Some(("CHANGED", code)) => {
                cache.remove_tag(&format!("code:{code}")).await;
                Bytes::from_static(b"thanks\n")
            }
            _ => Bytes::from_static(b"ask: GET code, or CHANGED code\n"),
        };
        to.write_all(&answer).await?;
    }
    Ok(())
}
