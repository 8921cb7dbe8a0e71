//! A server on loopback that speaks as the sources do, quirks included: one answer a connection.
#![allow(dead_code, reason = "each test binary uses a part")]

pub(crate) mod coins;
pub(crate) mod tushare;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Path and query.
    pub(crate) path: String,
    /// Header lines, in lower case up to the colon.
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Json(String),
    /// Status, further header lines, body.
    Status(u16, Vec<String>, String),
    /// The length of the whole is told, and only so many bytes of it come.
    Cut(String, usize),
    /// The connection breaks.
    Reset,
    /// Nothing ever comes.
    Silence,
}

pub(crate) struct Upstream {
    addr: SocketAddr,
    stop: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Upstream {
    /// Answers from threads of its own, until it is dropped.
    pub(crate) fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (answer, held, stopped) = (Arc::new(answer), Arc::new(Mutex::new(Vec::new())), stop.clone());
        let accepting = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), answer, held) = (stream, answer.clone(), held.clone()) else { return };
                thread::spawn(move || serve(stream, &*answer, &held));
            }
        });
        Self { addr, stop, accepting: Some(accepting) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.addr)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.addr);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// A client that has gone away is no failure of the server.
fn serve(stream: TcpStream, answer: &dyn Fn(&Asked) -> Reply, held: &Mutex<Vec<TcpStream>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push(format!("{}:{}", name.to_ascii_lowercase(), value));
    }
    let length: usize = headers
        .iter()
        .find_map(|header| header.strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let asked = Asked { path, headers, body: String::from_utf8(body).ok()? };
    let mut stream = stream;
    let reply = answer(&asked);
    match reply {
        Reply::Json(body) => {
            send(&mut stream, 200, &["content-type: application/json".into()], &body, body.len())
        }
        Reply::Status(status, headers, body) => send(&mut stream, status, &headers, &body, body.len()),
        Reply::Cut(body, length) => send(&mut stream, 200, &[], &body[..length], body.len()),
        Reply::Reset => stream.shutdown(Shutdown::Both).ok(),
        Reply::Silence => {
            held.lock().ok()?.push(stream);
            Some(())
        }
    }
}

fn send(stream: &mut TcpStream, status: u16, headers: &[String], body: &str, length: usize) -> Option<()> {
    let mut text = format!("HTTP/1.1 {status} Told\r\nconnection: close\r\ncontent-length: {length}\r\n");
    for header in headers {
        text += header;
        text += "\r\n";
    }
    text += "\r\n";
    text += body;
    stream.write_all(text.as_bytes()).ok()
}
