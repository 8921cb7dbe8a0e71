//! Addresses of Redis and Valkey, as the cache reads them.

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    address::{self, Address, authority},
    secrets::{self, MASK},
    storage::parse_port,
};

pub(super) const REDIS_PORT: u16 = 6379;
pub(super) const REDIS_DB: u8 = 1;
const SENTINEL_PORT: u16 = 26_379;
/// Where a Redis or Valkey is, and who asks. Neither `Debug` nor `Display` shows a user or password.
///
/// | address | servers |
/// |---|---|
/// | `redis://user:password@host:6379/1`, `rediss://` for TLS | one; no number means database 1 |
/// | `redis-sentinel://a:26379,b,c/1?service=main`, `rediss-sentinel://` | the primary that Sentinel names |
/// | `redis-cluster://a:6379,b`, `rediss-cluster://` | a cluster, which has no numbers |
///
/// `valkey` may stand for `redis`. Parameters: `service` and, for the Sentinels' own login, `sentinelUsername` and
/// `sentinelPassword`; `node=host:port` for one more server; `clients`; `ca` where it is encrypted.
#[derive(Clone)]
#[non_exhaustive]
pub struct RedisUrl {
    /// As it was written, in small letters.
    pub scheme: String,
    /// Hosts and ports, at least one.
    pub hosts: Vec<(String, u16)>,
    /// User of the access list, or `None` for the default one.
    pub user: Option<String>,
    /// Password of the user.
    pub password: Option<SecretString>,
    /// Number of the database; a cluster has none.
    pub db: Option<u8>,
    /// Password for the Sentinels themselves.
    pub sentinel_password: Option<SecretString>,
    /// What else follows the `?`, by name.
    pub parameters: Vec<(String, String)>,
}

/// What the `REDIS_` variables say, for whatever an address leaves out.
pub(super) struct Given {
    pub(super) port: u16,
    pub(super) password: Option<SecretString>,
    pub(super) db: u8,
}

/// How the servers stand to each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Single,
    Sentinel,
    Cluster,
}

impl RedisUrl {
    pub(super) fn of_host(host: String, given: &Given) -> Self {
        Self {
            scheme: "redis".to_owned(),
            hosts: vec![(host, given.port)],
            user: None,
            password: given.password.clone(),
            db: Some(given.db),
            sentinel_password: None,
            parameters: Vec::new(),
        }
    }

