//! Reading an answer off a connection.

use anyhow::{Context as _, Result, ensure};
use memchr::memmem;

/// The first lines of an answer, and where its body lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Bytes until the body.
    pub(crate) length: usize,
    pub(crate) body: usize,
}

/// Reads the head of an HTTP/1.1 answer; `None` while it is not complete.
pub(crate) fn head(bytes: &[u8]) -> Result<Option<Head>> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..end]).context("a head that is no text")?;
    let mut lines = text.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.with_context(|| format!("not an answer: {first}"))?;
    let mut body = None;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            body = Some(value.trim().parse().context("not a length")?);
        }
    }
    let body = body.or_else(|| (status == 304).then_some(0));
    ensure!(body.is_some(), "an answer without a length: {text}");
    Ok(Some(Head { status, length: end + 4, body: body.unwrap_or_default() }))
}

/// A whole answer, for comparing and for serving it again.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(head: Head, bytes: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(&bytes[..head.length - 4])?;
        let headers = text.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        Ok(Self {
            status: head.status,
            headers: headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect(),
            body: bytes[head.length..head.length + head.body].to_vec(),
        })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
