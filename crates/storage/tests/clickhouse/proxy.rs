//! A connection to the server that fails as told.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What happens to bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Pass,
    /// Every connection is closed at once, as if this process were gone.
    Dead,
    /// Connections stay, answers never come.
    Silent,
    /// Answers come this much later.
    Slow(Duration),
}

/// When the client is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The request does not reach the server.
    Before,
    /// The server has carried it out; its answer is lost.
    After,
}

/// Stands between a store and its server.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    mode: watch::Sender<Mode>,
    trap: Arc<Mutex<Option<(&'static str, Cut)>>>,
}

impl Proxy {
    pub(crate) async fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mode, _) = watch::channel(Mode::Pass);
        let trap: Arc<Mutex<Option<(&'static str, Cut)>>> = Arc::default();
        let (modes, traps) = (mode.clone(), trap.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *modes.borrow() != Mode::Dead {
                    tokio::spawn(connect(client, server, modes.clone(), traps.clone()));
                }
            }
        });
        Self { port, mode, trap }
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// Goes dead at the first request that has these words.
    pub(crate) fn cut(&self, words: &'static str, when: Cut) {
        *self.trap.lock().unwrap() = Some((words, when));
    }
}

async fn connect(
    mut client: TcpStream,
    server: u16,
    modes: watch::Sender<Mode>,
    traps: Arc<Mutex<Option<(&'static str, Cut)>>>,
) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
    let mut changes = modes.subscribe();
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut last_answer = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let trap = *traps.lock().unwrap();
                if let Some((words, when)) = trap && contains(&asked[..length], words) {
                    if when == Cut::Before {
                        modes.send_replace(Mode::Dead);
                        return;
                    }
                    last_answer = true;
                }
                if server.write_all(&asked[..length]).await.is_err() { return }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if last_answer {
                    modes.send_replace(Mode::Dead);
                    return;
                }
                let mode = *modes.borrow();
                match mode {
                    Mode::Pass => {}
                    Mode::Dead => return,
                    Mode::Silent => continue,
                    Mode::Slow(wait) => tokio::time::sleep(wait).await,
                }
                if client.write_all(&answered[..length]).await.is_err() { return }
            }
            _ = changes.changed() => {
                if *changes.borrow_and_update() == Mode::Dead { return }
            }
        }
    }
}

fn contains(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len()).any(|window| window == words.as_bytes())
}
