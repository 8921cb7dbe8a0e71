//! What a server is started with.

use std::fmt::Write as _;

/// How a server is set up. Its superuser `postgres` needs no password; every other user gives one.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Lines of `postgresql.conf` beside those a test needs anyway.
    pub settings: Vec<String>,
    /// Files put into the data folder for the settings to name, readable by the server alone.
    pub files: Vec<(String, String)>,
    /// Every user but `postgres` must come with TLS.
    pub tls_only: bool,
}

impl Config {
    /// A test's data outlives its server, and need not outlive the machine: nothing is waited for until it is on the disk.
    pub(crate) fn server_conf(&self, port: u16) -> String {
        let mut text = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\n\
             fsync = off\nfull_page_writes = off\n\
             shared_buffers = 64MB\nmax_wal_size = 256MB\nmax_connections = 200\n"
        );
        for line in &self.settings {
            let _ = writeln!(text, "{line}");
        }
        text
    }

    pub(crate) fn access_conf(&self) -> String {
        let others = if self.tls_only { "hostssl" } else { "host" };
        format!("host all postgres 127.0.0.1/32 trust\n{others} all all 127.0.0.1/32 scram-sha-256\n")
    }
}
