//! Making sure that the database is there and is one to use.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_postgres::error::SqlState;

use super::{
    Options,
    driver_error::{not_connected, refused},
    server::connect,
};
use crate::{Error, Result, Source};

/// Where to ask for a new database: it is on every server.
const MAINTENANCE: &str = "postgres";
const CREATING: &str = "create its database";

/// Opens the first connection, after creating the database when it is absent.
pub(super) async fn open(options: &Options) -> Result<ClientWrapper> {
    let opened = match first_connection(options).await {
        Err(Error::Unreachable { source, .. }) if !speaks_postgres(options).await => {
            return Err(Error::WrongServer { store: options.to_string(), engine: "PostgreSQL", source });
        }
        other => other?,
    };
    let client = match opened {
        Some(client) => client,
        None => {
            create(options).await?;
            let absent = || no_database(options, "it is not there after it was created".into());
            first_connection(options).await?.ok_or_else(absent)?
        }
    };
    check_encoding(options, &client).await?;
    Ok(client)
}

/// `None` when the database is absent.
async fn first_connection(options: &Options) -> Result<Option<ClientWrapper>> {
    match connect(options, &options.database).await? {
        Ok(client) => Ok(Some(client)),
        Err(error) if error.code() == Some(&SqlState::INVALID_CATALOG_NAME) => Ok(None),
        Err(error) => Err(not_connected(&options.user, &options.to_string(), error)),
    }
}

async fn create(options: &Options) -> Result<()> {
    let client = connect(options, MAINTENANCE).await?.map_err(|error| no_database(options, error.into()))?;
    let name = options.database.replace('"', "\"\"");
    let sql = format!("CREATE DATABASE \"{name}\"");
    let created = timeout(options.write_timeout, client.batch_execute(&sql));
    match created.await.map_err(|_| Error::TimedOut { operation: CREATING })? {
        Ok(()) => Ok(()),
        Err(error) => match error.code() {
            // Another process was a moment faster; in a narrow race the server says so by its catalogue's key.
            Some(&SqlState::DUPLICATE_DATABASE | &SqlState::UNIQUE_VIOLATION) => Ok(()),
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Err(no_database(options, error.into())),
            _ => Err(refused(CREATING, &options.to_string(), error)),
        },
    }
}

fn no_database(options: &Options, source: Source) -> Error {
    Error::NoDatabase { database: options.database.clone(), user: options.user.clone(), source }
}

/// Names in Chinese fit no other encoding that is common.
async fn check_encoding(options: &Options, client: &ClientWrapper) -> Result<()> {
    let operation = "read its encoding";
    let asked = timeout(options.read_timeout, client.query_one("SHOW server_encoding", &[]));
    let row = asked
        .await
        .map_err(|_| Error::TimedOut { operation })?
        .map_err(|error| refused(operation, &options.to_string(), error))?;
    match row.try_get::<_, &str>(0) {
        Ok("UTF8") => Ok(()),
        Ok(other) => {
            let source = format!("the database has the encoding {other} and needs UTF8").into();
            Err(Error::Open { store: options.to_string(), source })
        }
        Err(error) => Err(refused(operation, &options.to_string(), error)),
    }
}

/// Asks whether TLS is spoken, which every PostgreSQL server answers with one letter. Whoever does not answer at all may
/// be one that is starting.
async fn speaks_postgres(options: &Options) -> bool {
    const QUESTION: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
    if options.host.starts_with('/') {
        return true;
    }
    let ask = async {
        let mut stream = TcpStream::connect((options.host.as_str(), options.port)).await?;
        stream.write_all(&QUESTION).await?;
        let mut answer = [0; 2];
        let length = stream.read(&mut answer).await?;
        std::io::Result::Ok((length, answer[0]))
    };
    let limit = options.connect_timeout.min(Duration::from_secs(2));
    match timeout(limit, ask).await {
        Ok(Ok((0, _)) | Err(_)) | Err(_) => true,
        Ok(Ok((length, letter))) => length == 1 && matches!(letter, b'S' | b'N'),
    }
}
