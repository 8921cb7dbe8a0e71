//! One listener: a connection until it breaks, then the next one.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use fred::{
    clients::Client,
    interfaces::{ClientLike, EventInterface, PubsubInterface, TrackingInterface},
    prelude::{Options, Server},
    types::{ClusterHash, ConnectHandle, CustomCommand, Message, Value, client::Invalidation},
};
use tokio::sync::{
    broadcast::{Receiver, error::RecvError},
    mpsc,
};

use crate::{BusEvent, backend::redis::Setup};

/// How often a connection is asked whether it still stands.
const ASKED_EVERY: Duration = Duration::from_secs(1);
/// How long it may take to answer, and to be made.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);
const SHORTEST_REST: Duration = Duration::from_millis(5);
const LONGEST_REST: Duration = Duration::from_millis(750);
/// Where a server puts what it tells about keys, for a connection that speaks the older protocol. That form also
/// tells of an emptied database; the driver drops the other form of it.
const INVALIDATIONS: &str = "__redis__:invalidate";

type Fault = Box<dyn std::error::Error + Send + Sync>;

pub(super) struct Listener {
    pub(super) setup: Arc<Setup>,
    pub(super) channel: String,
    pub(super) prefix: Option<String>,
    pub(super) events: mpsc::Sender<BusEvent>,
}

