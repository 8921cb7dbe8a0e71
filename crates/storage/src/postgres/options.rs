//! How to reach a PostgreSQL server.

use std::{fmt, path::PathBuf, time::Duration};

use secrecy::SecretString;

/// Where a PostgreSQL server is, who asks it, and how long to wait for it.
///
/// ```
/// use stockpile_storage::postgres::Options;
///
/// let options = Options::new("db.internal", "stock_data", "stockpile").password("secret").secure(true);
/// assert_eq!(options.to_string(), "postgres://db.internal:5432/stock_data");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) database: String,
    pub(super) user: String,
    pub(super) password: Option<SecretString>,
    pub(super) secure: bool,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) connect_timeout: Duration,
    pub(super) read_timeout: Duration,
    pub(super) write_timeout: Duration,
    pub(super) connections: usize,
}

impl Options {
    /// A server on the usual port 5432, without password and without TLS.
    ///
    /// A host that starts with `/` is the folder of the server's Unix socket.
    #[must_use]
    pub fn new(host: impl Into<String>, database: impl Into<String>, user: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: 5432,
            database: database.into(),
            user: user.into(),
            password: None,
            secure: false,
            ca_file: None,
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(300),
            connections: 8,
        }
    }

    /// Another port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The user's password; it is never shown.
    #[must_use]
    pub fn password(mut self, password: impl Into<SecretString>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Speaks TLS only, or not at all. The server's certificate must be valid for the host and of an authority the system knows, or of
    /// that in [`ca_file`](Self::ca_file).
    #[must_use]
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// A file with the certificates, as PEM, of the authorities to trust instead of the system's.
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// How long to wait for a connection, its login included; else 5 s.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long a read may take, the wait for a free connection included; else 10 s.
    #[must_use]
    pub fn read_timeout(mut self, limit: Duration) -> Self {
        self.read_timeout = limit;
        self
    }

    /// How long each step of a run may take, such as a batch of rows or the commit; else 300 s.
    #[must_use]
    pub fn write_timeout(mut self, limit: Duration) -> Self {
        self.write_timeout = limit;
        self
    }

    /// How many connections read at most; else 8. A run has one more of its own.
    #[must_use]
    pub fn connections(mut self, limit: usize) -> Self {
        self.connections = limit.max(1);
        self
    }
}

/// The address, without user and password.
impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}:{}/{}", self.host, self.port, self.database)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let options = Options::new("localhost", "stock_data", "stockpile").password("hunter2");
        assert!(!format!("{options:?} {options}").contains("hunter2"));
    }
}
