//! Where market data is kept.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `STORAGE_URL` | `DATABASE_URL`, else `CLICKHOUSE_HOST`, else `sqlite://data/stockpile.db` | address of the store |
//! | `DATABASE_URL` | none | another name for `STORAGE_URL` |
//! | `CLICKHOUSE_HOST` | none | names a ClickHouse server without an address |
//! | `CLICKHOUSE_HTTP_PORT` | 8123 | its HTTP port |
//! | `CLICKHOUSE_PORT` | none | its native port; accepted and unused |
//! | `CLICKHOUSE_USER` | `clickhouse` | used when the address has no user |
//! | `CLICKHOUSE_PASSWORD` | none | used when the address has no password |
//! | `CLICKHOUSE_DATABASE` | `stock_data` | used when the address has no database |
//! | `CLICKHOUSE_CLUSTER` | none | cluster whose hosts get the tables, when the address has no `cluster` |
//!
//! Two variables that name different stores are a mistake.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use crate::{
    Origin,
    address::{self, Address, authority},
    reader::{Named, Place, Reader},
    secrets::MASK,
};

const CLICKHOUSE_HTTP_PORT: u16 = 8123;
const CLICKHOUSE_HTTPS_PORT: u16 = 8443;
const CLICKHOUSE_NATIVE_PORT: u16 = 9000;
const POSTGRES_PORT: u16 = 5432;
const DATABASE: &str = "stock_data";

/// A store of market data. Neither `Debug` nor `Display` shows its user or password.
#[derive(Clone)]
pub enum StorageUrl {
    /// A file on this machine: `sqlite://data/stockpile.db`, with three slashes for an absolute path.
    Sqlite {
        /// The file, taken as it stands after `sqlite://`.
        path: PathBuf,
    },
    /// A ClickHouse server: `clickhouse://user:password@host:8123/stock_data`, with `?secure=true` for TLS,
    /// `?ca=/path/ca.pem` for an authority other than the system's and `?cluster=name` for replicated tables.
    ClickHouse(DatabaseServer),
    /// A PostgreSQL server: `postgres://user:password@host:5432/stock_data`, with `?sslmode=require` for TLS and
    /// `?sslrootcert=/path/ca.pem` for an authority other than the system's.
    Postgres(DatabaseServer),
}

/// A database on a server. `Debug` shows neither user nor password.
#[derive(Clone)]
#[non_exhaustive]
pub struct DatabaseServer {
    /// Host name or address.
    pub host: String,
    /// Port; of the HTTP interface with ClickHouse.
    pub port: u16,
    /// User.
    pub user: String,
    /// Password of the user.
    pub password: Option<SecretString>,
    /// Database.
    pub database: String,
    /// Whether to speak TLS. The server's certificate is verified.
    pub tls: bool,
    /// File with the certificates, as PEM, of the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Cluster of the server, with ClickHouse: tables are replicated over its hosts.
    pub cluster: Option<String>,
}

impl fmt::Debug for DatabaseServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseServer({MASK}@{}/{})", authority(&self.host, self.port), self.database)
    }
}

impl Default for StorageUrl {
    fn default() -> Self {
        Self::Sqlite { path: "data/stockpile.db".into() }
    }
}

impl StorageUrl {
    /// The folder for what belongs to the store and is not in it, such as lists of refused rows: a file's own, and for a
    /// store on a server the one an embedded store would be in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        match self {
            Self::Sqlite { path } => path.parent().unwrap_or(Path::new(".")),
            Self::ClickHouse(_) | Self::Postgres(_) => Path::new("data"),
        }
    }

    fn scheme(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::ClickHouse(_) => "clickhouse",
            Self::Postgres(_) => "postgres",
        }
    }
}

