//! What an address such as `redis://name:password@host:6379/1` says.

use std::{fmt, path::PathBuf, time::Duration};

use percent_encoding::percent_decode_str;
use url::Url;

use crate::{Error, Result};

/// Where servers are, who asks, and what else the address set.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(super) scheme: String,
    pub(super) layout: Layout,
    pub(super) tls: bool,
    pub(super) hosts: Vec<(String, u16)>,
    pub(super) login: Login,
    pub(super) database: u8,
    pub(super) ca: Option<PathBuf>,
    pub(super) clients: Option<usize>,
    pub(super) connect_timeout: Option<Duration>,
    pub(crate) namespace: Option<String>,
}

/// How the servers stand to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Single,
    Cluster,
    Sentinel { service: String, login: Login },
}

/// A name and a password, either of which may be missing.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) name: Option<String>,
    pub(super) password: Option<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.as_ref().map(|_| "…");
        f.debug_struct("Login").field("name", &self.name).field("password", &password).finish()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address")
            .field("scheme", &self.scheme)
            .field("hosts", &self.hosts)
            .field("layout", &self.layout)
            .field("login", &self.login)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

/// The address without who asks and without its parameters.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme)?;
        for (at, (host, port)) in self.hosts.iter().enumerate() {
            write!(f, "{}{host}:{port}", if at == 0 { "" } else { "," })?;
        }
        write!(f, "/{}", self.database)
    }
}

const SCHEMES: &str = "is none of redis, rediss, redis-sentinel, rediss-sentinel, redis-cluster, rediss-cluster, \
                       or the same with valkey for redis";

/// Returns true when `scheme` belongs to this backend.
pub(crate) fn knows(scheme: &str) -> bool {
    read_scheme(scheme).is_some()
}

/// Whether it is encrypted, and the layout's name.
fn read_scheme(scheme: &str) -> Option<(bool, &str)> {
    let rest = scheme.strip_prefix("redis").or_else(|| scheme.strip_prefix("valkey"))?;
    let (tls, layout) = rest.strip_prefix('s').map_or((false, rest), |layout| (true, layout));
    matches!(layout, "" | "-sentinel" | "-cluster").then_some((tls, layout))
}

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let Some((scheme, rest)) = text.split_once("://") else {
            // Without a scheme the whole text might be a secret.
            return Err(Error::Address { scheme: String::new(), hint: SCHEMES });
        };
        let wrong = |hint| Error::Address { scheme: scheme.to_owned(), hint };
        let (tls, layout) = read_scheme(scheme).ok_or_else(|| wrong(SCHEMES))?;
        let (first, others) = split_hosts(rest);
        let url = Url::parse(&format!("{scheme}://{first}"))
            .map_err(|_| wrong("cannot be read; write `redis://name:password@host:6379/1`"))?;

        let default_port = if layout == "-sentinel" { 26_379 } else { 6379 };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("names no host"))?;
        let mut hosts = vec![(host.to_owned(), url.port().unwrap_or(default_port))];
        for other in others.split(',').filter(|other| !other.is_empty()) {
            hosts.push(read_host(other, default_port).ok_or_else(|| wrong("has a host that is none"))?);
        }
        let decode = |text: &str| {
            let text =
                percent_decode_str(text).decode_utf8().map_err(|_| wrong("is no UTF-8 when decoded"))?;
            Ok::<_, Error>((!text.is_empty()).then(|| text.into_owned()))
        };
        let login =
            Login { name: decode(url.username())?, password: decode(url.password().unwrap_or_default())? };
        let database = match url.path().trim_matches('/') {
            "" => 0,
            number => {
                number.parse().map_err(|_| wrong("has a path that is no database number of 0 to 255"))?
            }
        };

        let mut address = Self {
            scheme: scheme.to_owned(),
            layout: Layout::Single,
            tls,
            hosts,
            login,
            database,
            ca: None,
            clients: None,
            connect_timeout: None,
            namespace: None,
        };
        let (mut service, mut sentinel) = (None, Login::default());
        for (name, value) in url.query_pairs() {
            let value = value.into_owned();
            match &*name {
                "namespace" => address.namespace = Some(value),
                "clients" => {
                    let clients = value.parse().map_err(|_| wrong("has `clients` that is no number"))?;
                    address.clients = Some(clients);
                }
                "connect_timeout" => {
                    let millis =
                        value.parse().map_err(|_| wrong("has `connect_timeout` that is no number"))?;
                    address.connect_timeout = Some(Duration::from_millis(millis));
                }
                "ca" if tls => address.ca = Some(value.into()),
                "node" if !layout.is_empty() => {
                    let node = read_host(&value, default_port);
                    address.hosts.push(node.ok_or_else(|| wrong("has a `node` that is no `host:port`"))?);
                }
                "service" | "sentinelServiceName" if layout == "-sentinel" => service = Some(value),
                "sentinelUsername" if layout == "-sentinel" => sentinel.name = Some(value),
                "sentinelPassword" if layout == "-sentinel" => sentinel.password = Some(value),
                _ => return Err(wrong("has an unknown parameter after `?`")),
            }
        }
        address.layout = match layout {
            "-cluster" if database != 0 => return Err(wrong("has a database number; a cluster has only 0")),
            "-cluster" => Layout::Cluster,
            "-sentinel" => {
                let service =
                    service.ok_or_else(|| wrong("needs `?service=` and the name Sentinel watches"))?;
                Layout::Sentinel { service, login: sentinel }
            }
            _ if address.hosts.len() > 1 => {
                return Err(wrong("names several hosts; that is for `redis-cluster` and `redis-sentinel`"));
            }
            _ => Layout::Single,
        };
        Ok(address)
    }
}

