//! What every test here has on its desk: a server, a database of its own, and SQL past the store.

use std::{
    env,
    sync::atomic::{AtomicU32, Ordering::SeqCst},
};

use stockpile_postgres_local::{Config, Error, Server};
use stockpile_storage::{
    Store,
    postgres::{self, Options},
};
use tokio_postgres::{Client, NoTls, config::Host};

/// Whether to go on without a server: never silently, and not at all where one is required.
fn or_left_out<T>(server: Result<T, &Error>) -> Option<T> {
    match server {
        Ok(server) => Some(server),
        Err(error @ Error::NotInstalled) if env::var_os("REQUIRE_BACKENDS").is_none() => {
            eprintln!("left out: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// A server of the test's own, to be spoilt.
pub(crate) fn own_server(config: &Config) -> Option<Server> {
    match Server::start(config) {
        Ok(server) => Some(server),
        Err(error) => or_left_out(Err(&error)),
    }
}

/// Where the superuser reaches the server that the tests share.
pub(crate) fn shared() -> Option<tokio_postgres::Config> {
    if let Ok(url) = env::var("TEST_POSTGRES_URL") {
        return Some(url.parse().unwrap());
    }
    Some(or_left_out(Server::shared())?.url("postgres").parse().unwrap())
}

/// A name that no other database or user has.
pub(crate) fn new_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("stockpile_test_{}_{}", std::process::id(), NEXT.fetch_add(1, SeqCst))
}

/// Options for a database of a server; it need not exist.
pub(crate) fn options(server: &tokio_postgres::Config, database: &str) -> Options {
    let Host::Tcp(host) = &server.get_hosts()[0] else { panic!("a host is needed") };
    let options =
        Options::new(host, database, server.get_user().unwrap()).port(server.get_ports()[0]).connections(3);
    match server.get_password() {
        Some(password) => options.password(String::from_utf8(password.to_vec()).unwrap()),
        None => options,
    }
}

/// A database that is gone with this.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) server: tokio_postgres::Config,
    pub(crate) name: String,
}

impl Database {
    /// One that does not exist yet.
    pub(crate) fn absent() -> Option<Self> {
        Some(Self { server: shared()?, name: new_name() })
    }

    pub(crate) fn options(&self) -> Options {
        options(&self.server, &self.name)
    }

    /// The same as text, for another process.
    pub(crate) fn address(&self) -> String {
        let Host::Tcp(host) = &self.server.get_hosts()[0] else { panic!("a host is needed") };
        let (user, port) = (self.server.get_user().unwrap(), self.server.get_ports()[0]);
        let address = format!("host={host} port={port} user={user} dbname={}", self.name);
        match self.server.get_password() {
            Some(password) => format!("{address} password='{}'", String::from_utf8_lossy(password)),
            None => address,
        }
    }

    /// A connection past the store.
    pub(crate) async fn sql(&self) -> Client {
        connect(&self.server, &self.name).await
    }
}

/// The server of the tests goes as a whole; one that was there before keeps nothing of ours.
impl Drop for Database {
    fn drop(&mut self) {
        if env::var_os("TEST_POSTGRES_URL").is_none() {
            return;
        }
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let client = connect(&server, server.get_dbname().unwrap_or("postgres")).await;
                client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
            });
        });
        dropping.join().unwrap();
    }
}

pub(crate) async fn connect(server: &tokio_postgres::Config, database: &str) -> Client {
    let (client, connection) = server.clone().dbname(database).connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A store in a database of its own.
pub(crate) async fn fresh() -> Option<(Database, Store)> {
    let database = Database::absent()?;
    let store = postgres::open(&database.options()).await.unwrap();
    Some((database, store))
}
