use std::{fmt, sync::Arc, time::Duration};

use super::{
    RedisBackend,
    address::Address,
    link::Link,
    setup::{Setup, Timeouts},
};
use crate::{Error, Result};

/// Settings of a [`RedisBackend`]. Made by [`RedisBackend::builder`].
#[must_use = "a builder does nothing before `build`"]
pub struct RedisBuilder {
    url: String,
    clients: Option<usize>,
    timeouts: Timeouts,
    sweep_timeout: Duration,
}

/// What a backend does unless it is told otherwise.
pub(super) const TIMEOUTS: Timeouts =
    Timeouts { command: Duration::from_millis(250), connect: Duration::from_secs(1) };
/// Below what a cache waits for, so that it learns how far the deletion came.
pub(super) const SWEEP_TIMEOUT: Duration = Duration::from_millis(4500);

impl RedisBuilder {
    pub(super) const fn new(url: String) -> Self {
        Self { url, clients: None, timeouts: TIMEOUTS, sweep_timeout: SWEEP_TIMEOUT }
    }

    /// Sets how many connections share the commands, by turns; 1, or `?clients=` of the address.
    ///
    /// One carries all commands that wait at a time as one batch, which is mostly the fastest way.
    pub const fn clients(mut self, clients: usize) -> Self {
        self.clients = Some(clients);
        self
    }

    /// Sets how long one command may take; 250 ms. What waits longer fails, and a write may still land.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.command = timeout;
        self
    }

    /// Sets how long one attempt to connect may take, and then to log in; 1 s each, and `?connect_timeout=`
    /// of the address, in milliseconds, wins. No call waits for it.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.connect = timeout;
        self
    }

    /// Sets when a deletion by pattern stops and says that it is not complete; 4.5 s.
    pub const fn sweep_timeout(mut self, timeout: Duration) -> Self {
        self.sweep_timeout = timeout;
        self
    }

    /// Makes the backend; does not connect.
    ///
    /// # Errors
    ///
    /// [`Error::Address`] when the address cannot be read, and [`Error::Setting`] when a setting cannot work.
    pub fn build(self) -> Result<RedisBackend> {
        let address = Address::parse(&self.url)?;
        self.build_at(&address)
    }

    pub(crate) fn build_at(mut self, address: &Address) -> Result<RedisBackend> {
        if let Some(timeout) = address.connect_timeout {
            self.timeouts.connect = timeout;
        }
        let wrong = |setting, reason| Err(Error::Setting { setting, reason });
        let clients = self.clients.or(address.clients).unwrap_or(1);
        if !(1..=64).contains(&clients) {
            return wrong("clients", "must be 1 to 64");
        }
        if self.timeouts.command.is_zero() || self.timeouts.connect.is_zero() {
            return wrong("timeout", "must not be zero: a command without a limit may wait for ever");
        }
        let setup = Arc::new(Setup::new(address, self.timeouts)?);
        let links = (0..clients).map(|_| Link::new(Arc::clone(&setup))).collect();
        Ok(RedisBackend::from_links(setup, links, self.sweep_timeout, address.to_string()))
    }
}

impl fmt::Debug for RedisBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the address: it may hold a password.
        f.debug_struct("RedisBuilder")
            .field("clients", &self.clients)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}
