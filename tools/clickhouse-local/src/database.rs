//! A database of a test's own on the server that tests share.

use std::{
    env,
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use crate::{Engine, Error};

/// Names a server that runs already, `http://host:port`, user `default` without a password.
const SERVER: &str = "TEST_CLICKHOUSE_URL";

/// A database of a test's own: on the server that `TEST_CLICKHOUSE_URL` names, which keeps nothing of it, else on
/// [`Engine::shared`]. It is made by whoever opens it.
#[derive(Debug)]
pub struct Database {
    host: String,
    port: u16,
    name: String,
}

impl Database {
    /// A name that no other test has, ending in `_data`; nothing where there is no engine, which is said.
    ///
    /// # Panics
    ///
    /// Where the engine is broken, or there is none and `REQUIRE_BACKENDS` is set.
    #[must_use]
    pub fn for_a_test() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let url = match env::var(SERVER) {
            Ok(url) => url,
            Err(_) => or_left_out(Engine::shared())?.url(),
        };
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        let named =
            address.rsplit_once(':').and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
        let Some((host, port)) = named else { panic!("{SERVER} must be http://host:port and is {url}") };
        let name = format!("test_{}_{}_data", std::process::id(), NEXT.fetch_add(1, Relaxed));
        Some(Self { host, port, name })
    }

    /// Host of the server.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port of its HTTP interface.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Name of the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address as `STORAGE_URL` takes it.
    #[must_use]
    pub fn storage_url(&self) -> String {
        format!("clickhouse://default@{}:{}/{}", self.host, self.port, self.name)
    }

    fn drop_on_server(&self, database: &str) -> std::io::Result<()> {
        let statement = format!("DROP DATABASE IF EXISTS {database} SYNC");
        let mut stream = TcpStream::connect((self.host.as_str(), self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        write!(stream, "POST / HTTP/1.0\r\nContent-Length: {}\r\n\r\n{statement}", statement.len())?;
        stream.read_to_end(&mut Vec::new())?;
        Ok(())
    }
}

/// The engine of a test goes as a whole.
impl Drop for Database {
    fn drop(&mut self) {
        if env::var_os(SERVER).is_some() {
            // The demo market of the database stands beside it. A server that is away keeps both.
            let demo = self.name.replace("_data", "_demo");
            let _ = self.drop_on_server(&self.name).and_then(|()| self.drop_on_server(&demo));
        }
    }
}

/// Never silently without an engine, and not at all where one is required.
#[allow(clippy::print_stderr, reason = "a test that is left out must be noticed")]
fn or_left_out<T>(engine: Result<T, &Error>) -> Option<T> {
    match engine {
        Ok(engine) => Some(engine),
        Err(error @ Error::NotFetched { .. }) if env::var_os("REQUIRE_BACKENDS").is_none() => {
            eprintln!("LEFT OUT: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}
