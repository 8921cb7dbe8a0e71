//! A database of a test's own on the server that tests share.

use std::{
    env,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use crate::{Error, Server};

/// Names a server that runs already, `postgres://user:password@host:port/database`, whose user may create databases.
const SERVER: &str = "TEST_POSTGRES_URL";

/// A database of a test's own: on the server that `TEST_POSTGRES_URL` names, which keeps nothing of it where `psql` is there
/// to drop it, else on [`Server::shared`]. It is made by whoever opens it.
#[derive(Debug)]
pub struct Database {
    server: Address,
    name: String,
}

impl Database {
    /// A name that no other test has, ending in `_data`; nothing where there is no server, which is said.
    ///
    /// # Panics
    ///
    /// Where the server is broken, or there is none and `REQUIRE_BACKENDS` is set.
    #[must_use]
    pub fn for_a_test() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let url = match env::var(SERVER) {
            Ok(url) => url,
            Err(_) => or_left_out(Server::shared())?.url("postgres"),
        };
        let Some(server) = Address::parse(&url) else {
            panic!("{SERVER} must be postgres://user:password@host:port/database and is another text")
        };
        let name = format!("test_{}_{}_data", std::process::id(), NEXT.fetch_add(1, Relaxed));
        Some(Self { server, name })
    }

    /// Host of the server.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.server.host
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.server.port
    }

    /// Who may create the database.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.server.user
    }

    /// The user's password.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        self.server.password.as_deref()
    }

    /// Name of the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address as `STORAGE_URL` takes it.
    #[must_use]
    pub fn storage_url(&self) -> String {
        self.server.url(&self.name)
    }
}

/// The server of a test goes as a whole.
impl Drop for Database {
    fn drop(&mut self) {
        if env::var_os(SERVER).is_none() {
            return;
        }
        // The demo market of the database stands beside it.
        for name in [self.name.clone(), self.name.replace("_data", "_demo")] {
            let _ = Command::new("psql")
                .arg(self.server.url(&self.server.database))
                .args(["-q", "-c", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
        }
    }
}

/// Where a server is. User and password are kept as the address has them: a test's need no escapes.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    user: String,
    password: Option<String>,
    host: String,
    port: u16,
    database: String,
}

impl Address {
    /// Reads an address; what stands behind a question mark is left out.
    fn parse(url: &str) -> Option<Self> {
        let (_, rest) = url.split('?').next()?.split_once("://")?;
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, place) = authority.rsplit_once('@')?;
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(password.to_owned())),
            None => (login, None),
        };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (place, 5432),
        };
        let database = if database.is_empty() { "postgres" } else { database };
        Some(Self { user: user.into(), password, host: host.into(), port, database: database.into() })
    }

    fn url(&self, database: &str) -> String {
        let Self { user, password, host, port, .. } = self;
        let password = password.as_ref().map(|password| format!(":{password}")).unwrap_or_default();
        format!("postgres://{user}{password}@{host}:{port}/{database}")
    }
}

/// Never silently without a server, and not at all where one is required.
#[allow(clippy::print_stderr, reason = "a test that is left out must be noticed")]
fn or_left_out<T>(server: Result<T, &Error>) -> Option<T> {
    match server {
        Ok(server) => Some(server),
        Err(error @ Error::NotInstalled) if env::var_os("REQUIRE_BACKENDS").is_none() => {
            eprintln!("LEFT OUT: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_apart_from_its_database() {
        for (url, other, port) in [
            ("postgres://me:secret@db:5433/postgres?sslmode=disable", "postgres://me:secret@db:5433/x", 5433),
            ("postgres://me@db:5433/", "postgres://me@db:5433/x", 5433),
            ("postgresql://me@db", "postgres://me@db:5432/x", 5432),
        ] {
            let address = Address::parse(url).unwrap_or_else(|| panic!("{url}"));
            assert_eq!((address.url("x").as_str(), address.port), (other, port));
            assert_eq!(address.database, "postgres");
        }
        assert_eq!(Address::parse("db:5432"), None);
    }
}
