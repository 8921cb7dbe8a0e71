//! Reads the server's answers. They are taken as frames, because the driver's own values check every payload for UTF-8.

use bytes::Bytes;
use fred::types::Resp3Frame as Frame;

use super::fault::{refused, unexpected};
use crate::{Error, Refusal, Result};

/// The server's refusal, when the answer is one.
pub(super) fn refusal(frame: &Frame) -> Option<String> {
    match frame {
        Frame::SimpleError { data, .. } => Some(data.to_string()),
        Frame::BlobError { data, .. } => Some(String::from_utf8_lossy(data).into_owned()),
        _ => None,
    }
}

fn accept(frame: Frame) -> Result<Frame> {
    match refusal(&frame) {
        Some(text) => Err(refused(text)),
        None => Ok(frame),
    }
}

/// Any answer that is no refusal.
pub(super) fn done(frame: Frame) -> Result<()> {
    accept(frame).map(drop)
}

/// A value, or none.
pub(super) fn value(frame: Frame) -> Result<Option<Bytes>> {
    match accept(frame)? {
        Frame::Null => Ok(None),
        frame => text(frame).map(Some),
    }
}

/// A value among many, where a key that holds something else than text holds no value of ours: `MGET` says so too.
pub(super) fn value_of_many(frame: Frame) -> Result<Option<Bytes>> {
    match value(frame) {
        Err(Error::Refused { why: Refusal::WrongType, .. }) => Ok(None),
        answer => answer,
    }
}

pub(super) fn text(frame: Frame) -> Result<Bytes> {
    match accept(frame)? {
        Frame::BlobString { data, .. } | Frame::SimpleString { data, .. } => Ok(data),
        Frame::VerbatimString { data, .. } => Ok(data),
        _ => unexpected("text"),
    }
}

pub(super) fn number(frame: Frame) -> Result<i64> {
    match accept(frame)? {
        Frame::Number { data, .. } => Ok(data),
        _ => unexpected("number"),
    }
}

pub(super) fn list(frame: Frame) -> Result<Vec<Frame>> {
    match accept(frame)? {
        Frame::Array { data, .. } => Ok(data),
        Frame::Null => Ok(Vec::new()),
        _ => unexpected("list"),
    }
}

/// A number written as text, as scripts return what must not pass through a floating-point number.
pub(super) fn decimal(frame: Frame) -> Result<u64> {
    let digits = text(frame)?;
    std::str::from_utf8(&digits)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .map_or_else(|| unexpected("number"), Ok)
}
