//! How a client is set up so that no call can hang and no outage is final.

use std::time::Duration;

use fred::{
    clients::Client,
    prelude::{Builder, Config, ConnectionConfig, Options, ReconnectPolicy, Server, ServerConfig},
    types::config::{ClusterDiscoveryPolicy, ReconnectError, UnresponsiveConfig},
};

use super::address::{Address, Layout};
use crate::Result;

/// What a client that does not answer for so long is replaced after.
pub(super) const UNRESPONSIVE: Duration = Duration::from_secs(2);
/// Commands that may wait to be written; more are refused, so that an outage does not fill the memory.
const MAX_QUEUED: usize = 10_000;
/// Messages that may wait to be read before the oldest is dropped, which is told.
const MAX_MESSAGES: usize = 4096;

/// Everything clients are made from.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    builder: Builder,
    /// How long one command may take.
    pub(super) timeout: Duration,
    pub(crate) clustered: bool,
    pub(crate) database: u8,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    pub(super) command: Duration,
    pub(super) connect: Duration,
}

impl Setup {
    pub(super) fn new(address: &Address, timeouts: Timeouts) -> Result<Self> {
        let hosts: Vec<Server> =
            address.hosts.iter().map(|(host, port)| Server::new(host.as_str(), *port)).collect();
        let server = match (&address.layout, hosts.first()) {
            (Layout::Cluster, _) => {
                // The nodes seen last are asked too: those named in the address may have left.
                ServerConfig::Clustered { hosts, policy: ClusterDiscoveryPolicy::UseCache }
            }
            (Layout::Sentinel { service, login }, _) => ServerConfig::Sentinel {
                hosts,
                service_name: service.clone(),
                username: login.name.clone(),
                password: login.password.clone(),
            },
            (Layout::Single, Some(server)) => ServerConfig::Centralized { server: server.clone() },
            (Layout::Single, None) => ServerConfig::default_centralized(),
        };
        let config = Config {
            // Of the first connection only: it is tried again for ever, like every other.
            fail_fast: false,
            server,
            username: address.login.name.clone(),
            password: address.login.password.clone(),
            // Selected again on every connection; 0 needs no command, which the user may lack the right to.
            database: (address.database != 0).then_some(address.database),
            #[cfg(feature = "redis-tls")]
            tls: if address.tls { Some(super::tls::config(address)?) } else { None },
            ..Config::default()
        };
        #[cfg(not(feature = "redis-tls"))]
        if address.tls {
            return Err(crate::Error::Address {
                scheme: address.scheme.clone(),
                hint: "is encrypted, which needs the feature `redis-tls`",
            });
        }
        Ok(Self::of(config, timeouts))
    }

    /// Takes over where a client of somebody else connects to.
    pub(super) fn of(config: Config, timeouts: Timeouts) -> Self {
        let clustered = config.server.is_clustered();
        let database = config.database.unwrap_or(0);
        // The driver waits the shortest time before the first attempt of all as well, and callers with it.
        // The longest and the longest wait between two probes are below a second together, and so is what a server that is
        // back waits to be used.
        let mut policy = ReconnectPolicy::new_exponential(0, 5, 400, 2);
        policy.set_jitter(20);
        let connection = ConnectionConfig {
            connection_timeout: timeouts.connect,
            internal_command_timeout: timeouts.connect,
            max_command_attempts: attempts(clustered),
            max_command_buffer_len: MAX_QUEUED,
            unresponsive: UnresponsiveConfig {
                max_timeout: Some(UNRESPONSIVE),
                interval: Duration::from_millis(500),
            },
            // A primary that Sentinel made a replica takes no writes: ask Sentinel again. Elsewhere, and while a server
            // loads its data, a new connection would lead to the same server: the breaker leaves it alone.
            reconnect_errors: if config.server.is_sentinel() {
                vec![ReconnectError::ReadOnly]
            } else {
                Vec::new()
            },
            ..ConnectionConfig::default()
        };
        // TCP may hold a command back until the one before is acknowledged, which its answer does: commands that come
        // meanwhile then go as one. Sixteen readers at once took 15 us of CPU for a read without that, 10 us with it.
        let mut builder = Builder::from_config(config);
        builder.set_policy(policy).set_connection_config(connection);
        builder.with_performance_config(|performance| {
            performance.default_command_timeout = timeouts.command;
            performance.broadcast_channel_capacity = MAX_MESSAGES;
        });
        Self { builder, timeout: timeouts.command, clustered, database }
    }

    /// Makes a client that connects again for ever.
    pub(super) fn client(&self) -> Result<Client> {
        self.builder.build().map_err(super::fault::setting)
    }

    /// Makes a client that ends with its first connection.
    pub(crate) fn one_connection(&self) -> Result<Client> {
        let config = self.builder.get_config().cloned().unwrap_or_default();
        let mut builder = Builder::from_config(Config { fail_fast: true, ..config });
        builder
            .set_connection_config(self.builder.get_connection_config().clone())
            .set_performance_config(self.builder.get_performance_config().clone());
        builder.build().map_err(super::fault::setting)
    }

    /// Fails at once without a connection, and is not sent again when the connection breaks: a write may have landed.
    pub(crate) fn options(&self) -> Options {
        let max_attempts = Some(attempts(self.clustered));
        Options { fail_fast: true, timeout: Some(self.timeout), max_attempts, ..Options::default() }
    }
}

/// A node that refers to another one costs an attempt too, and has done nothing.
const fn attempts(clustered: bool) -> u32 {
    if clustered { 5 } else { 1 }
}
