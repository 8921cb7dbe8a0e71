//! A Redis server of a test's own: on loopback, in a folder of its own, gone with the test.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;

pub(crate) struct Server {
    port: u16,
    password: Option<&'static str>,
    /// Kills the server when its input ends, in whatever manner the test goes away.
    shell: Child,
    _folder: TempDir,
}

const RUN: &str = r#""$@" > log 2>&1 & read -r _; kill -9 $! 2> /dev/null; wait"#;

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// A port nobody listens on, below those the system gives to clients.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 12_000).unwrap();
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::SeqCst)) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

impl Server {
    /// Starts one; `None` when there is none to start, which `REQUIRE_BACKENDS` forbids.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(None)
    }

    pub(crate) fn start_with(password: Option<&'static str>) -> Option<Self> {
        let installed = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_ok();
        if !installed {
            assert!(
                std::env::var_os("REQUIRE_BACKENDS").is_none(),
                "redis-server is required and not installed"
            );
            return None;
        }
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let login = password.map_or_else(String::new, |password| format!("requirepass {password}\n"));
        let config = format!("port {port}\nbind 127.0.0.1\nsave ''\nappendonly no\n{login}");
        fs::write(folder.path().join("redis.conf"), config).unwrap();
        let shell = Command::new("sh")
            .args(["-c", RUN, "sh", "redis-server", "redis.conf"])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let server = Self { port, password, shell, _folder: folder };
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "redis-server does not start");
            sleep(Duration::from_millis(5));
        }
        Some(server)
    }

    pub(crate) fn url(&self) -> String {
        let login = self.password.map_or_else(String::new, |password| format!(":{password}@"));
        format!("redis://{login}127.0.0.1:{}/1", self.port)
    }

    /// Asks it in database 1, without the code under test; gives the first line of the answer.
    pub(crate) fn ask(&self, words: &[&[u8]]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut answers = BufReader::new(stream.try_clone().unwrap());
        let mut answer = String::new();
        for words in [&[b"SELECT".as_slice(), b"1"], words] {
            let mut request = format!("*{}\r\n", words.len()).into_bytes();
            for word in words {
                request.extend(format!("${}\r\n", word.len()).into_bytes());
                request.extend(*word);
                request.extend(b"\r\n");
            }
            stream.write_all(&request).unwrap();
            answer.clear();
            answers.read_line(&mut answer).unwrap();
        }
        answer.trim_end().to_owned()
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.ask(&[b"EXISTS", key.as_bytes()]) == ":1"
    }
}
