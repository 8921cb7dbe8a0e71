mod address;
mod builder;
mod command;
mod fault;
mod info;
mod interop;
mod link;
mod reply;
mod script;
mod setup;
mod sweep;
#[cfg(feature = "redis-tls")]
mod tls;
mod watch;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::{join_all, try_join_all};

pub(crate) use self::{
    address::{Address, knows},
    setup::Setup,
};
pub use self::{
    builder::RedisBuilder,
    interop::{fred_client, fred_pool},
};
use self::{command::Command, link::Link};
use super::{
    Backend, Capabilities, Deleted, Generation, Health, Invalidation, Lease, Lifetime, Page, Seeded,
    ServerInfo, StoredKey,
};
use crate::{Pattern, RawKey, Refusal, Result, ScanLimit};

/// Commands that are on their way together; more wait for these.
const BATCH: usize = 512;

/// Keeps bytes in Redis or Valkey: a single server, behind Sentinel, or a Cluster.
///
/// Making one touches no network and needs no runtime. The first call starts the connection, on the tokio runtime it
/// is made in; from then on the connection is tried again for ever, and no call waits longer than
/// [`timeout`](RedisBuilder::timeout). Clones share their connections.
#[derive(Clone)]
pub struct RedisBackend(Arc<Shared>);

struct Shared {
    setup: Arc<Setup>,
    links: Vec<Link>,
    next: AtomicUsize,
    sweep_timeout: Duration,
    /// What to show; never a password.
    target: String,
}

impl RedisBackend {
    /// Reads an address such as `redis://name:password@host:6379/1`, with default settings.
    ///
    /// # Errors
    ///
    /// As [`RedisBuilder::build`].
    pub fn new(url: &str) -> Result<Self> {
        Self::builder(url).build()
    }

    /// Starts a backend with settings of one's own. The crate's documentation lists the addresses.
    pub fn builder(url: impl Into<String>) -> RedisBuilder {
        RedisBuilder::new(url.into())
    }

    /// Says why the last connection failed or ended; `None` while it stands or has not been tried.
    #[must_use]
    pub fn last_error(&self) -> Option<String> {
        self.0.links.iter().find_map(Link::last_error)
    }

    pub(crate) fn setup(&self) -> &Arc<Setup> {
        &self.0.setup
    }

    fn from_links(setup: Arc<Setup>, links: Vec<Link>, sweep_timeout: Duration, target: String) -> Self {
        Self(Arc::new(Shared { setup, links, next: AtomicUsize::new(0), sweep_timeout, target }))
    }

    fn link(&self) -> &Link {
        let links = &self.0.links;
        match links.as_slice() {
            [only] => only,
            _ => &links[self.0.next.fetch_add(1, Ordering::Relaxed) % links.len()],
        }
    }

    async fn run(&self, command: Command) -> Result<fred::types::Resp3Frame> {
        self.link().send(command.name, command.args).await
    }

    /// Sends commands one behind the other without waiting in between.
    async fn run_all(&self, commands: Vec<Command>) -> Result<Vec<fred::types::Resp3Frame>> {
        let link = self.link();
        let mut answers = Vec::with_capacity(commands.len());
        let mut commands = commands.into_iter();
        while commands.len() > 0 {
            let batch = commands.by_ref().take(BATCH).map(|command| link.send(command.name, command.args));
            answers.extend(try_join_all(batch).await?);
        }
        Ok(answers)
    }

    /// Sends a message to everybody who listens on `channel`.
    pub(crate) async fn publish(&self, channel: &str, message: Bytes) -> Result<()> {
        reply::done(self.run(command::publish(channel, message)).await?)
    }
}

