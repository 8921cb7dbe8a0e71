//! Servers that are away, slow, full, or refuse: each is a clear error, and none is waited for without end.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use stockpile_market::SecurityKind;
use stockpile_postgres_local::Config;
use stockpile_redis_local::Proxy;
use stockpile_storage::{
    Error, NewRun, RowCounts, RunState, Store,
    contract::{bar, ingest, numbered, start},
    postgres::{self, Options},
};
use tokio::net::TcpSocket;

use crate::desk::{Database, connect, fresh, new_name, options, own_server};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
/// Far more than any limit set here, far less than a person's patience.
const SOON: Duration = Duration::from_secs(8);

async fn days(store: &Store) -> Result<usize, Error> {
    store.bars.day_counts(SecurityKind::Stock).await.map(|days| days.len())
}

#[tokio::test]
async fn a_server_killed_in_the_middle_of_a_run_shows_nothing_of_it_and_takes_the_next() {
    let Some(mut server) = own_server(&Config::default()) else { return };
    let at: tokio_postgres::Config = server.url("postgres").parse().unwrap();
    let store = postgres::open(&options(&at, "stock_data")).await.unwrap();
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250102", 10.0)]).await;
    let revision = store.ingest.revision().await.unwrap();
    let mut run = start(&store).await;
    let id = run.id();
    run.write_bars(SecurityKind::Stock, numbered([bar("000001.SZ", "20250103", 11.0)])).await.unwrap();

    server.kill().unwrap();
    let began = Instant::now();
    let more = numbered([bar("000001.SZ", "20250106", 11.0)]);
    let refused = run.write_bars(SecurityKind::Stock, more).await.unwrap_err();
    assert!(matches!(refused, Error::Unreachable { .. }), "{refused}");
    assert!(refused.is_transient());
    run.commit(RowCounts::default(), NOW).await.unwrap_err();
    let refused = days(&store).await.unwrap_err();
    assert!(matches!(refused, Error::Unreachable { .. }), "{refused}");
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());

    server.restart(&Config::default()).unwrap();
    assert_eq!(days(&store).await.unwrap(), 1);
    assert_eq!(store.ingest.revision().await.unwrap(), revision);
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250103", 12.0)]).await;
    assert_eq!(days(&store).await.unwrap(), 2);
    let runs = store.ingest.latest(9).await.unwrap();
    let killed = runs.iter().find(|run| run.id == id).unwrap();
    assert_eq!((killed.state, killed.error.as_deref()), (RunState::Failed, Some("interrupted")));
}

#[tokio::test]
async fn reads_go_on_over_a_restart_and_over_ended_sessions() {
    let Some(mut server) = own_server(&Config::default()) else { return };
    let at: tokio_postgres::Config = server.url("postgres").parse().unwrap();
    let store = postgres::open(&options(&at, "stock_data")).await.unwrap();
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250102", 10.0)]).await;
    assert_eq!(days(&store).await.unwrap(), 1);
    let sql = connect(&at, "stock_data").await;
    let others =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stockpile'";
    sql.execute(others, &[]).await.unwrap();
    assert_eq!(days(&store).await.unwrap(), 1);
    server.restart(&Config::default()).unwrap();
    assert_eq!(days(&store).await.unwrap(), 1);
}

#[tokio::test]
async fn the_lock_of_a_run_ends_with_its_session() {
    let Some((database, store)) = fresh().await else { return };
    let other = postgres::open(&database.options()).await.unwrap();
    let mut run = start(&store).await;
    let new = || NewRun { source: "b.csv".into(), kind: "daily".into(), started_at: NOW };
    assert!(matches!(other.ingest.start(new()).await, Err(Error::Locked { .. })));
    assert!(matches!(other.ingest.repair(NOW).await, Err(Error::Locked { .. })));
    // As the server does when the process of the run is gone.
    let holders = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks JOIN pg_database ON pg_database.oid = database \
                   WHERE locktype = 'advisory' AND datname = current_database()";
    database.sql().await.execute(holders, &[]).await.unwrap();
    assert!(!other.ingest.is_writing().await.unwrap());
    other.ingest.start(new()).await.unwrap().commit(RowCounts::default(), NOW).await.unwrap();
    let late = numbered([bar("000001.SZ", "20250102", 10.0)]);
    run.write_bars(SecurityKind::Stock, late).await.unwrap_err();
    run.commit(RowCounts::default(), NOW).await.unwrap_err();
    assert_eq!(days(&other).await.unwrap(), 0);
}

