//! Where the server is and how it is asked.

use std::{path::PathBuf, time::Duration};

use secrecy::SecretString;

/// Where the server is and how it is asked.
///
/// `Debug` does not show the password.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Host name or address.
    pub host: String,
    /// Port of the HTTP interface.
    pub port: u16,
    /// Speaks TLS; the server's certificate is verified.
    pub secure: bool,
    /// A file with the certificates, as PEM, of the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Database; it is created when it is absent and the user may do so.
    pub database: String,
    /// User.
    pub user: String,
    /// The user's password.
    pub password: SecretString,
    /// Cluster on which every table is created, replicated; none: tables of this server alone.
    pub cluster: Option<String>,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long an answer may take; the server ends a query after it too.
    pub timeout: Duration,
    /// How long a run's lock outlives its last heartbeat.
    pub lease: Duration,
}

impl Options {
    /// A server's HTTP interface at port 8123, database `stock_data`, user `default` without a password.
    #[must_use]
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: 8123,
            secure: false,
            ca_file: None,
            database: "stock_data".to_owned(),
            user: "default".to_owned(),
            password: SecretString::default(),
            cluster: None,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            lease: Duration::from_secs(30),
        }
    }

    /// Another port.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// Speaks TLS only, or not at all. The server's certificate must be valid for the host and of an authority the system
    /// knows, or of one in [`ca_file`](Self::ca_file).
    #[must_use]
    pub fn secure(self, secure: bool) -> Self {
        Self { secure, ..self }
    }

    /// A file with the certificates, as PEM, of the authorities to trust instead of the system's.
    #[must_use]
    pub fn ca_file(self, path: impl Into<PathBuf>) -> Self {
        Self { ca_file: Some(path.into()), ..self }
    }

    /// Another database.
    #[must_use]
    pub fn database(self, database: impl Into<String>) -> Self {
        Self { database: database.into(), ..self }
    }

    /// A user and its password.
    #[must_use]
    pub fn user(self, user: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Self { user: user.into(), password: password.into(), ..self }
    }

    /// The cluster whose servers all get the tables.
    #[must_use]
    pub fn cluster(self, cluster: impl Into<String>) -> Self {
        Self { cluster: Some(cluster.into()), ..self }
    }

    /// How long a connection may take to be made, and an answer.
    #[must_use]
    pub fn timeouts(self, connect: Duration, answer: Duration) -> Self {
        Self { connect_timeout: connect, timeout: answer, ..self }
    }

    /// How long a run's lock outlives its last heartbeat: a killed run blocks the next one for so long.
    #[must_use]
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// The store's address, as messages give it.
    pub(super) fn address(&self) -> String {
        format!("clickhouse://{}:{}/{}", self.host, self.port, self.database)
    }

    pub(super) fn url(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{}://{host}:{}", if self.secure { "https" } else { "http" }, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_not_shown() {
        let options = Options::new("db").user("stockpile", "hunter2");
        assert!(!format!("{options:?}").contains("hunter2"));
        assert_eq!(options.address(), "clickhouse://db:8123/stock_data");
    }

    #[test]
    fn an_ipv6_address_stands_in_brackets() {
        assert_eq!(Options::new("::1").secure(true).port(8443).url(), "https://[::1]:8443");
    }
}
