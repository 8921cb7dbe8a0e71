//! The connections to one database: a pool for reading, and single ones for runs.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use deadpool_postgres::{
    ClientWrapper, ConfigConnectImpl, Connect as _, Hook, HookError, Manager, ManagerConfig, Object, Pool,
    PoolError, RecyclingMethod, Runtime, TimeoutType, Timeouts,
};
use secrecy::ExposeSecret as _;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout_at},
};
use tokio_postgres::{Config, NoTls, Row, config::SslMode, types::ToSql};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    Options,
    driver_error::{is_worth_another_try, not_connected, refused},
};
use crate::{Error, Result, Source, tls};

/// Waits before a read is sent again.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(200)];

pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// One database on a server.
pub(super) struct Server {
    pub(super) options: Options,
    /// The address as errors name it.
    pub(super) store: String,
    pool: Pool,
    /// A run of this process writes.
    pub(super) is_writing: Arc<AtomicBool>,
    /// Held by a run until the last of it is cleared up, a moment after it ended.
    pub(super) writer: Arc<Mutex<()>>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Server {
    pub(super) fn new(options: Options) -> Result<Self> {
        let limits = Timeouts {
            wait: Some(options.read_timeout),
            create: Some(options.connect_timeout),
            recycle: Some(options.connect_timeout),
        };
        // The server gives up before the client does, so that the connection stays of use.
        let milliseconds = options.read_timeout.as_millis().max(1);
        let setup = format!("SET statement_timeout = {milliseconds}; SET default_transaction_read_only = on");
        let pool = Pool::builder(manager(&options)?)
            .max_size(options.connections)
            .timeouts(limits)
            .runtime(Runtime::Tokio1)
            .post_create(Hook::async_fn(move |client: &mut ClientWrapper, _| {
                let setup = setup.clone();
                Box::pin(async move { client.batch_execute(&setup).await.map_err(HookError::Backend) })
            }))
            .build()
            .map_err(|error| Error::Open { store: options.to_string(), source: error.into() })?;
        Ok(Self {
            store: options.to_string(),
            options,
            pool,
            is_writing: Arc::default(),
            writer: Arc::default(),
        })
    }

    /// Opens a connection outside of the pool, for writing.
    pub(super) async fn connect(&self) -> Result<ClientWrapper> {
        let client = connect(&self.options, &self.options.database)
            .await?
            .map_err(|error| not_connected(&self.options.user, &self.store, error))?;
        // A client that is gone without a word is noticed within a minute, and its lock ends.
        let setup = format!(
            "SET statement_timeout = {}; SET idle_in_transaction_session_timeout = 0; SET tcp_keepalives_idle = 30; \
             SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3",
            self.options.write_timeout.as_millis().max(1)
        );
        self.in_time("open a connection", client.batch_execute(&setup)).await?;
        Ok(client)
    }

    /// Waits for a step of a run, a little longer than the server does.
    pub(super) async fn in_time<T>(
        &self,
        operation: &'static str,
        step: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        match tokio::time::timeout(patience(self.options.write_timeout), step).await {
            Ok(answer) => answer.map_err(|error| refused(operation, &self.store, error)),
            // The server has a limit of its own: that it does not speak of it means that it does not hear.
            Err(elapsed) => Err(Error::Unreachable { store: self.store.clone(), source: elapsed.into() }),
        }
    }

    /// Runs a query on a connection of the pool and reads every row of its answer; again when the connection was gone.
    pub(super) async fn read<T>(
        &self,
        operation: &'static str,
        sql: &str,
        params: Params<'_>,
        read: impl Fn(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        let deadline = Instant::now() + patience(self.options.read_timeout);
        let mut pauses = PAUSES.into_iter();
        loop {
            match self.ask(operation, sql, params, deadline).await {
                Ok(rows) => return rows.iter().map(read).collect(),
                Err(Refusal::Final(error)) => return Err(error),
                Err(Refusal::Again(error)) => match pauses.next() {
                    Some(pause) => sleep(pause).await,
                    None => return Err(error),
                },
            }
        }
    }

    /// As [`read`](Self::read), for queries that give one row.
    pub(super) async fn read_one<T>(
        &self,
        operation: &'static str,
        sql: &str,
        params: Params<'_>,
        read: impl Fn(&Row) -> Result<T>,
    ) -> Result<T> {
        let missing = || Error::Impossible { what: "answer", value: "no row".to_owned() };
        self.read(operation, sql, params, read).await?.pop().ok_or_else(missing)
    }

    async fn ask(
        &self,
        operation: &'static str,
        sql: &str,
        params: Params<'_>,
        deadline: Instant,
    ) -> Result<Vec<Row>, Refusal> {
        let timed_out = || Refusal::Final(Error::TimedOut { operation });
        let client = match timeout_at(deadline, self.pool.get()).await {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => return Err(self.no_connection(operation, error)),
            Err(_) => return Err(timed_out()),
        };
        let lease = Lease(Some(client));
        let answer = async {
            let Some(client) = lease.0.as_deref() else { return Ok(Vec::new()) };
            let statement = client.prepare_cached(sql).await?;
            client.query(&statement, params).await
        };
        match timeout_at(deadline, answer).await {
            Ok(Ok(rows)) => {
                lease.give_back();
                Ok(rows)
            }
            Ok(Err(error)) if is_worth_another_try(&error) => {
                Err(Refusal::Again(refused(operation, &self.store, error)))
            }
            Ok(Err(error)) => {
                lease.give_back();
                Err(Refusal::Final(refused(operation, &self.store, error)))
            }
            Err(_) => Err(timed_out()),
        }
    }

    fn no_connection(&self, operation: &'static str, error: PoolError) -> Refusal {
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                let again = is_worth_another_try(&error);
                let error = not_connected(&self.options.user, &self.store, error);
                if again { Refusal::Again(error) } else { Refusal::Final(error) }
            }
            PoolError::Timeout(TimeoutType::Wait) => Refusal::Final(Error::TimedOut { operation }),
            other => Refusal::Final(Error::Unreachable { store: self.store.clone(), source: other.into() }),
        }
    }
}

