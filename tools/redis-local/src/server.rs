use std::{
    ffi::OsString,
    fs,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{Port, Reply, Wire};

/// A server on loopback, in a folder of its own, gone with the test.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub port: u16,
    /// Where its configuration and its log are.
    pub folder: TempDir,
    login: Vec<String>,
    sentinel: bool,
    process: Option<Process>,
    _port: Port,
}

/// A shell that kills the server when the test goes away in whatever manner: its input ends with the test.
#[derive(Debug)]
struct Process {
    shell: Child,
    pid: Pid,
}

impl Drop for Process {
    fn drop(&mut self) {
        // The folder is still needed; when the test goes away without this line, the shell removes it.
        if let Some(mut input) = self.shell.stdin.take() {
            let _ = input.write_all(b"keep\n");
        }
        let _ = self.shell.wait();
    }
}

const RUN: &str = r#""$@" > log 2>&1 & echo $!; read -r keep; kill -9 $! 2> /dev/null; wait
[ -n "$keep" ] || rm -rf "$PWD""#;

/// The program that is started: `redis-server`, or what `TEST_REDIS_SERVER` names, such as a `valkey-server`.
fn program() -> OsString {
    std::env::var_os("TEST_REDIS_SERVER").unwrap_or_else(|| "redis-server".into())
}

/// Whether there is a server to start. Without one its tests prove nothing, which `REQUIRE_BACKENDS` forbids.
pub fn installed() -> bool {
    let found = Command::new(program()).arg("--version").stdout(Stdio::null()).status().is_ok();
    assert!(
        found || std::env::var_os("REQUIRE_BACKENDS").is_none(),
        "redis-server is required and not installed"
    );
    found
}

impl Server {
    /// Starts a server with more lines of configuration; `None` when there is none to start.
    pub fn start(config: &str) -> Option<Self> {
        installed().then(|| Self::start_on(Port::free(), config, false))
    }

    /// Starts an encrypted one, with files in its folder that the configuration names.
    pub fn start_with(port: Port, config: &str, files: &[(&str, String)]) -> Option<Self> {
        installed().then(|| {
            let mut server = Self::configured(port, config, false);
            for (name, text) in files {
                fs::write(server.folder.path().join(name), text).unwrap();
            }
            server.restart();
            server
        })
    }

    /// One that is configured and not started.
    pub fn stopped() -> Option<Self> {
        installed().then(|| Self::configured(Port::free(), "", false))
    }

    /// Starts one on a port, as a Sentinel if asked for.
    pub fn start_on(port: Port, config: &str, sentinel: bool) -> Self {
        let mut server = Self::configured(port, config, sentinel);
        server.restart();
        server
    }

    fn configured(port: Port, config: &str, sentinel: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listening =
            if config.contains("tls-port") { "port 0".to_owned() } else { format!("port {port}") };
        let storing = if sentinel { "" } else { "save ''\nappendonly no\nrepl-diskless-sync-delay 0\n" };
        let text = format!("{listening}\nbind 127.0.0.1\n{storing}{config}\n");
        fs::write(folder.path().join("redis.conf"), text).unwrap();
        Self { port: port.number(), folder, login: Vec::new(), sentinel, process: None, _port: port }
    }

    /// Logs in before every question of the test.
    pub fn with_login(mut self, words: &[&str]) -> Self {
        self.login = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Its address, with what follows the port.
    pub fn url(&self, rest: &str) -> String {
        format!("redis://127.0.0.1:{}{rest}", self.port)
    }

    /// Starts it on the port it had. What it held is gone.
    pub fn restart(&mut self) {
        self.kill();
        let mut command = Command::new("sh");
        command.args(["-c", RUN, "sh"]).arg(program()).arg("redis.conf").current_dir(self.folder.path());
        if self.sentinel {
            command.arg("--sentinel");
        }
        let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut pid = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut pid).unwrap();
        let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        self.process = Some(Process { shell, pid });
        let until = Instant::now() + Duration::from_secs(20);
        while !self.answers() {
            assert!(Instant::now() < until, "redis-server does not start: {}", self.log());
            sleep(Duration::from_millis(5));
        }
    }

    fn answers(&self) -> bool {
        if self.is_encrypted() {
            return std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok();
        }
        let answer = Wire::connect(self.port).and_then(|mut wire| wire.ask(&["PING"]));
        answer.is_ok_and(|reply| !matches!(&reply, Reply::Refusal(text) if text.starts_with("LOADING")))
    }

    fn is_encrypted(&self) -> bool {
        fs::read_to_string(self.folder.path().join("redis.conf")).is_ok_and(|text| text.contains("tls-port"))
    }

    /// What it wrote.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Ends it at once. What it held is gone.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Stops it: connections stay, and nothing is answered.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Ends that; it carries out what it was sent meanwhile.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.process.as_ref().unwrap().pid, signal).unwrap();
    }

    /// A connection of its own, logged in.
    pub fn wire(&self) -> Wire {
        let mut wire = Wire::connect(self.port).unwrap();
        if !self.login.is_empty() {
            assert_eq!(wire.ask(&self.login).unwrap(), Reply::Text("OK".to_owned()));
        }
        wire
    }

    /// Asks it, without the code under test.
    pub fn ask(&self, words: &[&str]) -> Reply {
        self.wire().ask(words).unwrap()
    }

    /// Empties it, as an operator would. Nothing but a test may, which the sources are searched for.
    pub fn empty(&self) {
        let word = ["FLUSH", "ALL"].concat();
        assert_eq!(self.ask(&[&word]), Reply::Text("OK".to_owned()));
    }

    /// The keys of a database.
    pub fn keys(&self, database: u8) -> Vec<String> {
        let mut wire = self.wire();
        wire.ask(&["SELECT", &database.to_string()]).unwrap();
        let (mut cursor, mut keys) = ("0".to_owned(), Vec::new());
        loop {
            let Reply::List(page) = wire.ask(&["SCAN", &cursor]).unwrap() else { panic!("no page of keys") };
            let [Reply::Text(next), Reply::List(found)] = <[_; 2]>::try_from(page).unwrap() else {
                panic!("no page of keys")
            };
            keys.extend(found.into_iter().map(Reply::text));
            if next == "0" {
                return keys;
            }
            cursor = next;
        }
    }

    /// How many keys a database holds.
    pub fn keys_in(&self, database: u8) -> i64 {
        let mut wire = self.wire();
        wire.ask(&["SELECT", &database.to_string()]).unwrap();
        wire.ask(&["DBSIZE"]).unwrap().number()
    }

    /// The value of a line of `INFO`; `None` too when the server cuts the line, as one does that changes its role.
    pub fn info(&self, section: &str, field: &str) -> Option<String> {
        let text = self.wire().ask(&["INFO", section]).ok()?.text();
        let value = text.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| *name == field);
        value.map(|(_, value)| value.to_owned())
    }
}

/// Waits until something holds; fails when it takes unreasonably long.
pub fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < until, "still not: {what}");
        sleep(Duration::from_millis(20));
    }
}
