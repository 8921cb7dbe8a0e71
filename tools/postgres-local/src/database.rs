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
    /// Everything before the name of the database.
    server: String,
    /// The database to be connected to while this one is dropped.
    other: String,
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
        let (server, other) = split(&url);
        let name = format!("test_{}_{}_data", std::process::id(), NEXT.fetch_add(1, Relaxed));
        Some(Self { server, other, name })
    }

    /// Its address as `STORAGE_URL` takes it.
    #[must_use]
    pub fn storage_url(&self) -> String {
        format!("{}/{}", self.server, self.name)
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
                .arg(format!("{}/{}", self.server, self.other))
                .args(["-q", "-c", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
        }
    }
}

/// What stands before the name of the database, and the name; parameters behind it are left out.
fn split(url: &str) -> (String, String) {
    let url = url.split('?').next().unwrap_or(url);
    let authority = url.find("://").map_or(0, |scheme| scheme + 3);
    match url[authority..].split_once('/') {
        Some((server, name)) if !name.is_empty() => {
            (url[..authority + server.len()].to_owned(), name.to_owned())
        }
        _ => (url.trim_end_matches('/').to_owned(), "postgres".to_owned()),
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
        for (url, server, name) in [
            (
                "postgres://me:secret@db:5433/postgres?sslmode=disable",
                "postgres://me:secret@db:5433",
                "postgres",
            ),
            ("postgres://me@db:5433/", "postgres://me@db:5433", "postgres"),
            ("postgres://me@db:5433", "postgres://me@db:5433", "postgres"),
            ("postgres://me@db:5433/mine", "postgres://me@db:5433", "mine"),
        ] {
            assert_eq!(split(url), (server.to_owned(), name.to_owned()), "{url}");
        }
    }
}