impl Place for StorageUrl {
    fn place(&self) -> String {
        let scheme = self.scheme();
        match self {
            Self::Sqlite { path } => format!("{scheme}://{}", path.display()),
            Self::ClickHouse(server) | Self::Postgres(server) => {
                format!("{scheme}://{}/{}", address::place(&server.host, server.port), server.database)
            }
        }
    }
}

impl fmt::Display for StorageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme();
        match self {
            Self::Sqlite { path } => write!(f, "{scheme}://{}", path.display()),
            Self::ClickHouse(server) | Self::Postgres(server) => {
                write!(f, "{scheme}://{MASK}@{}/{}", authority(&server.host, server.port), server.database)
            }
        }
    }
}

impl fmt::Debug for StorageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StorageUrl({self})")
    }
}

/// What the `CLICKHOUSE_` variables say, for whatever an address leaves out.
struct ClickHouse {
    port: Option<u16>,
    user: String,
    password: Option<SecretString>,
    database: String,
    cluster: Option<String>,
}

pub(crate) fn read(reader: &mut Reader<'_>) -> StorageUrl {
    // Noted first, so that the rows keep the order of the file.
    reader.show("STORAGE_URL", String::new(), Origin::Default);
    reader.show("DATABASE_URL", String::new(), Origin::Default);
    let host = reader.optional("CLICKHOUSE_HOST", String::clone, address::host);
    let clickhouse = ClickHouse::read(reader);

    let mut named = Vec::new();
    for variable in ["STORAGE_URL", "DATABASE_URL"] {
        named.extend(reader.optional(variable, StorageUrl::to_string, |text| parse(text, &clickhouse)));
    }
    named.extend(host.map(|host| Named {
        variable: host.variable,
        origin: host.origin,
        value: clickhouse.at(host.value),
    }));
    let (url, origin) = match reader.agreed(named) {
        Some(given) => (given.value, given.origin),
        None => (StorageUrl::default(), Origin::Default),
    };
    if matches!(&url, StorageUrl::ClickHouse(server) if server.port == CLICKHOUSE_NATIVE_PORT) {
        reader.warn(
            "ClickHouse is asked over HTTP, and port 9000 is usually its native protocol; HTTP is on 8123",
        );
    }
    reader.show("STORAGE_URL", url.to_string(), origin);
    url
}

impl ClickHouse {
    fn read(reader: &mut Reader<'_>) -> Self {
        let show = u16::to_string;
        let port = reader.optional("CLICKHOUSE_HTTP_PORT", show, parse_port).map(|given| given.value);
        reader.show_default("CLICKHOUSE_HTTP_PORT", CLICKHOUSE_HTTP_PORT.to_string());
        if reader.optional("CLICKHOUSE_PORT", show, parse_port).is_some() {
            reader.warn(
                "CLICKHOUSE_PORT is set but unused: ClickHouse is asked over HTTP, on CLICKHOUSE_HTTP_PORT (8123)",
            );
        }
        let user = reader.value("CLICKHOUSE_USER", "clickhouse".to_owned(), String::clone, parse_name);
        let password = reader.secret("CLICKHOUSE_PASSWORD");
        let database = reader.value("CLICKHOUSE_DATABASE", DATABASE.to_owned(), String::clone, parse_name);
        let cluster =
            reader.optional("CLICKHOUSE_CLUSTER", String::clone, parse_name).map(|given| given.value);
        Self { port, user, password, database, cluster }
    }

    fn at(&self, host: String) -> StorageUrl {
        StorageUrl::ClickHouse(DatabaseServer {
            host,
            port: self.port.unwrap_or(CLICKHOUSE_HTTP_PORT),
            user: self.user.clone(),
            password: self.password.clone(),
            database: self.database.clone(),
            tls: false,
            ca_file: None,
            cluster: self.cluster.clone(),
        })
    }
}

