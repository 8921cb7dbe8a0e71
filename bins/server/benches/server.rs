//! What an answer costs the server without a cache, how fast it starts, how much memory it holds.
//!
//! Run alone: `cargo bench -p stockpile-server`. The store has 850,000 stock bars, 5,000 on each of 170 days.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "bench")]

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use jiff::{Timestamp, ToSpan as _, civil};
use stockpile_market::{DailyBar, ListStatus, Security, SecurityKind, TradeDate};
use stockpile_storage::{NewRun, RowCounts, SourceRow, sqlite};

const CODES: u32 = 5000;
const DAYS: i64 = 170;
const REQUESTS: u32 = 400;

fn main() {
    // Cargo passes flags of its own harness; a filter that names something else leaves nothing to do.
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    if !"server".contains(&filter) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stockpile.db");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(fill(&path));

    println!("{:<44} {:>10} {:>8}", "", "measured", "limit");
    let starts: Vec<f64> = (0..5).map(|_| start_time(&path)).collect();
    let start_ms = median(starts);
    row("start to first answer, ms", start_ms, 200.0);

    let idle = Server::start(&path, "memory://");
    idle.get("/health");
    std::thread::sleep(Duration::from_millis(300));
    row("memory after the first answer, MB", idle.memory_mb(), 40.0);
    drop(idle);

    let server = Server::start(&path, "none://");
    for (name, target, limit) in [
        ("hot list, CPU ms", "/api/overview/hot-stocks?limit=50", 3.0),
        ("hot list by change, CPU ms", "/api/overview/hot-stocks?limit=50&sort_by=pct_chg", 3.0),
        ("250 bars of a stock, CPU ms", "/api/stock/600001.SH/daily", 3.0),
        ("market stats with limits, CPU ms", "/api/overview/market-stats", 6.0),
    ] {
        row(name, server.cpu_ms(target), limit);
    }
    row("memory after them, MB", server.memory_mb(), 64.0);
}

fn row(name: &str, measured: f64, limit: f64) {
    let verdict = if measured <= limit { "ok" } else { "OVER" };
    println!("{name:<44} {measured:>10.2} {limit:>8.0}  {verdict}");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn start_time(path: &Path) -> f64 {
    let started = Instant::now();
    let server = Server::start(path, "memory://");
    server.get("/api/overview/market-stats");
    started.elapsed().as_secs_f64() * 1e3
}

struct Server {
    child: Child,
    addr: SocketAddr,
}

impl Server {
    fn start(path: &Path, cache_url: &str) -> Self {
        let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_stockpile-server"))
            .args(["--http-addr", &addr.to_string(), "--cache-url", cache_url, "--log-level", "warn"])
            .args(["--storage-url", &format!("sqlite://{}", path.display())])
            .current_dir(path.parent().unwrap())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let server = Self { child, addr };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(addr).is_err() {
            assert!(Instant::now() < deadline, "the server does not start");
            std::thread::sleep(Duration::from_millis(1));
        }
        server
    }

    fn get(&self, target: &str) {
        let mut stream = TcpStream::connect(self.addr).unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{target}: {answer}");
    }

    /// CPU of the server for one request, from the system's own accounting over many.
    fn cpu_ms(&self, target: &str) -> f64 {
        self.get(target);
        let before = self.cpu_ticks();
        for _ in 0..REQUESTS {
            self.get(target);
        }
        // Linux counts in hundredths of a second.
        (self.cpu_ticks() - before) as f64 * 10.0 / f64::from(REQUESTS)
    }

    fn cpu_ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    fn memory_mb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A market of all boards in which every price is on the tick.
async fn fill(path: &Path) {
    let store = sqlite::open(path).await.unwrap();
    let codes: Vec<String> = (0..CODES)
        .map(|number| match number % 10 {
            0..=3 => format!("{}.SH", 600_000 + number),
            4..=6 => format!("{number:06}.SZ"),
            7 | 8 => format!("{}.SZ", 300_000 + number),
            _ => format!("{}.BJ", 830_000 + number),
        })
        .collect();
    let run = NewRun { source: "bench".into(), kind: "daily".into(), started_at: Timestamp::UNIX_EPOCH };
    let mut run = store.ingest.start(run).await.unwrap();
    let securities = codes.iter().map(|code| Security {
        ts_code: code.parse().unwrap(),
        kind: SecurityKind::Stock,
        name: Some(format!("股票{code}")),
        cnspell: Some("gp".into()),
        area: Some("深圳".into()),
        industry: Some("银行".into()),
        list_date: Some("20100104".parse().unwrap()),
        delist_date: None,
        list_status: Some(ListStatus::Listed),
    });
    run.write_securities(numbered(securities)).await.unwrap();
    for day in 0..DAYS {
        let date = TradeDate::from(civil::date(2024, 6, 3).checked_add(day.days()).unwrap());
        let bars = codes.iter().zip(0_u32..).map(|(code, number)| {
            let cents = 500 + (number * 7919 + u32::try_from(day).unwrap() * 104_729) % 9000;
            let price = |offset: u32| Some(f64::from(cents + offset) / 100.0);
            DailyBar {
                ts_code: code.parse().unwrap(),
                trade_date: date,
                open: price(5),
                high: price(90),
                low: price(0),
                close: f64::from(cents + number % 80) / 100.0,
                pre_close: price(40),
                change: Some(0.1),
                pct_chg: Some(f64::from(number % 200) / 10.0 - 10.0),
                vol: Some(f64::from(number * 31)),
                amount: Some(f64::from(cents * 17 + number)),
            }
        });
        run.write_bars(SecurityKind::Stock, numbered(bars)).await.unwrap();
    }
    run.commit(RowCounts::default(), Timestamp::UNIX_EPOCH).await.unwrap();
}

fn numbered<T>(rows: impl IntoIterator<Item = T>) -> Vec<SourceRow<T>> {
    rows.into_iter().zip(2..).map(|(row, line)| SourceRow { line, row }).collect()
}
