//! HTTP to the sources: bounded in time and size, and what went wrong by what can be done about it.

use std::{error::Error as StdError, fmt, time::Duration};

use reqwest::{Client, RequestBuilder, Response, Url, header::HeaderMap, redirect};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{Error, Result};

/// Bytes an answer may have; the largest known is a few megabytes.
const BODY_LIMIT: usize = 64 * 1024 * 1024;
/// Characters of an answer that a message shows.
const SHOWN_CHARS: usize = 120;

/// How long a source is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until it takes the connection.
    pub connect: Duration,
    /// While it sends nothing.
    pub silence: Duration,
    /// Until its answer is complete.
    pub whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            whole: Duration::from_secs(120),
        }
    }
}

/// A source over HTTP.
#[derive(Clone)]
pub(crate) struct Web {
    client: Client,
    /// Its name, for messages.
    service: &'static str,
    /// What no message shows, although an answer may quote it.
    secret: Option<SecretString>,
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Web").field("service", &self.service).finish_non_exhaustive()
    }
}

/// What a source answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    secret: Option<SecretString>,
}

impl Web {
    /// Nothing is asked yet.
    pub(crate) fn new(service: &'static str, address: &Url, patience: Patience) -> Result<Self> {
        let mut builder = Client::builder()
            .user_agent(concat!("stockpile/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(patience.connect)
            .read_timeout(patience.silence)
            .timeout(patience.whole)
            // A redirect would carry a token or key to somebody else.
            .redirect(redirect::Policy::none());
        if is_loopback(address) {
            builder = builder.no_proxy();
        }
        let tls = tls(service, address.scheme() == "https")?;
        let client =
            builder.tls_backend_preconfigured(tls).build().map_err(|source| setup(service, source))?;
        Ok(Self { client, service, secret: None })
    }

    /// Keeps a secret out of every message.
    pub(crate) fn hiding(self, secret: Option<SecretString>) -> Self {
        Self { secret: secret.filter(|secret| !secret.expose_secret().is_empty()), ..self }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a request and reads its answer to the end, whatever its status.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Reply> {
        let response = request.send().await.map_err(|error| self.failed(error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = self.body(response).await?;
        Ok(Reply { status, headers, body, secret: self.secret.clone() })
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| self.failed(error))? {
            if body.len() + part.len() > BODY_LIMIT {
                return Err(self.strange("", format!("longer than {BODY_LIMIT} bytes")));
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }

    fn failed(&self, error: reqwest::Error) -> Error {
        let service = self.service;
        // The address may be somebody's own; the service says which one it was.
        let error = error.without_url();
        if error.is_timeout() {
            Error::TimedOut { service, source: error.into() }
        } else {
            Error::Unreachable { service, source: error.into() }
        }
    }

    /// An answer that is none of the source's.
    pub(crate) fn strange(&self, asked: &str, reason: impl Into<String>) -> Error {
        Error::Answer { service: self.service, asked: asked.to_owned(), reason: reason.into() }
    }
}

impl Reply {
    #[cfg(test)]
    pub(crate) fn told(status: u16, body: &str, secret: Option<&str>) -> Self {
        let secret = secret.map(|secret| secret.to_owned().into());
        Self { status, headers: HeaderMap::new(), body: body.into(), secret }
    }

    /// The answer's start, for a message: on one line.
    pub(crate) fn shown(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        // Before the text is cut, lest a part of it stays.
        let text = match &self.secret {
            Some(secret) => text.replace(secret.expose_secret(), "***").into(),
            None => text,
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut shown: String = words.join(" ").chars().take(SHOWN_CHARS).collect();
        if shown.chars().count() == SHOWN_CHARS {
            shown.push('…');
        }
        shown
    }

    /// Whole seconds that the source wants to be left alone for.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

/// Reads the address of a source.
pub(crate) fn address(service: &'static str, text: &str) -> Result<Url> {
    Url::parse(text).map_err(|source| setup(service, source))
}

fn is_loopback(address: &Url) -> bool {
    match address.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

/// TLS with the machine's own root certificates; where no TLS is spoken they are not read.
fn tls(service: &'static str, is_spoken: bool) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    if is_spoken {
        let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if added == 0 {
            return Err(setup(service, "this machine has no root certificates; install `ca-certificates`"));
        }
    }
    Ok(ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|source| setup(service, source))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn setup(service: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
    Error::Connection { service, source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_secret_is_shown_wherever_the_text_is_cut() {
        let secret = "7b1c0e9f5a8d4c26a3e1";
        for before in 0..SHOWN_CHARS + 5 {
            let body = format!("{} key={secret} and more {}", "x".repeat(before), "y".repeat(SHOWN_CHARS));
            let shown = Reply::told(200, &body, Some(secret)).shown();
            assert!(!shown.contains("7b1c"), "{shown}");
        }
    }
}
