//! What the driver or the server reported, as this crate's errors.

use std::time::Duration;

use fred::error::{Error as Fault, ErrorKind};

use crate::{Error, Refusal, Result};

pub(super) const NAME: &str = "redis";

/// A server's refusal, in its words, which hold no values and no passwords.
pub(super) fn refused(text: impl Into<String>) -> Error {
    let text = text.into();
    Error::Refused { backend: NAME, why: Refusal::of_reply(&text), source: text.into() }
}

pub(super) fn unreachable(text: impl Into<String>) -> Error {
    Error::Unreachable { backend: NAME, source: text.into().into() }
}

pub(super) const fn timed_out(after: Duration) -> Error {
    Error::TimedOut { backend: NAME, after }
}

/// Sorts what the driver reported. Errors of servers start with a word in capitals, such as `READONLY`.
pub(super) fn sort(fault: &Fault, timeout: Duration) -> Error {
    match fault.kind() {
        ErrorKind::Timeout => timed_out(timeout),
        ErrorKind::Auth
        | ErrorKind::Config
        | ErrorKind::InvalidArgument
        | ErrorKind::InvalidCommand
        | ErrorKind::Parse
        | ErrorKind::Protocol
        | ErrorKind::Url => refused(fault.to_string()),
        _ if is_reply(fault.details()) => refused(fault.details()),
        _ => unreachable(fault.to_string()),
    }
}

/// Words of servers that answer, and serve nobody.
const OUT_OF_REACH: [&str; 3] = ["CLUSTERDOWN", "LOADING", "MASTERDOWN"];

/// Returns true for text such as `READONLY You can't write against a read only replica.` A server that serves nobody
/// is out of reach, whoever says so.
pub(super) fn is_reply(text: &str) -> bool {
    let word = text.split(' ').next().unwrap_or_default();
    word.len() >= 3 && word.bytes().all(|byte| byte.is_ascii_uppercase()) && !OUT_OF_REACH.contains(&word)
}

/// A mistake in the settings that the driver found.
#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
pub(super) fn setting(fault: Fault) -> Error {
    refused(fault.to_string())
}

pub(super) fn unexpected<T>(what: &'static str) -> Result<T> {
    Err(refused(format!("the answer is no {what}")))
}