/// Ends a client that is not needed any more: its task would keep the connection.
struct Connection {
    client: Client,
    task: ConnectHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The receiver is gone: nobody listens.
struct Gone;

impl Listener {
    pub(super) async fn listen(mut self) {
        let mut rest = SHORTEST_REST;
        loop {
            match self.session().await {
                Ok(Gone) => return,
                Err((was_connected, fault)) => {
                    if was_connected {
                        rest = SHORTEST_REST;
                    }
                    log_broken(&self.channel, &*fault, was_connected);
                    if was_connected && self.events.send(BusEvent::Disconnected).await.is_err() {
                        return;
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(rest) => rest = (rest * 2).min(LONGEST_REST),
                () = self.events.closed() => return,
            }
        }
    }

    /// Connects, subscribes and passes on, until something breaks; says whether it was connected.
    async fn session(&mut self) -> Result<Gone, (bool, Fault)> {
        let no = |fault: Fault| (false, fault);
        let connection = self.connect().await.map_err(no)?;
        // Before the first subscription, so that nothing falls in between.
        let mut messages = connection.client.message_rx();
        let mut changes = connection.client.invalidation_rx();
        let nodes = self.subscribe(&connection.client).await.map_err(no)?;
        log_listening(&self.channel);
        if self.events.send(BusEvent::Connected).await.is_err() {
            return Ok(Gone);
        }
        self.pass_on(connection, &nodes, &mut messages, &mut changes).await.map_err(|fault| (true, fault))
    }

    async fn connect(&self) -> Result<Connection, Fault> {
        // A client of its own for every connection: one whose first connection failed may never work again.
        let client = self.setup.one_connection()?;
        let task = client.connect();
        let mut connection = Connection { client, task };
        let made = async {
            // In short steps: the driver's notice is missed when it comes between its check and its wait.
            while !connection.client.is_connected() {
                tokio::select! {
                    ended = &mut connection.task => return Err(ended_because(ended)),
                    () = tokio::time::sleep(Duration::from_millis(2)) => {}
                }
            }
            Ok(())
        };
        tokio::time::timeout(ANSWERS_WITHIN * 3, made).await??;
        Ok(connection)
    }

    /// Subscribes; gives the nodes that must stay connected. They are more than one only when each of them knows the
    /// changes of its own keys alone.
    async fn subscribe(&mut self, client: &Client) -> Result<Vec<Server>, Fault> {
        let mut nodes = client.active_connections();
        nodes.sort();
        if self.prefix.is_none() {
            nodes.truncate(1);
        }
        for (at, node) in nodes.iter().enumerate() {
            let mut channels = Vec::new();
            // Before the subscription: a subscribed connection takes no other command.
            if self.track(client, node).await? {
                channels.push(INVALIDATIONS.to_owned());
            }
            // A message reaches every node of a cluster; once is enough.
            if at == 0 {
                channels.push(self.channel.clone());
            }
            if !channels.is_empty() {
                client.with_options(&self.options(node)).subscribe(channels).await?;
                // Its answer comes behind that of the subscription, which the driver does not show.
                self.ask(client, node).await?;
            }
        }
        Ok(nodes)
    }

    async fn track(&mut self, client: &Client, node: &Server) -> Result<bool, Fault> {
        let Some(prefix) = &self.prefix else { return Ok(false) };
        let client = client.with_options(&self.options(node));
        let custom = |name| CustomCommand::new_static(name, ClusterHash::Random, false);
        let armed = async {
            let id: i64 = client.custom(custom("CLIENT ID"), Vec::<Value>::new()).await?;
            let id = id.to_string();
            let args =
                ["ON", "REDIRECT", &id, "BCAST", "PREFIX", prefix].map(|word| Value::from(word.to_owned()));
            client.custom::<Value, _>(custom("CLIENT TRACKING"), args.to_vec()).await
        };
        match armed.await {
            Ok(_) => Ok(true),
            Err(fault) if client.is_connected() && is_refusal(&fault) => {
                log_untracked(&fault);
                // Not asked again: the server will not learn it.
                self.prefix = None;
                Ok(false)
            }
            Err(fault) => Err(fault.into()),
        }
    }

    async fn pass_on(
        &self,
        mut connection: Connection,
        nodes: &[Server],
        messages: &mut Receiver<Message>,
        changes: &mut Receiver<Invalidation>,
    ) -> Result<Gone, Fault> {
        let mut errors = connection.client.error_rx();
        let mut asking = tokio::time::interval(ASKED_EVERY);
        asking.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let event = tokio::select! {
                message = messages.recv() => match message {
                    Ok(message) if *message.channel == *self.channel => BusEvent::Message(payload(message.value)),
                    Ok(_) => continue,
                    Err(RecvError::Lagged(_)) => BusEvent::Lost,
                    Err(RecvError::Closed) => return Err("the driver has ended".into()),
                },
                change = changes.recv() => match change {
                    Ok(change) if change.keys.is_empty() => BusEvent::Flushed,
                    Ok(change) => BusEvent::Changed(change.keys.into_iter().map(|key| key.into_bytes()).collect()),
                    Err(RecvError::Lagged(_)) => BusEvent::Lost,
                    Err(RecvError::Closed) => return Err("the driver has ended".into()),
                },
                ended = &mut connection.task => return Err(ended_because(ended)),
                Ok((fault, _)) = errors.recv() => return Err(fault.into()),
                _ = asking.tick() => {
                    for node in nodes {
                        tokio::select! {
                            answer = self.ask(&connection.client, node) => answer?,
                            () = self.events.closed() => return Ok(Gone),
                        }
                    }
                    continue;
                }
                () = self.events.closed() => return Ok(Gone),
            };
            // Waits for room; what does not fit the driver's own buffer meanwhile is told as lost.
            if self.events.send(event).await.is_err() {
                return Ok(Gone);
            }
        }
    }

    /// A subscribed connection answers `PING` alone.
    async fn ask(&self, client: &Client, node: &Server) -> Result<(), Fault> {
        let ping = CustomCommand::new_static("PING", ClusterHash::Random, false);
        let client = client.with_options(&self.options(node));
        let answer = client.custom::<Value, _>(ping, Vec::<Value>::new());
        tokio::time::timeout(ANSWERS_WITHIN, answer).await??;
        Ok(())
    }

    fn options(&self, node: &Server) -> Options {
        let cluster_node = self.setup.clustered.then(|| node.clone());
        Options { cluster_node, timeout: Some(ANSWERS_WITHIN), ..self.setup.options() }
    }
}

fn payload(value: Value) -> Bytes {
    value.into_bytes().unwrap_or_default()
}

fn ended_because(ended: Result<Result<(), fred::error::Error>, tokio::task::JoinError>) -> Fault {
    match ended {
        Ok(Err(fault)) => fault.into(),
        Ok(Ok(())) => "the connection was closed".into(),
        Err(fault) => fault.into(),
    }
}

/// `ERR unknown subcommand` of an older server, `NOPERM` of one that trusts its user less.
fn is_refusal(fault: &fred::error::Error) -> bool {
    ["ERR ", "NOPERM "].iter().any(|word| fault.details().starts_with(word))
}

#[cfg(feature = "tracing")]
fn log_listening(channel: &str) {
    tracing::info!(channel, "listening on the cache bus");
}

#[cfg(feature = "tracing")]
fn log_broken(channel: &str, fault: &(dyn std::error::Error + 'static), was_connected: bool) {
    // One line for each outage, not for each attempt.
    if was_connected {
        tracing::warn!(channel, fault, "the cache bus is cut; connecting again until it stands");
    } else {
        tracing::debug!(channel, fault, "the cache bus is still cut");
    }
}

#[cfg(feature = "tracing")]
fn log_untracked(fault: &fred::error::Error) {
    tracing::warn!(%fault, "the cache server does not tell which keys change; only this program's own messages arrive");
}

#[cfg(not(feature = "tracing"))]
fn log_listening(_: &str) {}

#[cfg(not(feature = "tracing"))]
fn log_broken(_: &str, _: &(dyn std::error::Error + 'static), _: bool) {}

#[cfg(not(feature = "tracing"))]
fn log_untracked(_: &fred::error::Error) {}