impl fmt::Debug for RedisBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBackend")
            .field("target", &self.0.target)
            .field("clients", &self.0.links.len())
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Backend for RedisBackend {
    fn name(&self) -> &'static str {
        fault::NAME
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::keeping().with_patterns().with_leases()
    }

    /// A key that holds another type is refused, and `set` overwrites it; to `get_many` it is a miss.
    async fn get(&self, key: &RawKey) -> Result<Option<Bytes>> {
        reply::value(self.run(command::get(key)).await?)
    }

    async fn set(&self, key: &RawKey, value: Bytes, lifetime: Lifetime) -> Result<()> {
        reply::done(self.run(command::set(key, value, lifetime)).await?)
    }

    async fn delete(&self, key: &RawKey) -> Result<bool> {
        Ok(reply::number(self.run(command::unlink(key)).await?)? > 0)
    }

    /// The worst of its connections.
    fn health(&self) -> Health {
        self.0.links.iter().map(Link::health).max().unwrap_or(Health::Down)
    }

    async fn get_many(&self, keys: &[RawKey]) -> Result<Vec<Option<Bytes>>> {
        if self.0.setup.clustered {
            let answers = self.run_all(keys.iter().map(command::get).collect()).await?;
            return answers.into_iter().map(reply::value_of_many).collect();
        }
        let mut values = Vec::with_capacity(keys.len());
        for batch in keys.chunks(BATCH) {
            let answer = reply::list(self.run(command::get_all(batch)).await?)?;
            for value in answer {
                values.push(reply::value(value)?);
            }
        }
        Ok(values)
    }

    async fn set_many(&self, items: &[(RawKey, Bytes, Lifetime)]) -> Result<()> {
        let commands = items.iter().map(|(key, value, lifetime)| command::set(key, value.clone(), *lifetime));
        self.run_all(commands.collect()).await?.into_iter().try_for_each(reply::done)
    }

    async fn delete_many(&self, keys: &[RawKey]) -> Result<u64> {
        let answers = self.run_all(keys.iter().map(command::unlink).collect()).await?;
        answers.into_iter().try_fold(0, |sum, answer| Ok(sum + reply::number(answer)?.unsigned_abs()))
    }

    async fn delete_pattern(&self, pattern: &Pattern, limit: ScanLimit) -> Result<Deleted> {
        sweep::delete(self, pattern, limit).await
    }

    async fn scan(&self, pattern: &Pattern, cursor: Option<&str>, limit: usize) -> Result<Page> {
        sweep::page(self, pattern, cursor, limit).await
    }

    async fn stored_key(&self, key: &RawKey) -> Result<Option<StoredKey>> {
        sweep::one(self, key).await
    }

    /// By `INFO`, of every primary of a cluster. A user without the right to it is told nothing.
    async fn server_info(&self) -> Result<Option<ServerInfo>> {
        match info::ask(self).await {
            Err(error) if error.refusal() == Some(Refusal::NotAllowed) => Ok(None),
            answer => answer.map(Some),
        }
    }

    async fn ping(&self) -> Result<()> {
        // Every connection, or a dead one would be found by whoever comes next.
        let answers = self.0.links.iter().map(|link| async {
            let command = command::ping();
            reply::done(link.send(command.name, command.args).await?)
        });
        join_all(answers).await.into_iter().collect()
    }

    /// By the server's clock, in one step.
    async fn seed_generation(&self, counter: &RawKey) -> Result<Seeded> {
        script::seed(self, counter).await
    }

    /// By the server's clock, in one step.
    async fn bump_generation(&self, counter: &RawKey, how: Invalidation) -> Result<Generation> {
        script::bump(self, counter, how).await
    }

    async fn try_lease(&self, key: &RawKey, lifetime: Lifetime) -> Result<Option<Lease>> {
        let token = command::random_token();
        let answer = self.run(command::set_absent(key, token, lifetime)).await?;
        Ok(reply::value(answer)?.map(|_| Lease::new(key.clone(), token)))
    }

    async fn renew(&self, lease: &Lease, lifetime: Lifetime) -> Result<bool> {
        script::renew(self, lease, lifetime).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        script::release(self, lease).await
    }
}
