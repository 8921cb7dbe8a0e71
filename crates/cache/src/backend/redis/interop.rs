use std::sync::Arc;

use fred::{
    clients::{Client, Pool},
    interfaces::ClientLike,
};

use super::{
    RedisBackend,
    builder::{SWEEP_TIMEOUT, TIMEOUTS},
    fault,
    link::Link,
    setup::Setup,
};
use crate::Result;

/// Makes a backend of a client that the caller made, connects and ends.
///
/// Each command is still bounded by 250 ms, fails at once while there is no connection, and is sent once. Whether and
/// how the client connects again is the caller's choice: give it a policy without a last attempt.
#[must_use]
pub fn fred_client(client: &Client) -> RedisBackend {
    over(std::slice::from_ref(client), client)
}

/// Makes a backend of a pool that the caller made, connects and ends; see [`fred_client`].
///
/// # Errors
///
/// [`Error::Refused`](crate::Error::Refused) when the pool holds no client.
pub fn fred_pool(pool: &Pool) -> Result<RedisBackend> {
    match pool.clients() {
        [first, ..] => Ok(over(pool.clients(), first)),
        [] => Err(fault::refused("the pool holds no client")),
    }
}

fn over(clients: &[Client], first: &Client) -> RedisBackend {
    let config = first.client_config();
    let hosts = config.server.hosts();
    let target = hosts.first().map_or_else(String::new, |server| format!("{}:{}", server.host, server.port));
    let setup = Arc::new(Setup::of(config, TIMEOUTS));
    let links = clients.iter().map(|client| Link::given(Arc::clone(&setup), client)).collect();
    RedisBackend::from_links(setup, links, SWEEP_TIMEOUT, target)
}