/// Takes `b,c` out of `name:password@a,b,c/1?x=y`, because the URL grammar knows one host.
fn split_hosts(rest: &str) -> (String, &str) {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let start = rest[..end].rfind('@').map_or(0, |at| at + 1);
    match rest[start..end].split_once(',') {
        Some((first, others)) => (format!("{}{first}{}", &rest[..start], &rest[end..]), others),
        None => (rest.to_owned(), ""),
    }
}

fn read_host(text: &str, default_port: u16) -> Option<(String, u16)> {
    let (host, port) = match text.rsplit_once(':') {
        // The colons of `[::1]` stand inside of the brackets.
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (text, default_port),
    };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(text: &str) -> &'static str {
        match Address::parse(text) {
            Err(Error::Address { hint, .. }) => hint,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn every_part_of_an_address_is_read() {
        let address = Address::parse(
            "rediss://ann:p%40ss@cache.example:7000/3?namespace=stock:&clients=2&ca=/ca.pem&connect_timeout=5000",
        );
        let address = address.unwrap();
        assert_eq!(address.hosts, [("cache.example".to_owned(), 7000)]);
        assert_eq!(
            (address.login.name.as_deref(), address.login.password.as_deref()),
            (Some("ann"), Some("p@ss"))
        );
        assert_eq!((address.database, address.tls, address.clients), (3, true, Some(2)));
        assert_eq!(address.connect_timeout, Some(Duration::from_secs(5)));
        assert_eq!(address.namespace.as_deref(), Some("stock:"));
        assert_eq!(address.ca, Some("/ca.pem".into()));
    }

    #[test]
    fn what_is_absent_has_its_default() {
        let address = Address::parse("redis://127.0.0.1").unwrap();
        assert_eq!(address.hosts, [("127.0.0.1".to_owned(), 6379)]);
        assert_eq!((address.database, address.tls, address.layout), (0, false, Layout::Single));
        assert_eq!(address.login, Login::default());
        assert_eq!(Address::parse("valkey://:secret@[::1]:7/").unwrap().hosts, [("[::1]".to_owned(), 7)]);
    }

    #[test]
    fn several_hosts_may_be_named_in_two_ways() {
        let expected = ["a", "b", "c"].map(|host| (host.to_owned(), 26_379));
        let listed = Address::parse("redis-sentinel://:p@a,b,c/1?service=main&sentinelPassword=q").unwrap();
        let nodes =
            Address::parse("valkeys-sentinel://a?node=b&node=c:26379&sentinelServiceName=main").unwrap();
        assert_eq!((&listed.hosts[..], &nodes.hosts[..]), (&expected[..], &expected[..]));
        let login = Login { name: None, password: Some("q".to_owned()) };
        assert_eq!(listed.layout, Layout::Sentinel { service: "main".to_owned(), login });
        assert_eq!(Address::parse("redis-cluster://a:1,b:2").unwrap().layout, Layout::Cluster);
    }

    #[test]
    fn mistakes_are_told_without_the_address() {
        for (text, expected) in [
            ("secret", "is none of"),
            ("http://host", "is none of"),
            ("redis+unix://host", "is none of"),
            ("redis://", "host"),
            ("redis://host/one", "database"),
            ("redis://host/256", "database"),
            ("redis://a,b", "several hosts"),
            ("redis-cluster://host/1", "only 0"),
            ("redis-sentinel://host", "service"),
            ("redis://host?ca=/x", "unknown parameter"),
            ("redis://host?clients=many", "clients"),
            ("redis://host?connect_timeout=5s", "connect_timeout"),
        ] {
            assert!(hint(text).contains(expected), "{text}: {}", hint(text));
        }
    }

    #[test]
    fn password_is_never_shown() {
        let address = "redis-sentinel://ann:hunter2@host?service=s&sentinelPassword=hunter2";
        assert!(!format!("{:?}", Address::parse(address).unwrap()).contains("hunter2"));
        for text in
            ["redis://ann:hunter2@host/x", "hunter2", "redis://:hunter2@", "redis://hunter2:99999999/"]
        {
            let error = Address::parse(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}: {error:?}");
        }
    }
}