/// The server gets a little more than its own limit to say that it gave up.
fn patience(limit: Duration) -> Duration {
    limit + limit / 4
}

enum Refusal {
    Final(Error),
    Again(Error),
}

/// A connection that goes back to the pool when its answer was read to the end, and is closed otherwise: whoever had it
/// next would wait for the old answer.
struct Lease(Option<Object>);

impl Lease {
    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Object::take(client));
        }
    }
}

/// Opens a connection to a database of the server; the outer error is the time limit's or that of the settings.
pub(super) async fn connect(
    options: &Options,
    database: &str,
) -> Result<Result<ClientWrapper, tokio_postgres::Error>> {
    let config = config(options, database);
    let opening = async {
        Ok(if options.secure {
            ConfigConnectImpl { tls: connector(options)? }.connect(&config).await
        } else {
            ConfigConnectImpl { tls: NoTls }.connect(&config).await
        })
    };
    let opened = tokio::time::timeout(options.connect_timeout, opening).await.map_err(|elapsed| {
        Error::Unreachable { store: options.to_string(), source: Source::from(elapsed) }
    })??;
    Ok(opened.map(|(client, task)| ClientWrapper::new(client, task)))
}

fn manager(options: &Options) -> Result<Manager> {
    let config = config(options, &options.database);
    let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    Ok(if options.secure {
        Manager::from_config(config, connector(options)?, settings)
    } else {
        Manager::from_config(config, NoTls, settings)
    })
}

fn connector(options: &Options) -> Result<MakeRustlsConnect> {
    tls::client_config(options.ca_file.as_deref())
        .map(MakeRustlsConnect::new)
        .map_err(|source| Error::Open { store: options.to_string(), source })
}

fn config(options: &Options, database: &str) -> Config {
    let mut config = Config::new();
    config
        .host(&options.host)
        .port(options.port)
        .user(&options.user)
        .dbname(database)
        .application_name("stockpile")
        .connect_timeout(options.connect_timeout)
        .keepalives_idle(Duration::from_secs(30))
        .keepalives_interval(Duration::from_secs(10))
        .keepalives_retries(3)
        .ssl_mode(if options.secure { SslMode::Require } else { SslMode::Disable });
    if let Some(password) = &options.password {
        config.password(password.expose_secret());
    }
    config
}
