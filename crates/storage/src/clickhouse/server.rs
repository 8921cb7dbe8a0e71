//! Requests to the server: settings, deadlines, retries.

use std::{fmt, future::Future, time::Duration};

use ::clickhouse::{
    Client, Compression, RowOwned, RowRead, RowWrite, error::Error as DriverError, query::Query,
};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{
    client::legacy::{Client as HyperClient, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::{
    Options,
    driver_error::{READONLY, Refusal, refused, stranger, timed_out},
};
use crate::{Error, Result, Source, tls};

/// Less than the server keeps an idle connection.
const IDLE: Duration = Duration::from_secs(2);
/// Statements that change tables or count many rows take longer than an answer may.
const LONG: u32 = 10;
/// Waits between tries of a request that failed for a passing reason.
const BACK_OFF: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(200), Duration::from_millis(800)];

/// The connections to one server and what every request carries.
pub(super) struct Server {
    /// For queries; its answers are checked against the types they are read into.
    client: Client,
    /// For rows, without a question about the table before each insert: the contract reads back what is written.
    inserter: Client,
    pub(super) options: Options,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Server {
    /// Connects and makes sure that a ClickHouse answers; the database need not be there.
    pub(super) async fn connect(options: Options) -> Result<Self> {
        let client = connections(&options)
            .map_err(|source| Error::Open { store: options.address(), source })?
            .with_url(options.url())
            .with_user(&options.user)
            .with_password(options.password.expose_secret())
            .with_product_info("stockpile", env!("CARGO_PKG_VERSION"));
        let limit = options.timeout.as_secs().max(1).to_string();
        let inserter = client.clone().with_validation(false).with_setting("async_insert", "0");
        // Packing an answer costs the server more than half of what the answer does, and the largest has a few 100 KB.
        let client = client.with_compression(Compression::None);
        let limited = client
            .clone()
            .with_setting("async_insert", "0")
            .with_setting("max_execution_time", limit)
            .with_setting("cancel_http_readonly_queries_on_client_close", "1");
        let mut server = Self { inserter, client: limited, options };
        match server.greet().await {
            // Such a user changes no setting; our own deadline is then the only one.
            Err(Refusal { code: Some(READONLY), .. }) => {
                server.client = client;
                server.greet().await
            }
            other => other,
        }
        .map_err(|refusal| refusal.error)?;
        Ok(server)
    }

    /// From now on every request is about the store's own database.
    pub(super) fn enter_database(&mut self) {
        self.client = self.client.clone().with_database(&self.options.database);
        self.inserter = self.inserter.clone().with_database(&self.options.database);
    }

    /// A question whose answer no other kind of server gives.
    async fn greet(&self) -> Result<(), Refusal> {
        const OPERATION: &str = "ask for its version";
        self.with_retries(|| async {
            let query = self.query("SELECT 'ClickHouse', version()").with_setting("query_id", query_id());
            let answer = self
                .within(OPERATION, self.options.timeout, async {
                    let mut cursor = query.fetch_bytes("TabSeparated")?;
                    cursor.collect().await
                })
                .await?;
            if answer.starts_with(b"ClickHouse\t") {
                return Ok(());
            }
            Err(stranger(&self.options, &String::from_utf8_lossy(&answer)))
        })
        .await
    }

    /// A query whose parameters are yet to be given, as `{name:Type}` in the text.
    pub(super) fn query(&self, sql: &str) -> Query {
        self.client.query_raw(sql)
    }

    /// Reads every row of an answer.
    pub(super) async fn read<T: RowOwned + RowRead>(
        &self,
        operation: &'static str,
        query: Query,
    ) -> Result<Vec<T>> {
        self.try_read(operation, query).await.map_err(|refusal| refusal.error)
    }

    pub(super) async fn try_read<T: RowOwned + RowRead>(
        &self,
        operation: &'static str,
        query: Query,
    ) -> Result<Vec<T>, Refusal> {
        self.with_retries(|| {
            let query = query.clone().with_setting("query_id", query_id());
            self.within(operation, self.options.timeout, query.fetch_all())
        })
        .await
    }

    /// Reads an answer as it comes.
    pub(super) async fn read_bytes(
        &self,
        operation: &'static str,
        query: Query,
        format: &str,
    ) -> Result<Vec<u8>> {
        self.with_retries(|| {
            let query = query.clone().with_setting("query_id", query_id());
            self.within(operation, self.options.timeout, async move {
                let answer = query.fetch_bytes(format)?.collect().await?;
                Ok(Vec::from(answer))
            })
        })
        .await
        .map_err(|refusal| refusal.error)
    }

    /// What is said of an answer that is none.
    pub(super) fn stranger(&self, answer: &[u8]) -> Error {
        stranger(&self.options, &String::from_utf8_lossy(answer)).error
    }

    /// Carries out a statement that may be carried out twice.
    pub(super) async fn execute(&self, operation: &'static str, statement: Query) -> Result<()> {
        self.with_retries(|| self.execute_once(operation, statement.clone()))
            .await
            .map_err(|refusal| refusal.error)
    }

    pub(super) async fn execute_once(
        &self,
        operation: &'static str,
        statement: Query,
    ) -> Result<(), Refusal> {
        let limit = self.options.timeout * LONG;
        let statement = statement.with_setting("query_id", query_id());
        let statement = if self.client.get_setting("max_execution_time").is_some() {
            statement.with_setting("max_execution_time", limit.as_secs().max(1).to_string())
        } else {
            statement
        };
        let said = self
            .within(operation, limit, async { statement.fetch_bytes("TabSeparated")?.collect().await })
            .await?;
        // A statement is carried out without a word, but for the hosts of a cluster: a page is no such answer.
        if said.is_empty() || (self.options.cluster.is_some() && !said.starts_with(b"<")) {
            return Ok(());
        }
        Err(stranger(&self.options, &String::from_utf8_lossy(&said)))
    }

    /// Writes rows into a table. They may arrive twice, so their key and version must say that they are the same.
    pub(super) async fn insert<T>(&self, operation: &'static str, table: &str, rows: &[T]) -> Result<()>
    where
        T: RowOwned + RowWrite + Sync,
    {
        self.with_retries(|| self.insert_once(operation, table, rows)).await.map_err(|refusal| refusal.error)
    }

    async fn insert_once<T>(&self, operation: &'static str, table: &str, rows: &[T]) -> Result<(), Refusal>
    where
        T: RowOwned + RowWrite + Sync,
    {
        let refused = |error| refused(&self.options, operation, error);
        let limit = Some(self.options.timeout);
        let mut insert = self
            .inserter
            .insert::<T>(table)
            .await
            .map_err(refused)?
            .with_setting("query_id", query_id())
            .with_timeouts(limit, limit);
        for row in rows {
            insert.write(row).await.map_err(refused)?;
        }
        insert.end().await.map_err(refused)
    }

    async fn within<T>(
        &self,
        operation: &'static str,
        limit: Duration,
        request: impl Future<Output = Result<T, DriverError>>,
    ) -> Result<T, Refusal> {
        match tokio::time::timeout(limit, request).await {
            Ok(answer) => answer.map_err(|error| refused(&self.options, operation, error)),
            Err(_) => Err(timed_out(operation)),
        }
    }

    async fn with_retries<T, F>(&self, mut request: impl FnMut() -> F) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, Refusal>>,
    {
        for wait in BACK_OFF {
            match request().await {
                Err(refusal) if refusal.transient => {
                    tracing::debug!(error = %refusal.error, ?wait, "a request to ClickHouse is sent again");
                    tokio::time::sleep(wait).await;
                }
                other => return other,
            }
        }
        request().await
    }
}

/// Names a request in the server's logs.
fn query_id() -> String {
    format!("stockpile-{}", Uuid::now_v7())
}

/// The driver over connections of our own making, whose time to connect has a limit.
fn connections(options: &Options) -> Result<Client, Source> {
    let mut plain = HttpConnector::new();
    plain.set_connect_timeout(Some(options.connect_timeout));
    plain.set_keepalive(Some(Duration::from_secs(60)));
    plain.set_nodelay(true);
    let mut builder = HyperClient::builder(TokioExecutor::new());
    builder.pool_idle_timeout(IDLE).pool_timer(TokioTimer::new());
    if !options.secure {
        return Ok(Client::with_http_client(builder.build(plain)));
    }
    plain.enforce_http(false);
    let secure = HttpsConnectorBuilder::new()
        .with_tls_config(tls::client_config(options.ca_file.as_deref())?)
        .https_only()
        .enable_http1()
        .wrap_connector(plain);
    Ok(Client::with_http_client(builder.build(secure)))
}
