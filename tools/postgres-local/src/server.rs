//! A running server.

use std::{
    fs::{self, Permissions},
    io::{self, BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, TcpListener, UdpSocket},
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU16, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    Config, Error, Result,
    programs::{self, Account},
};

const START_LIMIT: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Starts the server, says its number and ends it when the input ends: at once as PostgreSQL's fast shutdown does, and
/// by force when that takes too long. A word on the input keeps the folder.
const RUN: &str = r#"
"$@" > output 2>&1 & pid=$!
echo "$pid"
read -r keep
kill -INT "$pid" 2> /dev/null
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.1
done
kill -KILL "$pid" 2> /dev/null
wait
[ -n "$keep" ] || rm -rf "$PWD"
"#;

/// A PostgreSQL server on loopback; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    folder: PathBuf,
    programs: PathBuf,
    account: Option<Account>,
    port: u16,
    process: Option<Process>,
    _held: UdpSocket,
}

#[derive(Debug)]
struct Process {
    shell: Child,
    pid: Pid,
}

impl Process {
    fn end(mut self, keep: bool) {
        if let Some(mut input) = self.shell.stdin.take()
            && keep
        {
            let _ = input.write_all(b"keep\n");
        }
        let _ = self.shell.wait();
    }
}

impl Server {
    /// Starts a server with an empty folder of its own.
    ///
    /// # Errors
    ///
    /// [`Error::NotInstalled`] without the programs, else why it did not start.
    pub fn start(config: &Config) -> Result<Self> {
        Self::start_below(&std::env::temp_dir(), config)
    }

    /// Starts a server with a folder of its own below another one, such as a small disk.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_below(parent: &Path, config: &Config) -> Result<Self> {
        let (programs, account) = (programs::folder()?, programs::account()?);
        let folder = tempfile::Builder::new().prefix("stockpile-postgres-").tempdir_in(parent)?.keep();
        let (port, held) = free_port();
        let mut server = Self { folder, programs, account, port, process: None, _held: held };
        server.fill(config)?;
        server.run(config)?;
        Ok(server)
    }

    /// One server for the whole process, with nothing configured; it ends with the process.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), each time it is asked.
    pub fn shared() -> std::result::Result<&'static Self, &'static Error> {
        static SHARED: OnceLock<Result<Server>> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&Config::default())).as_ref()
    }

    /// Port on 127.0.0.1; it stays the same over a restart.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Address of a database for the superuser, who needs no password.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Kills the server without a word to it. Its backends notice and end, a moment later.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn kill(&mut self) -> io::Result<()> {
        self.signal(Signal::KILL)?;
        if let Some(process) = self.process.take() {
            process.end(true);
        }
        Ok(())
    }

    /// Stops the server's first process where it is: whoever connects waits.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn freeze(&self) -> io::Result<()> {
        self.signal(Signal::STOP)
    }

    /// Stops every process of the server where it is: whoever is connected waits too.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn freeze_whole(&self) -> io::Result<()> {
        // The first one first, so that no other joins.
        self.freeze()?;
        self.signal_others(Signal::STOP)
    }

    /// Lets a frozen server go on.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn thaw(&self) -> io::Result<()> {
        self.signal_others(Signal::CONT)?;
        self.signal(Signal::CONT)
    }

    /// Starts the server again on its folder and port, after ending one that runs.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn restart(&mut self, config: &Config) -> Result<()> {
        if let Some(process) = self.process.take() {
            process.end(true);
        }
        self.run(config)
    }

    fn fill(&self, config: &Config) -> Result<()> {
        if let Some(account) = self.account {
            chown(&self.folder, Some(account.user), Some(account.group))?;
        }
        let filled = self
            .command(&self.programs.join("initdb"))
            .args(["--pgdata=data", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"])
            .args(["--no-sync", "--no-instructions"])
            .output()?;
        if !filled.status.success() {
            return Err(Error::Ended { output: String::from_utf8_lossy(&filled.stderr).into_owned() });
        }
        for (name, text) in &config.files {
            self.write(name, text)?;
        }
        Ok(())
    }

    fn run(&mut self, config: &Config) -> Result<()> {
        self.write("data/postgresql.conf", &config.server_conf(self.port))?;
        self.write("data/pg_hba.conf", &config.access_conf())?;
        let began = Instant::now();
        loop {
            // What an earlier server wrote last is not this one's.
            let _ = fs::remove_file(self.folder.join("output"));
            let process = self.spawn()?;
            let ended = loop {
                if self.is_ready(process.pid) {
                    self.process = Some(process);
                    return Ok(());
                }
                let output = self.output();
                if output.contains("FATAL:") {
                    break output;
                }
                if began.elapsed() > START_LIMIT {
                    process.end(true);
                    return Err(Error::Silent { waited: began.elapsed(), output });
                }
                thread::sleep(LOOK_EVERY);
            };
            process.end(true);
            // The backends of a killed server hold its memory until they notice.
            if !ended.contains("pre-existing shared memory") || began.elapsed() > START_LIMIT {
                return Err(Error::Ended { output: ended });
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    fn spawn(&self) -> Result<Process> {
        let mut shell = self
            .command(Path::new("sh"))
            .args(["-c", RUN, "sh"])
            .arg(self.programs.join("postgres"))
            .args(["-D", "data"])
            // A signal to the test's group must not reach the server before its input ends.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = shell.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let pid = line.trim().parse().ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("the shell does not say the server's number"))?;
        Ok(Process { shell, pid })
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // Settings of the person who runs the tests are not the server's.
        command.current_dir(&self.folder).env_remove("PGDATA").env("LC_ALL", "C").env("TZ", "UTC");
        if let Some(account) = self.account {
            command.gid(account.group).uid(account.user);
        }
        command
    }

    /// Writes a file that the server alone may read.
    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, text)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        match self.account {
            Some(account) => chown(&path, Some(account.user), Some(account.group)),
            None => Ok(()),
        }
    }

    /// Whether this process, and not one before it, says that it serves.
    fn is_ready(&self, pid: Pid) -> bool {
        let text = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
        let mut lines = text.lines();
        lines.next().is_some_and(|line| line.trim() == pid.as_raw_nonzero().to_string())
            && lines.any(|line| line.trim() == "ready")
    }

    fn output(&self) -> String {
        fs::read_to_string(self.folder.join("output")).unwrap_or_default()
    }

    /// Signals the children of the first process; one that ends meanwhile needs no signal.
    fn signal_others(&self, signal: Signal) -> io::Result<()> {
        let Some(process) = &self.process else { return Ok(()) };
        let first = process.pid.as_raw_nonzero();
        let children = fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap_or_default();
        let pids = children.split_whitespace().filter_map(|pid| pid.parse().ok().and_then(Pid::from_raw));
        for pid in pids {
            match kill_process(pid, signal) {
                Err(rustix::io::Errno::SRCH) | Ok(()) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        match &self.process {
            Some(process) => Ok(kill_process(process.pid, signal)?),
            None => Ok(()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.thaw();
        match self.process.take() {
            Some(process) => process.end(false),
            None => _ = fs::remove_dir_all(&self.folder),
        }
    }
}

/// A port nobody listens on, below those the system gives to clients, so that it is free again for a restart. As long as
/// its UDP side is held, no test of this or another process is given the same.
fn free_port() -> (u16, UdpSocket) {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 12_000).unwrap_or_default();
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::SeqCst)) % 12_000;
        let Ok(held) = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)) else { continue };
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return (port, held);
        }
    }
}
