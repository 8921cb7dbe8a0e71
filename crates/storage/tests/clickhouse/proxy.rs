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

/// A client that sends nothing for so long has sent its request.
const QUIET: Duration = Duration::from_millis(100);

/// A request that does not come within it never comes.
const PATIENCE: Duration = Duration::from_secs(60);

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

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trap {
    /// The client is cut off, now and from now on.
    Cut(Cut),
    /// It waits, and so does every other one, until the proxy lets go.
    Hold,
    /// The same, once so many of its bytes are through.
    HoldAfter(usize),
    /// It is answered with these bytes instead.
    Answer(&'static str),
}

type Traps = Arc<Mutex<Option<(&'static str, Trap)>>>;

/// Stands between a store and its server.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    mode: watch::Sender<Mode>,
    held: watch::Sender<bool>,
    refusals: watch::Sender<u32>,
    trap: Traps,
}

impl Proxy {
    pub(crate) async fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mode, _) = watch::channel(Mode::Pass);
        let (held, _) = watch::channel(false);
        let (refusals, _) = watch::channel(0);
        let trap = Traps::default();
        let refused = refusals.clone();
        let (modes, holds, traps) = (mode.clone(), held.clone(), trap.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *modes.borrow() == Mode::Dead {
                    drop(client);
                    refused.send_modify(|count| *count += 1);
                } else {
                    let (modes, holds, traps) = (modes.clone(), holds.clone(), traps.clone());
                    tokio::spawn(connect(client, server, modes, holds, traps, refused.clone()));
                }
            }
        });
        Self { port, mode, held, refusals, trap }
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// Goes dead at the first request that has these words.
    pub(crate) fn cut(&self, words: &'static str, when: Cut) {
        *self.trap.lock().unwrap() = Some((words, Trap::Cut(when)));
    }

    /// Answers every request that has these words with bytes that are not the server's.
    pub(crate) fn answer(&self, words: &'static str, answer: &'static str) {
        *self.trap.lock().unwrap() = Some((words, Trap::Answer(answer)));
    }

    /// Stops the traffic at the first request that has these words, as if the client were suspended there.
    pub(crate) fn hold(&self, words: &'static str) {
        *self.trap.lock().unwrap() = Some((words, Trap::Hold));
    }

    /// Stops the traffic in the middle of the first request that has these words.
    pub(crate) fn hold_after(&self, words: &'static str, bytes: usize) {
        *self.trap.lock().unwrap() = Some((words, Trap::HoldAfter(bytes)));
    }

    pub(crate) async fn until_held(&self) {
        let mut held = self.held.subscribe();
        tokio::time::timeout(PATIENCE, held.wait_for(|held| *held)).await.unwrap().unwrap();
    }

    /// Until somebody who comes after this call was turned away, or answered by the proxy itself.
    pub(crate) fn until_refused(&self) -> impl Future<Output = ()> + use<> {
        let mut refusals = self.refusals.subscribe();
        async move { tokio::time::timeout(PATIENCE, refusals.changed()).await.unwrap().unwrap() }
    }

    /// Lets what waits through; the next trap is set already.
    pub(crate) fn go_on(&self) {
        self.held.send_replace(false);
    }

    /// Goes on as before, with every request that waits.
    pub(crate) fn let_go(&self) {
        *self.trap.lock().unwrap() = None;
        self.held.send_replace(false);
    }
}

async fn connect(
    mut client: TcpStream,
    server: u16,
    modes: watch::Sender<Mode>,
    holds: watch::Sender<bool>,
    traps: Traps,
    refusals: watch::Sender<u32>,
) {
    // First of all: a change while it connects counts too.
    let mut changes = modes.subscribe();
    if *changes.borrow_and_update() == Mode::Dead {
        return;
    }
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut last_answer = false;
    let mut passes: Option<usize> = None;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let trap = *traps.lock().unwrap();
                match trap.filter(|(words, _)| contains(&asked[..length], words)) {
                    None => {}
                    Some((_, Trap::Cut(Cut::Before))) => {
                        modes.send_replace(Mode::Dead);
                        return;
                    }
                    Some((_, Trap::Cut(Cut::After))) => last_answer = true,
                    Some((_, Trap::Hold)) => _ = holds.send_replace(true),
                    Some((_, Trap::HoldAfter(bytes))) => passes = Some(bytes),
                    Some((_, Trap::Answer(answer))) => {
                        // The rest of the request: who is answered before may never read the answer.
                        while let Ok(Ok(1..)) = tokio::time::timeout(QUIET, client.read(&mut asked)).await {}
                        let _ = client.write_all(answer.as_bytes()).await;
                        refusals.send_modify(|count| *count += 1);
                        return;
                    }
                }
                if let Some(left) = passes {
                    passes = left.checked_sub(length);
                    if passes.is_none() {
                        holds.send_replace(true);
                    }
                }
                if holds.subscribe().wait_for(|held| !held).await.is_err() { return }
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