fn parse(text: &str, clickhouse: &ClickHouse) -> Result<StorageUrl, String> {
    match text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase()).as_deref() {
        Some("sqlite") => parse_sqlite(text),
        Some("clickhouse") => parse_clickhouse(text, clickhouse),
        Some("postgres" | "postgresql") => parse_postgres(text),
        _ => Err("write an address that starts with sqlite://, clickhouse:// or postgres://".to_owned()),
    }
}

fn parse_sqlite(text: &str) -> Result<StorageUrl, String> {
    let path = text.split_once("://").map_or("", |(_, path)| path);
    let odd = path.is_empty() || path.ends_with('/') || path.contains(['?', '#']) || path.starts_with(':');
    if odd || path.chars().any(char::is_control) {
        return Err("write the path of a file after sqlite://, such as sqlite://data/stockpile.db".to_owned());
    }
    Ok(StorageUrl::Sqlite { path: path.into() })
}

fn parse_clickhouse(text: &str, given: &ClickHouse) -> Result<StorageUrl, String> {
    let mut address = Address::parse(text)?;
    let tls = match address.take("secure").as_deref() {
        None | Some("false" | "0") => false,
        Some("true" | "1") => true,
        Some(_) => return Err("write secure=true or secure=false".to_owned()),
    };
    let ca_file = take_ca_file(&mut address, "ca", tls, "secure=true")?;
    let cluster = address.take("cluster").map(|name| parse_name(&name)).transpose()?;
    address.ensure_all_taken()?;
    let default_port = if tls { CLICKHOUSE_HTTPS_PORT } else { given.port.unwrap_or(CLICKHOUSE_HTTP_PORT) };
    Ok(StorageUrl::ClickHouse(DatabaseServer {
        port: address.port.unwrap_or(default_port),
        user: address.user.unwrap_or_else(|| given.user.clone()),
        password: address.password.or_else(|| given.password.clone()),
        database: if address.path.is_empty() { given.database.clone() } else { parse_name(&address.path)? },
        host: address.host,
        tls,
        ca_file,
        cluster: cluster.or_else(|| given.cluster.clone()),
    }))
}

fn parse_postgres(text: &str) -> Result<StorageUrl, String> {
    let mut address = Address::parse(text)?;
    let tls = match address.take("sslmode").as_deref() {
        None | Some("disable") => false,
        // Ours verifies whatever it is called.
        Some("require" | "verify-full") => true,
        Some(_) => return Err("write sslmode=require, sslmode=verify-full or sslmode=disable".to_owned()),
    };
    let ca_file = take_ca_file(&mut address, "sslrootcert", tls, "sslmode=require")?;
    address.ensure_all_taken()?;
    Ok(StorageUrl::Postgres(DatabaseServer {
        port: address.port.unwrap_or(POSTGRES_PORT),
        user: address.user.unwrap_or_else(|| "postgres".to_owned()),
        password: address.password,
        database: if address.path.is_empty() { DATABASE.to_owned() } else { parse_name(&address.path)? },
        host: address.host,
        tls,
        ca_file,
        cluster: None,
    }))
}

/// Takes the path of a file with authorities, which means nothing without TLS.
fn take_ca_file(
    address: &mut Address,
    name: &str,
    tls: bool,
    advice: &str,
) -> Result<Option<PathBuf>, String> {
    match address.take(name) {
        Some(path) if path.is_empty() => Err(format!("write the path of a file after {name}=")),
        Some(_) if !tls => Err(format!("has {name} without TLS: add {advice}")),
        path => Ok(path.map(PathBuf::from)),
    }
}

/// Reads a port other than 0.
pub(crate) fn parse_port(text: &str) -> Result<u16, String> {
    let port = text.parse().ok().filter(|port| *port != 0);
    port.ok_or_else(|| "write a port, a whole number from 1 to 65535".to_owned())
}

/// Reads a name that needs no quotes in SQL but for hyphens.
fn parse_name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=63).contains(&text.len()) && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("write user, database and cluster as letters, digits, _ and -, at most 63".to_owned())
    }
}