/// A user with a password and no rights.
async fn user(database: &Database, rights: &str) -> (String, Options) {
    let name = new_name();
    let sql = connect(&database.server, "postgres").await;
    sql.batch_execute(&format!("CREATE USER {name} PASSWORD 'right' {rights}")).await.unwrap();
    let mut config = database.server.clone();
    config.user(&name).password("right");
    (name, options(&config, &database.name))
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_are_told() {
    let Some((database, _store)) = fresh().await else { return };
    let (name, options) = user(&database, "").await;
    for (options, user) in [
        (options.clone().password("wrong"), name.as_str()),
        (
            Options::new("127.0.0.1", &database.name, "nobody-here").port(database.server.get_ports()[0]),
            "nobody-here",
        ),
    ] {
        let refused = postgres::open(&options).await.unwrap_err();
        assert!(matches!(&refused, Error::Login { user: named, .. } if named == user), "{refused}");
        assert!(!refused.is_transient());
        assert!(!format!("{refused:?}").contains("wrong"));
    }
}

#[tokio::test]
async fn a_database_that_may_not_be_created_is_told_and_one_that_may_is() {
    let Some(database) = Database::absent() else { return };
    let (_, options) = user(&database, "").await;
    let refused = postgres::open(&options).await.unwrap_err();
    assert!(
        matches!(&refused, Error::NoDatabase { database: name, .. } if *name == database.name),
        "{refused}"
    );
    let (_, options) = user(&database, "CREATEDB").await;
    let store = postgres::open(&options).await.unwrap();
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250102", 10.0)]).await;
}

#[tokio::test]
async fn a_user_who_may_not_create_tables_is_told_and_one_who_may_needs_no_more() {
    let Some(database) = Database::absent() else { return };
    let sql = connect(&database.server, "postgres").await;
    sql.batch_execute(&format!("CREATE DATABASE {}", database.name)).await.unwrap();
    let (name, options) = user(&database, "").await;
    let sql = database.sql().await;
    sql.batch_execute("REVOKE CREATE ON SCHEMA public FROM public").await.unwrap();
    let refused = postgres::open(&options).await.unwrap_err();
    assert!(matches!(refused, Error::Forbidden { operation: "create its tables", .. }), "{refused}");
    sql.batch_execute(&format!("GRANT CREATE ON SCHEMA public TO {name}")).await.unwrap();
    let store = postgres::open(&options).await.unwrap();
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250102", 10.0)]).await;
}

#[tokio::test]
async fn a_user_who_may_only_read_reads_and_is_told_when_writing() {
    let Some((database, store)) = fresh().await else { return };
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250102", 10.0)]).await;
    let (name, options) = user(&database, "").await;
    let sql = database.sql().await;
    sql.batch_execute(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")).await.unwrap();
    let reader = postgres::open(&options).await.unwrap();
    assert_eq!(days(&reader).await.unwrap(), 1);
    assert!(!reader.ingest.is_writing().await.unwrap());
    let new = NewRun { source: "a.csv".into(), kind: "daily".into(), started_at: NOW };
    let refused = reader.ingest.start(new).await.unwrap_err();
    assert!(matches!(refused, Error::Forbidden { operation: "start an ingest run", .. }), "{refused}");
    // The attempt leaves no lock.
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250103", 10.0)]).await;
}

#[tokio::test]
async fn a_full_disk_is_told_and_leaves_what_was_there() {
    let Some(server) = own_server(&Config::default()) else { return };
    let Some(disk) = SmallDisk::mount(40) else { return };
    let at: tokio_postgres::Config = server.url("postgres").parse().unwrap();
    let sql = connect(&at, "postgres").await;
    sql.batch_execute(&format!("CREATE TABLESPACE small LOCATION '{}'", disk.folder())).await.unwrap();
    sql.batch_execute("CREATE DATABASE stock_data TABLESPACE small").await.unwrap();
    let store = postgres::open(&options(&at, "stock_data")).await.unwrap();
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250102", 10.0)]).await;
    let mut run = start(&store).await;
    let mut refused = None;
    for batch in 0..50 {
        let day = jiff::civil::date(2020, 1, 1).checked_add(jiff::Span::new().days(batch)).unwrap();
        let day = stockpile_market::TradeDate::from(day).to_string();
        let bars = numbered((0..20_000).map(|number| bar(&format!("{number:06}.SZ"), &day, 10.0)));
        if let Err(error) = run.write_bars(SecurityKind::Stock, bars).await {
            refused = Some(error);
            break;
        }
    }
    let refused = refused.expect("the disk holds less than a million rows");
    assert!(matches!(refused, Error::DiskFull { .. }), "{refused}");
    run.abandon(RowCounts::default(), NOW, &refused.to_string()).await.unwrap();
    assert_eq!(days(&store).await.unwrap(), 1);
    let recorded = store.ingest.latest(1).await.unwrap().remove(0);
    assert_eq!(recorded.state, RunState::Failed);
    assert!(recorded.error.unwrap().contains("full"));
    drop(store);
    drop(sql);
    drop(server);
}

/// A disk in memory.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` where nobody may mount one, which is said.
    fn mount(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m,mode=0777");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => {
                let disk = Self(folder);
                let space = disk.0.path().join("space");
                std::fs::create_dir(&space).unwrap();
                let owner = std::process::Command::new("chown").arg("postgres").arg(&space).status().unwrap();
                assert!(owner.success());
                Some(disk)
            }
            other => {
                eprintln!("left out: a small disk cannot be mounted here: {other:?}");
                None
            }
        }
    }

    fn folder(&self) -> String {
        self.0.path().join("space").display().to_string()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_slow_server_is_given_up_in_time_and_asked_again_later() {
    let Some((database, store)) = fresh().await else { return };
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250102", 10.0)]).await;
    let proxy = Proxy::to(database.server.get_ports()[0]).await;
    let slow = database.options().port(proxy.port).read_timeout(Duration::from_millis(400)).connections(1);
    let slow = postgres::open(&slow).await.unwrap();
    assert_eq!(days(&slow).await.unwrap(), 1);
    proxy.delay(Duration::from_secs(1));
    let began = Instant::now();
    let refused = days(&slow).await.unwrap_err();
    assert!(matches!(refused, Error::TimedOut { .. }), "{refused}");
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    proxy.delay(Duration::ZERO);
    assert_eq!(days(&slow).await.unwrap(), 1);
}

#[tokio::test]
async fn a_query_that_waits_too_long_in_the_server_is_given_up_there() {
    let Some((database, _store)) = fresh().await else { return };
    let hasty = database.options().read_timeout(Duration::from_millis(300)).connections(1);
    let hasty = postgres::open(&hasty).await.unwrap();
    let mut sql = database.sql().await;
    let blocker = sql.transaction().await.unwrap();
    blocker.batch_execute("LOCK TABLE bar_day").await.unwrap();
    let refused = days(&hasty).await.unwrap_err();
    assert!(matches!(refused, Error::TimedOut { .. }), "{refused}");
    blocker.rollback().await.unwrap();
    assert_eq!(days(&hasty).await.unwrap(), 0);
}

#[tokio::test]
async fn half_open_connections_are_given_up_and_replaced() {
    let Some((database, store)) = fresh().await else { return };
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250102", 10.0)]).await;
    let proxy = Proxy::to(database.server.get_ports()[0]).await;
    let limit = Duration::from_millis(400);
    let options = database.options().port(proxy.port).read_timeout(limit).write_timeout(limit).connections(1);
    let far = postgres::open(&options).await.unwrap();
    assert_eq!(days(&far).await.unwrap(), 1);
    let mut run = start(&far).await;
    run.write_bars(SecurityKind::Stock, numbered([bar("000001.SZ", "20250103", 10.0)])).await.unwrap();

    proxy.silence_open_ones();
    let began = Instant::now();
    let refused = days(&far).await.unwrap_err();
    assert!(matches!(refused, Error::TimedOut { .. }), "{refused}");
    assert_eq!(days(&far).await.unwrap(), 1, "on a new connection");
    let more = numbered([bar("000001.SZ", "20250106", 10.0)]);
    let refused = run.write_bars(SecurityKind::Stock, more).await.unwrap_err();
    assert!(matches!(refused, Error::Unreachable { .. }), "{refused}");
    run.abandon(RowCounts::default(), NOW, "it does not answer").await.unwrap_err();
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());

    // Once the server learns that nobody is there, the next run starts.
    drop(proxy);
    let until = Instant::now() + SOON;
    while store.ingest.is_writing().await.unwrap() {
        assert!(Instant::now() < until, "the lock stays");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    ingest(&store, SecurityKind::Stock, [bar("000001.SZ", "20250107", 10.0)]).await;
    assert_eq!(days(&store).await.unwrap(), 2);
}

#[tokio::test]
async fn what_is_no_postgres_is_told_from_a_server_that_is_away() {
    // Held, so that nobody else listens there.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let away = nobody.local_addr().unwrap().port();
    let options = |port| {
        Options::new("127.0.0.1", "stock_data", "stockpile")
            .port(port)
            .connect_timeout(Duration::from_secs(1))
    };
    let refused = postgres::open(&options(away)).await.unwrap_err();
    assert!(matches!(refused, Error::Unreachable { .. }), "{refused}");
    assert!(refused.is_transient());
    assert!(refused.to_string().contains(&format!("postgres://127.0.0.1:{away}/stock_data")), "{refused}");

    for answer in [
        &b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"-ERR\r\n",
    ] {
        let refused = postgres::open(&options(answering(answer))).await.unwrap_err();
        assert!(matches!(refused, Error::WrongServer { .. }), "{refused} {refused:?}");
        assert!(!refused.is_transient());
    }

    // Somebody who takes the call and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let began = Instant::now();
    let refused = postgres::open(&options(silent.local_addr().unwrap().port())).await.unwrap_err();
    assert!(matches!(refused, Error::Unreachable { .. }), "{refused}");
    assert!(began.elapsed() < SOON);
}

/// A server that gives everybody one answer; it ends with the test's process.
fn answering(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut question = [0; 512];
            let _ = stream.read(&mut question);
            let _ = stream.write_all(answer);
        }
    });
    port
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_a_server_that_is_away() {
    let options = Options::new("nowhere.invalid", "stock_data", "stockpile").connect_timeout(SOON / 2);
    let refused = postgres::open(&options).await.unwrap_err();
    assert!(matches!(refused, Error::Unreachable { .. }), "{refused}");
}