    pub(super) fn parse(text: &str, given: &Given) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let scheme = scheme.to_ascii_lowercase();
        let Some((is_encrypted, layout)) = read_scheme(&scheme) else {
            return Err("write redis://host:port/number, rediss:// for TLS, redis-sentinel:// or redis-cluster://, or \
                        the same with valkey; CACHE_URL also takes memory:// and none://"
                .to_owned());
        };
        let (first, others) = split_hosts(rest);
        let mut address = Address::parse(&format!("{scheme}://{first}"))?;
        let port = if layout == Layout::Sentinel { SENTINEL_PORT } else { given.port };
        let mut hosts = vec![(address.host.clone(), address.port.unwrap_or(port))];
        for other in others.split(',').filter(|other| !other.is_empty()) {
            hosts.push(read_host(other, port)?);
        }
        let mut parameters = Vec::new();
        while layout != Layout::Single
            && let Some(node) = address.take_one("node")
        {
            hosts.push(read_host(&node, port)?);
        }
        if layout == Layout::Single && hosts.len() > 1 {
            return Err("names several hosts: write redis-cluster:// or redis-sentinel://".to_owned());
        }
        let mut keep = |name: &str, value: Option<String>| {
            parameters.extend(value.map(|value| (name.to_owned(), value)));
        };
        keep("clients", address.take("clients"));
        let mut sentinel_password = None;
        if is_encrypted {
            keep("ca", address.take("ca"));
        }
        if layout == Layout::Sentinel {
            let service = address.take("service").or_else(|| address.take("sentinelServiceName"));
            keep("service", Some(service.ok_or("needs ?service= and the name Sentinel watches")?));
            keep("sentinelUsername", address.take("sentinelUsername"));
            sentinel_password = match address.take("sentinelPassword") {
                Some(password) => {
                    secrets::check(&password).map_err(|advice| format!("its sentinelPassword {advice}"))?;
                    Some(password.into())
                }
                None => None,
            };
        }
        address.ensure_all_taken()?;
        let password = address.password.or_else(|| given.password.clone());
        // `redis://secret@host` is a password in the wrong place, and a user is shown where a password is not.
        if address.user.is_some() && password.is_none() {
            return Err(
                "has a user and no password: write redis://:password@host or redis://user:password@host"
                    .to_owned(),
            );
        }
        let db = match (layout, address.path.as_str()) {
            (Layout::Cluster, "" | "0") => None,
            (Layout::Cluster, _) => return Err("has a number: a cluster has only database 0".to_owned()),
            (_, "") => Some(given.db),
            (_, number) => Some(parse_db(number)?),
        };
        Ok(Self { scheme, hosts, user: address.user, password, db, sentinel_password, parameters })
    }

    pub(super) fn to_secret_url(&self) -> SecretString {
        let user = encoded(self.user.as_deref().unwrap_or_default());
        let password = encoded(self.password.as_ref().map_or("", |password| password.expose_secret()));
        let credentials = match (user.as_str(), password.as_str()) {
            ("", "") => String::new(),
            _ => format!("{user}:{password}@"),
        };
        let sentinel = self.sentinel_password.as_ref().map(|password| encoded(password.expose_secret()));
        self.write(&credentials, sentinel.as_deref()).into()
    }

    /// What is the same for two addresses of one place.
    pub(super) fn place(&self) -> String {
        let hosts: Vec<_> = self.hosts.iter().map(|(host, port)| address::place(host, *port)).collect();
        let service =
            self.parameters.iter().find(|(name, _)| name == "service").map(|(_, value)| value.as_str());
        let db = self.db.map_or_else(|| "cluster".to_owned(), |db| db.to_string());
        format!(
            "redis://{}/{db}{}",
            hosts.join(","),
            service.map_or_else(String::new, |name| format!("?{name}"))
        )
    }

    fn write(&self, credentials: &str, sentinel_password: Option<&str>) -> String {
        let hosts: Vec<_> = self.hosts.iter().map(|(host, port)| authority(host, *port)).collect();
        let db = self.db.map_or_else(String::new, |db| format!("/{db}"));
        let mut text = format!("{}://{credentials}{}{db}", self.scheme, hosts.join(","));
        let parameters = self.parameters.iter().map(|(name, value)| (name.as_str(), encoded(value)));
        let sentinel = sentinel_password.map(|password| ("sentinelPassword", password.to_owned()));
        for (at, (name, value)) in parameters.chain(sentinel).enumerate() {
            text.push(if at == 0 { '?' } else { '&' });
            text.push_str(&format!("{name}={value}"));
        }
        text
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let credentials =
            if self.user.is_some() || self.password.is_some() { format!("{MASK}@") } else { String::new() };
        let mut shown = self.clone();
        for (name, value) in &mut shown.parameters {
            if name == "sentinelUsername" {
                value.clear();
            }
        }
        shown.parameters.retain(|(_, value)| !value.is_empty());
        f.write_str(&shown.write(&credentials, self.sentinel_password.as_ref().map(|_| MASK)))
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({self})")
    }
}

fn read_scheme(scheme: &str) -> Option<(bool, Layout)> {
    let rest = scheme.strip_prefix("redis").or_else(|| scheme.strip_prefix("valkey"))?;
    let (is_encrypted, rest) = rest.strip_prefix('s').map_or((false, rest), |rest| (true, rest));
    let layout = match rest {
        "" => Layout::Single,
        "-sentinel" => Layout::Sentinel,
        "-cluster" => Layout::Cluster,
        _ => return None,
    };
    Some((is_encrypted, layout))
}

/// Takes `b,c` out of `user:password@a,b,c/1?x=y`, because the grammar of addresses knows one host.
fn split_hosts(rest: &str) -> (String, &str) {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let start = rest[..end].rfind('@').map_or(0, |at| at + 1);
    match rest[start..end].split_once(',') {
        Some((first, others)) => (format!("{}{first}{}", &rest[..start], &rest[end..]), others),
        None => (rest.to_owned(), ""),
    }
}

fn read_host(text: &str, default_port: u16) -> Result<(String, u16), String> {
    let (name, port) = match text.rsplit_once(':') {
        // The colons of `[::1]` stand inside of the brackets.
        Some((name, port)) if !port.ends_with(']') => (name, parse_port(port)?),
        _ => (text, default_port),
    };
    Ok((address::host(name)?, port))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

pub(super) fn parse_db(text: &str) -> Result<u8, String> {
    // The driver counts no further.
    text.parse().map_err(|_| "write the number of a Redis database, 0 to 255, such as 1".to_owned())
}
