//! An ingest that is killed while it writes to a real ClickHouse or PostgreSQL server: run again, it ends with the rows of an
//! unbroken one.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use stockpile_market::SecurityKind;
use stockpile_settings::Settings;
use stockpile_storage::{RunState, Store};

use crate::{
    desk::{GOOD, HEADER, Run, desk},
    live::{
        dump::{dump, same},
        upstream::tushare::{Market, TOKEN, serve},
    },
};

/// Longer than the lock of a killed run lives on ClickHouse, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
const ROWS: usize = 80_000;
const DAYS: usize = 20;
/// Some way into a run.
const LATER: Duration = Duration::from_millis(150);
const ANOTHER_WRITES: i32 = 4;

/// Databases of a test's own.
enum Databases {
    ClickHouse,
    Postgres,
}

/// Goes with its test.
enum Database {
    ClickHouse(stockpile_clickhouse_local::Database),
    Postgres(stockpile_postgres_local::Database),
}

impl Databases {
    fn make(&self) -> Option<Database> {
        match self {
            Self::ClickHouse => stockpile_clickhouse_local::Database::for_a_test().map(Database::ClickHouse),
            Self::Postgres => stockpile_postgres_local::Database::for_a_test().map(Database::Postgres),
        }
    }
}

impl Database {
    fn url(&self) -> String {
        match self {
            Self::ClickHouse(database) => database.storage_url(),
            Self::Postgres(database) => database.storage_url(),
        }
    }

    fn ask<T>(&self, question: impl AsyncFnOnce(Store) -> T) -> T {
        let url = self.url();
        let settings = Settings::from_lookup(|name| (name == "STORAGE_URL").then(|| url.clone())).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { question(stockpile_storage::open(&settings.storage).await.unwrap()).await })
    }

    fn rows(&self) -> Vec<String> {
        self.ask(async |store| dump(&store).await)
    }

    /// The bars of every day, which take a question a day.
    fn bars(&self) -> Vec<String> {
        self.ask(async |store| {
            let mut rows = Vec::new();
            for count in store.bars.day_counts(SecurityKind::Stock).await.unwrap() {
                let bars = store.bars.on(SecurityKind::Stock, count.trade_date).await.unwrap();
                rows.push(format!("{count:?}"));
                rows.extend(bars.iter().map(|bar| format!("{bar:?}")));
            }
            rows
        })
    }

    fn newest_run(&self) -> Option<RunState> {
        self.ask(async |store| store.ingest.latest(1).await.unwrap().first().map(|run| run.state))
    }

    fn command(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stockpile"));
        command.args(args).current_dir(folder).env_clear().env("STORAGE_URL", self.url());
        command
    }
}

/// Runs a command to its end, again while the lock of a killed run keeps it out.
fn patiently(command: &mut Command) -> Run {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let output = command.output().unwrap();
        let run = Run {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        if run.code != ANOTHER_WRITES || Instant::now() > deadline {
            return run;
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// Many bars of few days.
fn big() -> String {
    let mut text = HEADER.to_owned();
    for number in 0..ROWS {
        let (code, day, cents) = (number / DAYS, number % DAYS + 1, number % 89 + 10);
        let _ = writeln!(text, "{code:06}.SZ,202401{day:02},10,12,9,10.{cents},10,0,0,{number},1");
    }
    text
}

/// Kills a run so long after the store says that it has begun.
fn kill_in_the_middle(database: &Database, mut run: Child, after: Duration) {
    database.ask(async |store| {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let newest = store.ingest.latest(1).await.unwrap();
            if newest.first().is_some_and(|run| run.state == RunState::Running) {
                break;
            }
            assert!(run.try_wait().unwrap().is_none() && Instant::now() < deadline, "it does not begin");
        }
        thread::sleep(after);
        run.kill().unwrap();
    });
    assert!(!run.wait().unwrap().success(), "it was done before it was killed");
}

fn a_killed_file(databases: &Databases, after: Duration) {
    let folder = desk(&[("big.csv", &big()), ("small.csv", &(HEADER.to_owned() + GOOD))]);
    let (Some(unbroken), Some(broken)) = (databases.make(), databases.make()) else { return };
    for file in ["small.csv", "big.csv"] {
        let whole = patiently(&mut unbroken.command(folder.path(), &["ingest", "file", file]));
        assert_eq!(whole.code, 0, "{}", whole.err);
    }
    let small = patiently(&mut broken.command(folder.path(), &["ingest", "file", "small.csv"]));
    assert_eq!(small.code, 0, "{}", small.err);
    let before = broken.bars();

    let mut command = broken.command(folder.path(), &["ingest", "file", "big.csv"]);
    let run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    kill_in_the_middle(&broken, run, after);
    assert_eq!(broken.newest_run(), Some(RunState::Running), "the kill was in the middle");
    assert_eq!(before, broken.bars(), "nothing of a killed run shows");
    let rest = patiently(&mut broken.command(folder.path(), &["ingest", "file", "big.csv"]));
    assert_eq!(rest.code, 0, "{}", rest.err);
    let (bars, expected) = (broken.bars(), unbroken.bars());
    assert_eq!(bars.len(), ROWS + DAYS + 2);
    assert!(bars == expected);
}

fn a_killed_back_fill(databases: &Databases) {
    let (folder, served) = (desk(&[]), serve(Market::default()));
    let (Some(unbroken), Some(broken)) = (databases.make(), databases.make()) else { return };
    let back_fill = |database: &Database| {
        let args = ["ingest", "tushare", "--json", "--from", "20250123", "--to", "20250207"];
        let mut command = database.command(folder.path(), &args);
        command.env("TUSHARE_URL", served.upstream.url()).env("TUSHARE_TOKEN", TOKEN);
        command.env("TUSHARE_CALLS_PER_MINUTE", "100000");
        command
    };
    let whole = patiently(&mut back_fill(&unbroken));
    assert_eq!(whole.code, 0, "{}", whole.err);
    let lines = whole.out.lines().count();

    let mut child = back_fill(&broken).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let told = BufReader::new(child.stdout.take().unwrap()).lines().take(lines / 2).count();
    assert_eq!(told, lines / 2);
    kill_in_the_middle(&broken, child, Duration::ZERO);
    let rest = patiently(&mut back_fill(&broken));
    assert_eq!(rest.code, 0, "{}", rest.err);
    same(&broken.rows(), &unbroken.rows());
}

#[test]
fn an_ingest_into_clickhouse_killed_as_it_begins_ends_with_the_rows_of_an_unbroken_one() {
    a_killed_file(&Databases::ClickHouse, Duration::ZERO);
}

#[test]
fn an_ingest_into_clickhouse_killed_in_its_middle_ends_with_the_rows_of_an_unbroken_one() {
    a_killed_file(&Databases::ClickHouse, LATER);
}

#[test]
fn an_ingest_into_postgres_killed_as_it_begins_ends_with_the_rows_of_an_unbroken_one() {
    a_killed_file(&Databases::Postgres, Duration::ZERO);
}

#[test]
fn an_ingest_into_postgres_killed_in_its_middle_ends_with_the_rows_of_an_unbroken_one() {
    a_killed_file(&Databases::Postgres, LATER);
}

#[test]
fn a_back_fill_of_clickhouse_killed_in_its_middle_ends_with_the_rows_of_an_unbroken_one() {
    a_killed_back_fill(&Databases::ClickHouse);
}

#[test]
fn a_back_fill_of_postgres_killed_in_its_middle_ends_with_the_rows_of_an_unbroken_one() {
    a_killed_back_fill(&Databases::Postgres);
}
