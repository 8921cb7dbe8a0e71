//! A closed loop over connections that stay open: each has one request under way, and every answer is checked.

use std::{cell::Cell, net::SocketAddr, rc::Rc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use bytes::BytesMut;
use futures_util::future::try_join_all;
use memchr::memmem;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::answer::{self, Answer, Head};

/// One request and what must come back each time.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// As it goes over the wire.
    bytes: Vec<u8>,
    expected: Expected,
}

#[derive(Clone, Debug, Default)]
struct Expected {
    status: u16,
    body: Vec<u8>,
    /// Text the head must hold.
    line: String,
}

/// A GET, with more headers where they are wanted.
pub(crate) fn request(target: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut text =
        format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\naccept: */*\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// Asks once.
pub(crate) async fn ask(addr: SocketAddr, request: &[u8]) -> Result<Answer> {
    let mut connection = Connection::open(addr).await?;
    let asked = async {
        let head = connection.ask(request).await?;
        Answer::new(head, &connection.buffer)
    };
    tokio::time::timeout(Duration::from_secs(20), asked).await.context("no answer in 20 s")?
}

/// Asks until the answer comes out of the cache, and expects the same from then on.
///
/// `line` is text the head must hold each time, such as the header that says it was a hit.
pub(crate) async fn learn(addr: SocketAddr, bytes: Vec<u8>, line: &str) -> Result<Question> {
    let mut seen = None;
    for _ in 0..200 {
        let answer = ask(addr, &bytes).await?;
        ensure!(matches!(answer.status, 200 | 304), "{}", String::from_utf8_lossy(&answer.body));
        let hit = line.split_once(": ").is_none_or(|(name, value)| answer.header(name) == Some(value));
        let same = seen.as_ref() == Some(&answer.body);
        seen = Some(answer.body.clone());
        if hit && same {
            let expected = Expected { status: answer.status, body: answer.body, line: line.to_owned() };
            return Ok(Question { bytes, expected });
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    anyhow::bail!("never answered with `{line}`: {}", String::from_utf8_lossy(&bytes))
}

impl Question {
    pub(crate) fn body(&self) -> &[u8] {
        &self.expected.body
    }
}

/// Asks `count` times over `connections` connections, each in turn through the questions from a place of its own.
///
/// As many connections as questions, or fewer, never have two requests for one question under way.
pub(crate) async fn load(
    addr: SocketAddr,
    questions: &[Question],
    connections: usize,
    count: usize,
) -> Result<()> {
    let left = Rc::new(Cell::new(count));
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(addr).await?);
    }
    let loops = open.into_iter().enumerate().map(|(number, mut connection)| {
        let left = Rc::clone(&left);
        let start = number * questions.len() / connections;
        async move {
            for question in questions.iter().cycle().skip(start) {
                let Some(rest) = left.get().checked_sub(1) else { break };
                left.set(rest);
                let head = connection.ask(&question.bytes).await?;
                check(&connection.buffer, head, &question.expected)?;
            }
            Ok::<_, anyhow::Error>(())
        }
    });
    let all = tokio::time::timeout(Duration::from_secs(120), try_join_all(loops));
    all.await.context("no end after two minutes")??;
    Ok(())
}

fn check(bytes: &[u8], head: Head, expected: &Expected) -> Result<()> {
    let (start, body) = bytes.split_at(head.length);
    ensure!(head.status == expected.status, "answered with {}", head.status);
    ensure!(body[..head.body] == expected.body, "another body");
    let found = memmem::find(start, expected.line.as_bytes()).is_some();
    ensure!(found, "without `{}`: {}", expected.line, String::from_utf8_lossy(start));
    Ok(())
}

struct Connection {
    stream: TcpStream,
    buffer: BytesMut,
}

impl Connection {
    async fn open(addr: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(addr).await.with_context(|| format!("while connecting to {addr}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: BytesMut::with_capacity(64 << 10) })
    }

    /// Sends a request and reads the whole answer into the buffer.
    async fn ask(&mut self, request: &[u8]) -> Result<Head> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let mut head = None;
        loop {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the connection was closed");
            if head.is_none() {
                head = answer::head(&self.buffer)?;
            }
            if let Some(head) = head.filter(|head| self.buffer.len() >= head.length + head.body) {
                return Ok(head);
            }
        }
    }
}
