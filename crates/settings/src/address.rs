//! Addresses of stores: `scheme://user:password@host:port/path?query`.

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::{Host, Url};

use crate::secrets;

/// The parts of an address, decoded.
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<SecretString>,
    /// What follows the host, without the slash.
    pub(crate) path: String,
    query: Vec<(String, String)>,
}

impl Address {
    /// Splits an address with a host; the error says what to write and holds no part of the text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| {
            format!("{error}; write scheme://user:password@host:port/name, special characters of the password as %XX")
        })?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("has no host: write it after ://")?;
        if url.fragment().is_some() {
            return Err("has a #: write %23 for one in a password".to_owned());
        }
        let password = match url.password() {
            Some(password) => {
                let password = decoded(password)?;
                secrets::check(&password).map_err(|advice| format!("its password {advice}"))?;
                Some(password.into())
            }
            None => None,
        };
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port(),
            user: Some(decoded(url.username())?).filter(|user| !user.is_empty()),
            password,
            path: decoded(url.path().trim_start_matches('/'))?,
            query: url.query_pairs().into_owned().collect(),
        })
    }

    /// Takes the value of the query parameter `name` out; the last one counts.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let (taken, rest) = std::mem::take(&mut self.query).into_iter().partition(|(key, _)| key == name);
        self.query = rest;
        let taken: Vec<(String, String)> = taken;
        taken.into_iter().next_back().map(|(_, value)| value)
    }

    /// Takes the first value of a parameter that may come several times.
    pub(crate) fn take_one(&mut self, name: &str) -> Option<String> {
        let at = self.query.iter().position(|(key, _)| key == name)?;
        Some(self.query.remove(at).1)
    }

    /// Refuses parameters nobody took.
    pub(crate) fn ensure_all_taken(&self) -> Result<(), String> {
        if self.query.is_empty() {
            Ok(())
        } else {
            Err("has an unknown parameter after ?: remove it".to_owned())
        }
    }
}

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| "has %XX that is not UTF-8: write it again".to_owned())
}

/// Checks a bare host name or address; the error says what to write.
pub(crate) fn host(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let host = if bare.contains(':') { Host::parse(&format!("[{bare}]")) } else { Host::parse(bare) };
    match host {
        Ok(_) => Ok(bare.to_owned()),
        Err(_) => Err("write a host name or address alone, without scheme, port or user".to_owned()),
    }
}

/// `host:port` as it stands in an address; `localhost` and its numbers are one place.
pub(crate) fn place(host: &str, port: u16) -> String {
    let host = host.to_lowercase();
    match host.as_str() {
        "127.0.0.1" | "::1" => format!("localhost:{port}"),
        _ => authority(&host, port),
    }
}

/// `host:port`, an IPv6 address in brackets.
pub(crate) fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn parts_are_decoded() {
        let address = Address::parse("redis://us%40er:p%2F%23w@[::1]:6380/2").unwrap();
        assert_eq!((address.host.as_str(), address.port), ("::1", Some(6380)));
        assert_eq!(address.user.as_deref(), Some("us@er"));
        assert_eq!(address.password.unwrap().expose_secret(), "p/#w");
        assert_eq!(address.path, "2");
    }

    #[test]
    fn an_error_holds_no_part_of_the_address() {
        for text in [
            "redis://:hunter7@",
            "redis://:hunter7@host:port",
            "redis://h/#hunter7",
            "hunter7",
            "redis://h%zz/%ff",
        ] {
            let Err(message) = Address::parse(text) else { continue };
            assert!(!message.contains("hunter7"), "{message}");
        }
    }

    #[test]
    fn a_bare_host_is_a_name_or_an_address() {
        for text in ["redis", "db-1.example.org", "10.0.0.7", "::1", "[fe80::1]"] {
            assert!(host(text).is_ok(), "{text}");
        }
        for text in ["localhost:6379", "http://db", "user@db", "a b", "db/x", "[::1"] {
            assert!(host(text).is_err(), "{text}");
        }
    }
}
