//! A running server.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::{Config, Error, Result, files::Files};

/// On a busy machine loading the library alone takes seconds.
const START_LIMIT: Duration = Duration::from_secs(60);
/// With a client still connected the engine takes 5 s to end.
const STOP_LIMIT: Duration = Duration::from_secs(8);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// When a server's folder goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remove {
    /// It is the caller's.
    Never,
    /// When the [`Engine`] is dropped.
    OnDrop,
    /// When the server ends: nobody drops what lives as long as the process.
    AtEnd,
}

/// A `ClickHouse` server on loopback; it ends when this is dropped.
#[derive(Debug)]
pub struct Engine {
    folder: PathBuf,
    remove: Remove,
    child: Option<Child>,
    port: u16,
}

impl Engine {
    /// Starts a server with an empty folder of its own.
    ///
    /// # Errors
    ///
    /// [`Error::NotFetched`] without an engine, else why it did not start.
    pub fn start(config: &Config) -> Result<Self> {
        Self::start_with(config, Remove::OnDrop)
    }

    /// Starts a server on a folder of the caller's, which stays.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_in(folder: &Path, config: &Config) -> Result<Self> {
        let mut engine = Self { folder: folder.to_owned(), remove: Remove::Never, child: None, port: 0 };
        engine.run(config)?;
        Ok(engine)
    }

    /// One server for the whole process, with nothing configured; it ends with the process.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), each time it is asked.
    pub fn shared() -> std::result::Result<&'static Self, &'static Error> {
        static SHARED: OnceLock<Result<Engine>> = OnceLock::new();
        SHARED.get_or_init(|| Self::start_with(&Config::default(), Remove::AtEnd)).as_ref()
    }

    fn start_with(config: &Config, remove: Remove) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("stockpile-clickhouse-").tempdir()?.keep();
        let mut engine = Self { folder, remove, child: None, port: 0 };
        engine.run(config)?;
        Ok(engine)
    }

    /// Port of the HTTP interface on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Address of the HTTP interface.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Number of the engine's own process; none when it does not run.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        let launcher = self.child.as_ref()?.id();
        let children = fs::read_to_string(format!("/proc/{launcher}/task/{launcher}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok()
    }

    /// Kills the server without a word to it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn kill(&mut self) -> io::Result<()> {
        self.signal(Signal::KILL)?;
        if let Some(mut child) = self.child.take() {
            child.wait()?;
        }
        Ok(())
    }

    /// Stops the server's processes where they are.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn freeze(&self) -> io::Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets a frozen server go on.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn thaw(&self) -> io::Result<()> {
        self.signal(Signal::CONT)
    }

    /// Ends the server as a stop of it does, and starts it again on the same folder, on another port.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn restart(&mut self, config: &Config) -> Result<()> {
        self.end();
        self.run(config)
    }

    fn run(&mut self, config: &Config) -> Result<()> {
        let files = Files::find()?;
        let _ = fs::remove_file(self.folder.join("port"));
        fs::write(self.folder.join("config.xml"), config.server_xml())?;
        fs::write(self.folder.join("users.xml"), config.users_xml())?;
        let output = File::create(self.folder.join("output"))?;
        let mut command = Command::new(&files.launcher);
        command.arg(&files.library).arg(&self.folder);
        if self.remove == Remove::AtEnd {
            command.arg("--remove");
        }
        let child = command
            .current_dir(&self.folder)
            .env("TZ", config.time_zone.as_deref().unwrap_or("UTC"))
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            // A signal to the test's group must not reach the engine before its input ends, nor the engine's the test.
            .process_group(0)
            .spawn()?;
        self.child = Some(child);
        self.port = self.wait_until_ready()?;
        Ok(())
    }

    fn wait_until_ready(&mut self) -> Result<u16> {
        let began = Instant::now();
        loop {
            if let Some(port) = self.written_port()
                && answers(port)
            {
                return Ok(port);
            }
            if let Some(child) = &mut self.child
                && child.try_wait()?.is_some()
            {
                return Err(Error::Ended { output: self.output() });
            }
            if began.elapsed() > START_LIMIT {
                return Err(Error::Silent { waited: began.elapsed(), output: self.output() });
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// The port, once its line is whole.
    fn written_port(&self) -> Option<u16> {
        let text = fs::read_to_string(self.folder.join("port")).ok()?;
        text.strip_suffix('\n')?.parse().ok()
    }

    fn output(&self) -> String {
        fs::read_to_string(self.folder.join("output")).unwrap_or_default()
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        let Some(child) = &self.child else { return Ok(()) };
        let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return Ok(()) };
        Ok(kill_process_group(group, signal)?)
    }

    /// The engine ends when its input does; one that does not is killed.
    fn end(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        drop(child.stdin.take());
        let began = Instant::now();
        while began.elapsed() < STOP_LIMIT {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(LOOK_EVERY);
        }
        self.child = Some(child);
        let _ = self.kill();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.thaw();
        self.end();
        if self.remove != Remove::Never {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let ping = || -> io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"GET /ping HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.contains("\r\n\r\nOk."))
    };
    ping().unwrap_or(false)
}
